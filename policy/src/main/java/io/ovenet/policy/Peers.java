package io.ovenet.policy;

import java.util.LinkedHashSet;
import java.util.List;

/** Who is on the other side of what a rule speaks of. */
public sealed interface Peers {
  Peers EVERYONE = new Everyone();

  /** Whoever: no member for peers is there, or the entity {@code all}. */
  record Everyone() implements Peers {}

  /**
   * Who any of the selectors or groups selects; nobody, if there is none.
   *
   * @param selectors in the order written, without repetition
   * @param groups named besides: prefixes, services
   */
  record Selected(List<PeerSelector> selectors, List<PeerGroupSelector> groups) implements Peers {
    public Selected {
      selectors = List.copyOf(new LinkedHashSet<>(selectors));
      groups = List.copyOf(new LinkedHashSet<>(groups));
    }

    public Selected(List<PeerSelector> selectors) {
      this(selectors, List.of());
    }
  }

  static Peers nobody() {
    return new Selected(List.of());
  }
}
