package io.ovenet.bpf;

/**
 * A failed bpf(2) or libbpf operation. Where a program was refused, the verifier's whole log is
 * kept; the message has only its conclusion.
 */
public final class BpfException extends KernelException {
  private static final long serialVersionUID = 1L;

  private final String verifierLog;

  /** A failure without a verifier's log. */
  public BpfException(String operation, int errno) {
    this(operation, errno, "");
  }

  /** A failure with everything that libbpf and the verifier said (empty: nothing). */
  public BpfException(String operation, int errno, String verifierLog) {
    super(operation, errno, VerifierLog.summary(verifierLog));
    this.verifierLog = verifierLog;
  }

  /** All that libbpf and the verifier said, empty if nothing. */
  public String verifierLog() {
    return verifierLog;
  }
}
