package io.ovenet.bpf;

/**
 * What Ovenet wants of a kernel, each found out by trying it: versions say nothing about kernels
 * that distributions patch. A probe leaves nothing behind.
 */
public enum KernelFeature {
  SCHED_CLS(
      true,
      "tc programs: every packet of a pod",
      "a kernel with CONFIG_NET_CLS_BPF and CONFIG_BPF_SYSCALL"),
  JIT(true, "speed: programs as machine code", "set net.core.bpf_jit_enable=1 or CONFIG_BPF_JIT"),
  CLSACT(true, "attaching tc programs where tcx is missing", "CONFIG_NET_SCH_INGRESS"),
  TCX(
      false,
      "attaching tc programs by links of their own",
      "kernel 6.6; clsact is used without it"),
  RING_BUFFER(true, "events", "kernel 5.8"),
  MMAPABLE_ARRAY(true, "changing endpoints and revisions by one store", "kernel 5.5"),
  LPM_TRIE(true, "policy and ipcache", "kernel 4.11"),
  LRU_HASH(true, "connection tracking", "kernel 4.10"),
  BATCH_OPERATIONS(false, "many map entries in one call", "kernel 5.6; one by one without it"),
  REDIRECT_PEER(true, "delivery to a pod without the host's stack", "kernel 5.10"),
  REDIRECT_NEIGH(true, "native routing between nodes", "kernel 5.10"),
  FIB_LOOKUP(true, "native routing between nodes", "kernel 4.18"),
  TUNNEL_KEY(true, "VXLAN and Geneve with identities", "kernel 4.3"),
  SK_ASSIGN(true, "proxies for layer 7 and DNS", "kernel 5.7"),
  CGROUP_SOCK_ADDR(true, "services by socket", "kernel 4.17 with CONFIG_CGROUP_BPF"),
  SOCKET_ERROR(
      false,
      "telling who calls a service that nobody serves why",
      "kernel 6.0; 'operation not permitted' without it"),
  SK_LOOKUP(false, "listening for many addresses", "kernel 5.9"),
  FOR_EACH(false, "collecting old entries in the kernel", "kernel 5.13"),
  LOOP(false, "long loops in programs", "kernel 5.17"),
  TIMER(false, "collecting old entries in the kernel", "kernel 5.15"),
  TEST_RUN(false, "tests and benchmarks of programs", "kernel 4.12"),
  VETH(true, "the devices of pods", "CONFIG_VETH, or modprobe veth"),
  DUMMY(
      true, "the device that pods are routed to", "CONFIG_DUMMY or CONFIG_IFB, or modprobe dummy"),
  WIREGUARD(false, "encryption in the kernel", "CONFIG_WIREGUARD, or modprobe wireguard");

  private final boolean required;
  private final String purpose;
  private final String remedy;

  KernelFeature(boolean required, String purpose, String remedy) {
    this.required = required;
    this.purpose = purpose;
    this.remedy = remedy;
  }

  /** Whether Ovenet does not work without it; else something else takes its place. */
  public boolean required() {
    return required;
  }

  /** What Ovenet uses it for. */
  public String purpose() {
    return purpose;
  }

  /** How to get it. */
  public String remedy() {
    return remedy;
  }

  /**
   * The outcome of a probe.
   *
   * @param detail why it is absent: what the kernel said, among that a lack of privileges
   */
  public record Probe(KernelFeature feature, boolean present, String detail) {}

  /** Tries it now, in a few milliseconds. */
  public Probe probe() {
    try {
      FeatureProbes.require(this);
      return new Probe(this, true, "");
    } catch (KernelException e) {
      return new Probe(this, false, String.valueOf(e.getMessage()));
    }
  }
}
