package io.ovenet.policy;

import java.util.LinkedHashSet;
import java.util.List;

/** Who is on the other side of what a rule speaks of. */
public sealed interface Peers {
  Peers EVERYONE = new Everyone();

  /** Whoever: no member for peers is there, or the entity {@code all}. */
  record Everyone() implements Peers {}

  /**
   * Who any of the selectors selects; nobody, if there is none.
   *
   * @param selectors in the order written, without repetition
   */
  record Selected(List<PeerSelector> selectors) implements Peers {
    public Selected {
      selectors = List.copyOf(new LinkedHashSet<>(selectors));
    }
  }

  static Peers nobody() {
    return new Selected(List.of());
  }
}
