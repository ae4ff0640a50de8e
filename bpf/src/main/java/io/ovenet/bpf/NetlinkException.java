package io.ovenet.bpf;

/** A request that rtnetlink refused, with the kernel's own sentence on why where it gave one. */
public final class NetlinkException extends KernelException {
  private static final long serialVersionUID = 1L;

  /** An operation that failed; the message is the extended acknowledgement's, or empty. */
  public NetlinkException(String operation, int errno, String message) {
    super(operation, errno, message);
  }
}
