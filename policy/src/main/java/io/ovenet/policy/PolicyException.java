package io.ovenet.policy;

/** A policy that does not mean anything: which field, why, and what to do. */
public final class PolicyException extends RuntimeException {
  private static final long serialVersionUID = 1;

  private final transient PolicyNotice notice;

  public PolicyException(PolicyNotice notice) {
    super(notice.toString());
    this.notice = notice;
  }

  public PolicyNotice notice() {
    return notice;
  }
}
