package io.ovenet.policy;

import java.util.ArrayList;
import java.util.List;

/** A selector in use, shared by all entries that name it. */
final class SelectorState {
  final PeerSelector selector;

  /** Its bit in {@link IdentityClass#selectors}; used again once the selector is gone. */
  final int id;

  /** Its part of a class's signature: classes are found by the xor over their selectors. */
  final long mix;

  /** Slots of the classes it selects. */
  final NumberSet classes = new NumberSet();

  /** One for each entry that names it. */
  final List<ActiveRule> users = new ArrayList<>();

  SelectorState(PeerSelector selector, int id, long mix) {
    this.selector = selector;
    this.id = id;
    this.mix = mix;
  }
}
