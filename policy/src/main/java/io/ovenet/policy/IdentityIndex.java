package io.ovenet.policy;

import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** Finds the identities that a selector selects, from their labels and prefixes. */
final class IdentityIndex {
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

  private final Map<Integer, IdentityState> byNumber = new HashMap<>();
  private final Map<KeyValue, List<IdentityState>> byLabel = new HashMap<>();
  private final Map<String, List<IdentityState>> byKey = new HashMap<>();
  private final TreeMap<Cidr, List<IdentityState>> byPrefix = new TreeMap<>();
  private long search;

  Map<Integer, IdentityState> byNumber() {
    return byNumber;
  }

  void add(IdentityState identity) {
    byNumber.put(identity.number, identity);
    for (int i = 0; i < identity.labels.size(); i++) {
      Label label = identity.labels.get(i);
      byLabel.computeIfAbsent(keyValue(label), _ -> new ArrayList<>(2)).add(identity);
      byKey.computeIfAbsent(label.key(), _ -> new ArrayList<>(2)).add(identity);
    }
    if (identity.prefix != null) {
      byPrefix.computeIfAbsent(identity.prefix, _ -> new ArrayList<>(1)).add(identity);
    }
  }

  void remove(IdentityState identity) {
    byNumber.remove(identity.number);
    for (int i = 0; i < identity.labels.size(); i++) {
      Label label = identity.labels.get(i);
      removeFrom(byLabel, keyValue(label), identity);
      removeFrom(byKey, label.key(), identity);
    }
    if (identity.prefix != null) {
      removeFrom(byPrefix, identity.prefix, identity);
    }
  }

  private static KeyValue keyValue(Label label) {
    return new KeyValue(label.key(), label.value());
  }

  private static <K> void removeFrom(
      Map<K, List<IdentityState>> map, K key, IdentityState identity) {
    List<IdentityState> list = map.get(key);
    if (list == null) {
      return;
    }
    for (int i = 0; i < list.size(); i++) {
      if (list.get(i) == identity) {
        IdentityState last = list.removeLast();
        if (last != identity) {
          list.set(i, last);
        }
        break;
      }
    }
    if (list.isEmpty()) {
      map.remove(key);
    }
  }

  List<IdentityState> selectedBy(PeerSelector selector) {
    List<IdentityState> selected = new ArrayList<>();
    search++;
    for (Collection<IdentityState> candidates : candidates(selector)) {
      for (IdentityState identity : candidates) {
        // One with a key from two sources is in two lists.
        if (identity.found != search && selector.selects(identity.labels, identity.prefix)) {
          identity.found = search;
          selected.add(identity);
        }
      }
    }
    return selected;
  }

  /** Lists that hold all that the selector can select. */
  private Collection<? extends Collection<IdentityState>> candidates(PeerSelector selector) {
    return switch (selector) {
      case EndpointSelector endpoints -> candidates(endpoints);
      case CidrSelector cidr -> {
        List<List<IdentityState>> lists = inside(cidr.cidr());
        if (cidr.pods() && cidr.cidr().equals(Cidr.ALL_IPV4)) {
          lists.add(byKey.getOrDefault(LabelKeys.NAMESPACE, List.of()));
        }
        yield lists;
      }
    };
  }

  private List<List<IdentityState>> inside(Cidr cidr) {
    List<List<IdentityState>> lists = new ArrayList<>();
    for (Map.Entry<Cidr, List<IdentityState>> entry : byPrefix.tailMap(cidr, true).entrySet()) {
      if (!cidr.contains(entry.getKey())) {
        break;
      }
      lists.add(entry.getValue());
    }
    return lists;
  }

  private Collection<? extends Collection<IdentityState>> candidates(EndpointSelector selector) {
    Collection<? extends Collection<IdentityState>> best = List.of(byNumber.values());
    int fewest = byNumber.size();
    for (LabelRequirement requirement : selector.requirements()) {
      List<List<IdentityState>> lists = new ArrayList<>();
      switch (requirement.operator()) {
        case IN -> {
          for (String value : requirement.values()) {
            lists.add(byLabel.getOrDefault(new KeyValue(requirement.key(), value), List.of()));
          }
        }
        case EXISTS -> lists.add(byKey.getOrDefault(requirement.key(), List.of()));
        case NOT_IN, DOES_NOT_EXIST -> {
          continue;
        }
      }
      int count = 0;
      for (List<IdentityState> list : lists) {
        count += list.size();
      }
      if (count < fewest) {
        best = lists;
        fewest = count;
      }
    }
    return best;
  }
}
