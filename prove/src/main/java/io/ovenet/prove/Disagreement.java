package io.ovenet.prove;

/** Two of the judges decide otherwise about one packet. */
public final class Disagreement extends RuntimeException {
  private static final long serialVersionUID = 1;

  Disagreement(String message) {
    super(message);
  }
}
