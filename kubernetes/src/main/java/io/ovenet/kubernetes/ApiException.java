package io.ovenet.kubernetes;

import java.io.IOException;

/** The API server's refusal of a request. */
public final class ApiException extends IOException {
  private static final long serialVersionUID = 1;

  private final int code;
  private final String reason;

  /**
   * @param operation what was asked, such as {@code GET /api/v1/pods}
   * @param code HTTP status
   * @param reason machine-readable, such as {@code NotFound}; empty where the server named none
   */
  public ApiException(String operation, int code, String reason, String message) {
    super(operation + ": " + code + (reason.isEmpty() ? "" : " " + reason) + ": " + message);
    this.code = code;
    this.reason = reason;
  }

  public int code() {
    return code;
  }

  public String reason() {
    return reason;
  }

  public boolean notFound() {
    return code == 404;
  }

  /** The object is there already. */
  public boolean alreadyExists() {
    return code == 409 && reason.equals("AlreadyExists");
  }

  /** The object has changed since it was read. */
  public boolean conflict() {
    return code == 409 && !reason.equals("AlreadyExists");
  }

  /** The history that was asked for is gone: list again. */
  public boolean expired() {
    return code == 410;
  }
}
