package io.ovenet.policy;

import java.util.ArrayList;
import java.util.BitSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Finds the selectors in use that select a new identity, by one label that each requires. */
final class SelectorIndex {
  private static final String NO_KEY = "";

  private record KeyValue(String key, String value) {
    // Written out: a key's generated methods are many times slower in what the agent's compiler
    // makes.
    @Override
    public boolean equals(@Nullable Object other) {
      return this == other
          || (other instanceof KeyValue that && key.equals(that.key) && value.equals(that.value));
    }

    @Override
    public int hashCode() {
      return 31 * key.hashCode() + value.hashCode();
    }
  }

  private final Map<KeyValue, List<SelectorState>> byLabel = new HashMap<>();
  private final Map<String, List<SelectorState>> byKey = new HashMap<>();
  private final Map<Cidr, List<SelectorState>> byCidr = new HashMap<>();

  /** Those that require no label: all under one key. */
  private final Map<String, List<SelectorState>> others = new HashMap<>();

  void add(SelectorState selector) {
    place(selector, true);
  }

  void remove(SelectorState selector) {
    place(selector, false);
  }

  private void place(SelectorState state, boolean add) {
    switch (state.selector) {
      case CidrSelector selector -> place(byCidr, selector.cidr(), state, add);
      case EndpointSelector selector -> {
        LabelRequirement required = mostTelling(selector);
        if (required == null) {
          place(others, NO_KEY, state, add);
        } else if (required.operator() == LabelRequirement.Operator.EXISTS) {
          place(byKey, required.key(), state, add);
        } else {
          for (String value : required.values()) {
            place(byLabel, new KeyValue(required.key(), value), state, add);
          }
        }
      }
    }
  }

  private static <K> void place(
      Map<K, List<SelectorState>> map, K key, SelectorState state, boolean add) {
    List<SelectorState> list = map.computeIfAbsent(key, _ -> new ArrayList<>(1));
    if (add) {
      list.add(state);
    } else {
      list.remove(state);
    }
    if (list.isEmpty()) {
      map.remove(key);
    }
  }

  /** The requirement that the fewest identities can be expected to meet, null if none is apt. */
  private static @Nullable LabelRequirement mostTelling(EndpointSelector selector) {
    LabelRequirement best = null;
    int bestCost = Integer.MAX_VALUE;
    for (LabelRequirement requirement : selector.requirements()) {
      int cost =
          switch (requirement.operator()) {
            case IN ->
                switch (requirement.key()) {
                  case LabelKeys.CLUSTER -> 100_000;
                  case LabelKeys.NAMESPACE -> 1_000 + requirement.values().size();
                  default -> requirement.values().size();
                };
            case EXISTS -> 50_000;
            case NOT_IN, DOES_NOT_EXIST -> Integer.MAX_VALUE;
          };
      if (cost < bestCost) {
        best = requirement;
        bestCost = cost;
      }
    }
    return best;
  }

  /** Adds the ids of the selectors that select an identity. */
  void select(IdentityState identity, BitSet ids) {
    for (int i = 0; i < identity.labels.size(); i++) {
      Label label = identity.labels.get(i);
      select(byLabel.get(new KeyValue(label.key(), label.value())), identity, ids);
      select(byKey.get(label.key()), identity, ids);
    }
    Cidr prefix = identity.prefix;
    if (prefix == null && CidrSelector.isPod(identity.labels)) {
      prefix = Cidr.ALL_IPV4;
    }
    for (int length = prefix == null ? -1 : prefix.length(); length >= 0; length--) {
      select(byCidr.get(java.util.Objects.requireNonNull(prefix).widen(length)), identity, ids);
    }
    select(others.get(NO_KEY), identity, ids);
  }

  private static void select(
      @Nullable List<SelectorState> candidates, IdentityState identity, BitSet ids) {
    if (candidates == null) {
      return;
    }
    for (SelectorState state : candidates) {
      if (state.selector.selects(identity.labels, identity.prefix)) {
        ids.set(state.id);
      }
    }
  }
}
