package io.ovenet.policy;

import org.jspecify.annotations.Nullable;

/** An identity that the engine was told of. */
final class IdentityState {
  final int number;
  final Labels labels;
  final @Nullable Cidr prefix;
  final NamedPorts ports;
  IdentityClass identityClass;

  /** Out of the index, but perhaps not yet out of its lists. */
  boolean gone;

  /** Scratch: the search that found it last. */
  long found;

  IdentityState(
      int number,
      Labels labels,
      @Nullable Cidr prefix,
      NamedPorts ports,
      IdentityClass identityClass) {
    this.ports = ports;
    this.number = number;
    this.labels = labels;
    this.prefix = prefix;
    this.identityClass = identityClass;
  }
}
