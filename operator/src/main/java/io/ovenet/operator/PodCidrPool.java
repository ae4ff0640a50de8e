package io.ovenet.operator;

import java.util.ArrayList;
import java.util.BitSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Equal IPv4 prefixes of one pool, each given to one node at most, of which a node may have
 * several. Not thread-safe.
 *
 * <p>A node may have a prefix that this pool would not have given, from other settings or another
 * hand: it keeps it, and nothing that overlaps it is given to others.
 */
final class PodCidrPool {
  private final Ipv4Prefix pool;
  private final int length;
  private final BitSet taken = new BitSet();
  private final Map<String, List<Ipv4Prefix>> given = new HashMap<>();

  /**
   * A pool of which nothing is given.
   *
   * @param length of the prefixes that nodes get
   */
  PodCidrPool(Ipv4Prefix pool, int length) {
    if (length < pool.length() || length > 30) {
      throw new IllegalArgumentException(
          "cluster-pool-ipv4-mask-size " + length + " is not from " + pool.length() + " to 30");
    }
    if (length - pool.length() > 20) {
      throw new IllegalArgumentException(
          "pool " + pool + " has more than a million prefixes of /" + length);
    }
    this.pool = pool;
    this.length = length;
  }

  /**
   * A prefix that a node can't have.
   *
   * @param node who has what it overlaps
   */
  record Overlap(Ipv4Prefix prefix, String node) {}

  /** What is not the node's alone; null if all of these, and no others, are the node's now. */
  @Nullable Overlap occupy(String node, List<Ipv4Prefix> prefixes) {
    for (var prefix : prefixes) {
      for (var other : given.entrySet()) {
        if (!other.getKey().equals(node) && other.getValue().stream().anyMatch(prefix::overlaps)) {
          return new Overlap(prefix, other.getKey());
        }
      }
    }
    release(node);
    given.put(node, List.copyOf(prefixes));
    prefixes.forEach(prefix -> mark(prefix, true));
    return null;
  }

  /** The node's first prefix, the lowest free one if it had none; null if all are given. */
  @Nullable Ipv4Prefix allocate(String node) {
    var before = given.get(node);
    return before == null ? another(node) : before.getFirst();
  }

  /** One more for the node, the lowest free one; null if all are given. */
  @Nullable Ipv4Prefix another(String node) {
    var index = taken.nextClearBit(0);
    if (index >= size()) {
      return null;
    }
    var prefix = new Ipv4Prefix(pool.address() + (index << (32 - length)), length);
    var all = new ArrayList<>(given.getOrDefault(node, List.of()));
    all.add(prefix);
    given.put(node, List.copyOf(all));
    taken.set(index);
    return prefix;
  }

  void release(String node) {
    var prefixes = given.remove(node);
    if (prefixes != null) {
      prefixes.forEach(prefix -> mark(prefix, false));
    }
  }

  /** How many prefixes the pool has in all. */
  int size() {
    return 1 << (length - pool.length());
  }

  int free() {
    return size() - taken.cardinality();
  }

  private void mark(Ipv4Prefix prefix, boolean value) {
    if (!pool.overlaps(prefix)) {
      return;
    }
    if (prefix.length() <= pool.length()) {
      taken.set(0, size(), value);
      return;
    }
    var shift = 32 - length;
    var first = (prefix.address() - pool.address()) >>> shift;
    var count = prefix.length() >= length ? 1 : 1 << (length - prefix.length());
    taken.set(first, first + count, value);
    if (!value) {
      // Another's smaller prefix may lie in the same one of the pool's.
      given.values().forEach(others -> others.forEach(other -> mark(other, true)));
    }
  }
}
