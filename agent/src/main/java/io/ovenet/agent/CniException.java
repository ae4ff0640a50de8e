package io.ovenet.agent;

/** A CNI call that ends with an error answer. Codes: CNI specification, "Error". */
public final class CniException extends Exception {
  private static final long serialVersionUID = 1L;

  public static final int INCOMPATIBLE_VERSION = 1;
  public static final int UNKNOWN_CONTAINER = 3;
  public static final int ENVIRONMENT = 4;
  public static final int IO = 5;
  public static final int DECODE = 6;
  public static final int BAD_CONFIGURATION = 7;
  public static final int TRY_AGAIN = 11;
  public static final int UNAVAILABLE = 50;
  public static final int UNAVAILABLE_FOR_NEW = 51;

  /** The first code that the specification leaves to plugins: CHECK found something amiss. */
  public static final int CHECK_FAILED = 100;

  private final int code;
  private final String details;

  public CniException(int code, String message, String details) {
    super(message);
    this.code = code;
    this.details = details;
  }

  public int code() {
    return code;
  }

  /** More words for a person; may be empty. */
  public String details() {
    return details;
  }
}
