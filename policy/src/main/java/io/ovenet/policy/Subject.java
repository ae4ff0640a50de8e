package io.ovenet.policy;

import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/** The labels of one or more local endpoints, and what selects them. */
final class Subject {
  final Labels labels;

  /** In the order of where they stand. */
  final TreeSet<ActiveRule> rules = new TreeSet<>();

  int endpoints;

  /** Null while it has to be looked up again. */
  @Nullable PolicyState state;

  Subject(Labels labels) {
    this.labels = labels;
  }
}
