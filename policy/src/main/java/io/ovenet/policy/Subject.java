package io.ovenet.policy;

import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/** What one or more local endpoints are, and what selects them. */
final class Subject {
  final PolicySubject subject;
  final Labels labels;

  /** In the order of where they stand. */
  final TreeSet<ActiveRule> rules = new TreeSet<>();

  int endpoints;

  /** Null while it has to be looked up again. */
  @Nullable PolicyState state;

  /** What it had when the engine last compiled, while it has to be looked up again. */
  @Nullable PolicyState before;

  Subject(PolicySubject subject) {
    this.subject = subject;
    this.labels = subject.labels();
  }
}
