package io.ovenet.agent;

import io.ovenet.policy.Labels;
import java.io.IOException;

/** The cluster's numbers for sets of labels. Thread-safe. */
public interface Identities {
  /** The number if it is known here already, else 0; never asks anybody. */
  int known(Labels labels);

  /** Whether the number is known here to mean these labels. */
  boolean means(int number, Labels labels);

  /** The number, made if there is none. Blocks on the API server if it isn't known. */
  int allocate(Labels labels) throws IOException;
}
