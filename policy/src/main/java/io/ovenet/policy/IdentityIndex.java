package io.ovenet.policy;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.NoSuchElementException;
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

  /**
   * Identities with something in common. One that goes is left where it stands until half of them
   * are gone: a cluster's label is on all of them, and none is to be searched for.
   */
  private static final class Members implements Iterable<IdentityState> {
    private IdentityState[] members = new IdentityState[1];
    private int size;
    private int gone;

    void add(IdentityState identity) {
      if (size == members.length) {
        members = Arrays.copyOf(members, size + Math.max(1, size / 2));
      }
      members[size++] = identity;
    }

    /** One of them is gone. */
    void leave() {
      if (2 * ++gone <= size) {
        return;
      }
      IdentityState[] kept = new IdentityState[Math.max(1, size - gone)];
      int count = 0;
      for (IdentityState identity : this) {
        kept[count++] = identity;
      }
      members = kept;
      size = count;
      gone = 0;
    }

    int size() {
      return size - gone;
    }

    @Override
    public Iterator<IdentityState> iterator() {
      return new Iterator<>() {
        private int next = skip(0);

        private int skip(int from) {
          int at = from;
          while (at < size && members[at].gone) {
            at++;
          }
          return at;
        }

        @Override
        public boolean hasNext() {
          return next < size;
        }

        @Override
        public IdentityState next() {
          if (next >= size) {
            throw new NoSuchElementException();
          }
          IdentityState identity = members[next];
          next = skip(next + 1);
          return identity;
        }
      };
    }
  }

  private static final Members NOBODY = new Members();

  private final Map<Integer, IdentityState> byNumber = new HashMap<>();
  private final Map<KeyValue, Members> byLabel = new HashMap<>();
  private final Map<String, Members> byKey = new HashMap<>();
  private final TreeMap<Cidr, Members> byPrefix = new TreeMap<>();
  private long search;

  Map<Integer, IdentityState> byNumber() {
    return byNumber;
  }

  void add(IdentityState identity) {
    byNumber.put(identity.number, identity);
    for (int i = 0; i < identity.labels.size(); i++) {
      Label label = identity.labels.get(i);
      if (!isRepeated(identity.labels, i, true)) {
        byLabel.computeIfAbsent(keyValue(label), _ -> new Members()).add(identity);
      }
      if (!isRepeated(identity.labels, i, false)) {
        byKey.computeIfAbsent(label.key(), _ -> new Members()).add(identity);
      }
    }
    if (identity.prefix != null) {
      byPrefix.computeIfAbsent(identity.prefix, _ -> new Members()).add(identity);
    }
  }

  void remove(IdentityState identity) {
    byNumber.remove(identity.number);
    identity.gone = true;
    for (int i = 0; i < identity.labels.size(); i++) {
      Label label = identity.labels.get(i);
      if (!isRepeated(identity.labels, i, true)) {
        leave(byLabel, keyValue(label));
      }
      if (!isRepeated(identity.labels, i, false)) {
        leave(byKey, label.key());
      }
    }
    if (identity.prefix != null) {
      leave(byPrefix, identity.prefix);
    }
  }

  /** Whether a label before that one has its key, from another source; and its value, if asked. */
  private static boolean isRepeated(Labels labels, int index, boolean withValue) {
    Label label = labels.get(index);
    for (int i = 0; i < index; i++) {
      Label other = labels.get(i);
      if (other.key().equals(label.key()) && (!withValue || other.value().equals(label.value()))) {
        return true;
      }
    }
    return false;
  }

  private static KeyValue keyValue(Label label) {
    return new KeyValue(label.key(), label.value());
  }

  private static <K> void leave(Map<K, Members> map, K key) {
    Members members = map.get(key);
    if (members != null) {
      members.leave();
      if (members.size() == 0) {
        map.remove(key);
      }
    }
  }

  List<IdentityState> selectedBy(PeerSelector selector) {
    List<IdentityState> selected = new ArrayList<>();
    search++;
    for (Iterable<IdentityState> candidates : candidates(selector)) {
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
  private List<? extends Iterable<IdentityState>> candidates(PeerSelector selector) {
    return switch (selector) {
      case EndpointSelector endpoints -> candidates(endpoints);
      case CidrSelector cidr -> {
        List<Members> lists = inside(cidr.cidr());
        if (cidr.pods() && cidr.cidr().equals(Cidr.ALL_IPV4)) {
          lists.add(byKey.getOrDefault(LabelKeys.NAMESPACE, NOBODY));
        }
        yield lists;
      }
    };
  }

  private List<Members> inside(Cidr cidr) {
    List<Members> lists = new ArrayList<>();
    for (Map.Entry<Cidr, Members> entry : byPrefix.tailMap(cidr, true).entrySet()) {
      if (!cidr.contains(entry.getKey())) {
        break;
      }
      lists.add(entry.getValue());
    }
    return lists;
  }

  private List<? extends Iterable<IdentityState>> candidates(EndpointSelector selector) {
    List<? extends Iterable<IdentityState>> best = List.of(byNumber.values());
    int fewest = byNumber.size();
    for (LabelRequirement requirement : selector.requirements()) {
      List<Members> lists = new ArrayList<>();
      switch (requirement.operator()) {
        case IN -> {
          for (String value : requirement.values()) {
            lists.add(byLabel.getOrDefault(new KeyValue(requirement.key(), value), NOBODY));
          }
        }
        case EXISTS -> lists.add(byKey.getOrDefault(requirement.key(), NOBODY));
        case NOT_IN, DOES_NOT_EXIST -> {
          continue;
        }
      }
      int count = 0;
      for (Members list : lists) {
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
