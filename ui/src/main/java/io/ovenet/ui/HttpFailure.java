package io.ovenet.ui;

/** A request that is answered with an error: what is the matter, and what to do. */
final class HttpFailure extends RuntimeException {
  /** Whoever asks has to sign in. */
  static final int UNAUTHORIZED = 401;

  private static final long serialVersionUID = 1;

  private final int code;
  private final String remedy;

  HttpFailure(int code, String message, String remedy) {
    super(message);
    this.code = code;
    this.remedy = remedy;
  }

  int code() {
    return code;
  }

  String remedy() {
    return remedy;
  }
}
