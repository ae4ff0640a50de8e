package io.ovenet.policy.question;

import io.ovenet.policy.PolicyEntry;
import io.ovenet.policy.PolicyTable;
import io.ovenet.policy.PortRange;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * Protocols and ports of them that are open. Immutable, equal by value. For ICMP the type stands in
 * a port's high byte.
 */
public final class PortSet {
  public static final PortSet NOTHING = new PortSet(false, new TreeMap<>());
  public static final PortSet EVERYTHING = new PortSet(true, new TreeMap<>());
  private static final int END = 0x10000;
  private static final int[] NONE = {};
  private static final int[] ALL = {0, END};

  /** Whether protocols that are not named here are open. */
  private final boolean others;

  /** By protocol: begins and ends (excluded) of ranges, rising; never what {@link #others} says. */
  private final SortedMap<Integer, int[]> named;

  private PortSet(boolean others, SortedMap<Integer, int[]> named) {
    this.others = others;
    named.values().removeIf(ranges -> java.util.Arrays.equals(ranges, others ? ALL : NONE));
    this.named = named;
  }

  /** What a table lets pass; everything where there is none. */
  public static PortSet of(@Nullable PolicyTable table) {
    if (table == null) {
      return EVERYTHING;
    }
    TreeMap<Integer, TreeSet<Integer>> starts = new TreeMap<>();
    for (PolicyEntry entry : table.entries()) {
      if (entry.protocol() != 0) {
        TreeSet<Integer> of = starts.computeIfAbsent(entry.protocol(), _ -> new TreeSet<>());
        of.add(0);
        of.add(entry.port());
        of.add(entry.port() + (END >>> entry.portBits()));
      }
    }
    TreeMap<Integer, int[]> named = new TreeMap<>();
    starts.forEach(
        (protocol, of) -> {
          of.remove(END);
          List<Integer> bounds = new ArrayList<>();
          for (int start : of) {
            boolean open = table.lookup(protocol, start).verdict().passes();
            if (open != (bounds.size() % 2 == 1)) {
              bounds.add(start);
            }
          }
          named.put(protocol, closed(bounds));
        });
    return new PortSet(table.entries().getFirst().decision().verdict().passes(), named);
  }

  private static int[] closed(List<Integer> bounds) {
    if (bounds.size() % 2 == 1) {
      bounds.add(END);
    }
    return bounds.stream().mapToInt(Integer::intValue).toArray();
  }

  private int[] ranges(int protocol) {
    int[] ranges = named.get(protocol);
    return ranges == null ? others ? ALL : NONE : ranges;
  }

  private interface Combination {
    boolean of(boolean one, boolean other);
  }

  private PortSet combine(PortSet other, Combination combination) {
    TreeSet<Integer> protocols = new TreeSet<>(named.keySet());
    protocols.addAll(other.named.keySet());
    TreeMap<Integer, int[]> combined = new TreeMap<>();
    for (int protocol : protocols) {
      int[] a = ranges(protocol);
      int[] b = other.ranges(protocol);
      TreeSet<Integer> all = new TreeSet<>();
      all.add(0);
      for (int[] ranges : new int[][] {a, b}) {
        for (int bound : ranges) {
          all.add(bound);
        }
      }
      all.remove(END);
      List<Integer> bounds = new ArrayList<>();
      for (int start : all) {
        boolean open = combination.of(contains(a, start), contains(b, start));
        if (open != (bounds.size() % 2 == 1)) {
          bounds.add(start);
        }
      }
      combined.put(protocol, closed(bounds));
    }
    return new PortSet(combination.of(others, other.others), combined);
  }

  private static boolean contains(int[] ranges, int port) {
    for (int i = 0; i < ranges.length; i += 2) {
      if (ranges[i] <= port && port < ranges[i + 1]) {
        return true;
      }
    }
    return false;
  }

  public PortSet and(PortSet other) {
    return combine(other, (a, b) -> a && b);
  }

  public PortSet or(PortSet other) {
    return combine(other, (a, b) -> a || b);
  }

  public PortSet minus(PortSet other) {
    return combine(other, (a, b) -> a && !b);
  }

  public boolean isEmpty() {
    return equals(NOTHING);
  }

  public boolean isEverything() {
    return equals(EVERYTHING);
  }

  /** Whether a port is open; for ICMP with the type in its high byte. */
  public boolean contains(int protocol, int port) {
    return contains(ranges(protocol), port);
  }

  @Override
  public boolean equals(@Nullable Object other) {
    if (!(other instanceof PortSet that)
        || others != that.others
        || !named.keySet().equals(that.named.keySet())) {
      return false;
    }
    for (Map.Entry<Integer, int[]> entry : named.entrySet()) {
      if (!java.util.Arrays.equals(entry.getValue(), that.named.get(entry.getKey()))) {
        return false;
      }
    }
    return true;
  }

  @Override
  public int hashCode() {
    int hash = Boolean.hashCode(others);
    for (Map.Entry<Integer, int[]> entry : named.entrySet()) {
      hash = 31 * (31 * hash + entry.getKey()) + java.util.Arrays.hashCode(entry.getValue());
    }
    return hash;
  }

  /** {@code 80/TCP, 443/TCP}; {@code everything but 22/TCP}; {@code nothing}. */
  @Override
  public String toString() {
    if (named.isEmpty()) {
      return others ? "everything" : "nothing";
    }
    StringBuilder text = new StringBuilder();
    PortSet told = others ? EVERYTHING.minus(this) : this;
    told.named.forEach(
        (protocol, ranges) -> {
          boolean icmp = protocol == PortRange.ICMP || protocol == PortRange.ICMPV6;
          for (int i = 0; i < ranges.length; i += 2) {
            int end = ranges[i + 1];
            for (int from = ranges[i]; from < end; ) {
              // ICMP types one by one, but for the whole protocol.
              int to = icmp && ranges[i + 1] - ranges[i] < END ? (from | 0xff) + 1 : end;
              text.append(text.isEmpty() ? "" : ", ").append(new PortRange(protocol, from, to - 1));
              from = to;
            }
          }
        });
    return others ? "everything but " + text : text.toString();
  }
}
