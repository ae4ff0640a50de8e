package io.ovenet.bpf;

/** How tc programs are attached. */
public enum AttachMode {
  /** Links of their own (kernel 6.6 and later), which pins hold. */
  TCX,
  /** Filters of a clsact qdisc, which the device holds. */
  CLSACT;

  /** Forces a mode: {@code tcx} or {@code clsact}. */
  public static final String PROPERTY = "ovenet.attach";

  /** What the property says, else tcx where the kernel has it (tried once), else clsact. */
  public static AttachMode select() {
    String forced = System.getProperty(PROPERTY, "");
    return switch (forced) {
      case "tcx" -> TCX;
      case "clsact" -> CLSACT;
      case "" -> Probed.MODE;
      default ->
          throw new IllegalArgumentException(
              PROPERTY + " is tcx, clsact or not set, not '" + forced + "'");
    };
  }

  /**
   * What a device that is waited for begins with: clsact, unless the property forces a mode. The
   * kernel (6.18 and before) waits for an RCU grace period at each new tcx link, holding the lock
   * of all devices: some 15 ms.
   */
  public static AttachMode selectFirst() {
    return System.getProperty(PROPERTY, "").isEmpty() ? CLSACT : select();
  }

  private static final class Probed {
    private static final AttachMode MODE = KernelFeature.TCX.probe().present() ? TCX : CLSACT;
  }
}
