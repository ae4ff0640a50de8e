package io.ovenet.lab;

import java.io.IOException;

/** A CNI plugin refused, with the code of the specification's section 5. */
final class CniException extends IOException {
  /** "Try again later". */
  static final int TRY_AGAIN = 11;

  private static final long serialVersionUID = 1L;

  private final int code;

  CniException(int code, String message) {
    super(message);
    this.code = code;
  }

  int code() {
    return code;
  }
}
