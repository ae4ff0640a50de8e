package io.ovenet.cli.hubble;

/** What went wrong, in a sentence that says what to do. */
public final class HubbleException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  HubbleException(String message, Throwable cause) {
    super(message, cause);
  }

  HubbleException(String message) {
    super(message);
  }
}
