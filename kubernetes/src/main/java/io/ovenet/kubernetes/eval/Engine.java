package io.ovenet.kubernetes.eval;

import java.util.Locale;

/** Who decides. */
public enum Engine {
  /** The tables that the agent puts into the kernel. */
  COMPILED,
  /** An evaluator that reads every document again for each question. */
  NAIVE,
  /** Both; where they differ the answer says so. */
  BOTH;

  @Override
  public String toString() {
    return name().toLowerCase(Locale.ROOT);
  }
}
