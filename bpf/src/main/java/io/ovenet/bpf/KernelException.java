package io.ovenet.bpf;

/** A system call that failed: the operation with the object it was for, and its errno. */
public class KernelException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final String operation;
  private final int errno;

  /** An operation that failed with this (positive) errno. */
  public KernelException(String operation, int errno) {
    this(operation, errno, "");
  }

  /** The same, with what else is known of the cause. */
  public KernelException(String operation, int errno, String detail) {
    super(message(operation, errno, detail));
    this.operation = operation;
    this.errno = errno;
  }

  private static String message(String operation, int errno, String detail) {
    StringBuilder text = new StringBuilder(operation).append(": ").append(Errno.describe(errno));
    if (!detail.isEmpty()) {
      text.append(": ").append(detail);
    }
    if (errno == Errno.EPERM) {
      text.append("; needs root with CAP_BPF, CAP_NET_ADMIN and CAP_SYS_ADMIN");
    }
    return text.toString();
  }

  /** What was tried, on which object. */
  public String operation() {
    return operation;
  }

  /** The kernel's error number, positive; see {@link Errno}. */
  public int errno() {
    return errno;
  }
}
