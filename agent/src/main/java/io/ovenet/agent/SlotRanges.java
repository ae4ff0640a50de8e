package io.ovenet.agent;

import java.util.ArrayDeque;
import java.util.Map;
import java.util.NavigableMap;
import java.util.TreeMap;

/**
 * Which ranges of service_slots are free. One that is given back rests for a while, since packets
 * under way may still read it. Not thread-safe.
 */
final class SlotRanges {
  /** First to length; neighbours are one. */
  private final NavigableMap<Integer, Integer> free = new TreeMap<>();

  private final ArrayDeque<Resting> resting = new ArrayDeque<>();
  private final long graceNanos;
  private final int capacity;

  private record Resting(Range range, long until) {}

  /** Slots from {@code first} on. */
  record Range(int first, int count) {
    static final Range NONE = new Range(0, 0);
  }

  SlotRanges(int capacity, long graceNanos) {
    this.capacity = capacity;
    this.graceNanos = graceNanos;
    if (capacity > 0) {
      free.put(0, capacity);
    }
  }

  /** Sets aside what is in use already; a range that is set aside twice stays so. */
  void reserve(Range range) {
    if (range.count() <= 0 || range.first() < 0 || range.first() > capacity - range.count()) {
      return;
    }
    int end = range.first() + range.count();
    var before = free.floorEntry(range.first());
    if (before != null && before.getKey() + before.getValue() > range.first()) {
      cut(before, range.first(), end);
    }
    for (var each = free.ceilingEntry(range.first());
        each != null && each.getKey() < end;
        each = free.ceilingEntry(range.first())) {
      cut(each, range.first(), end);
    }
  }

  private void cut(Map.Entry<Integer, Integer> entry, int first, int end) {
    int last = entry.getKey() + entry.getValue();
    free.remove(entry.getKey());
    if (entry.getKey() < first) {
      free.put(entry.getKey(), first - entry.getKey());
    }
    if (last > end) {
      free.put(end, last - end);
    }
  }

  /**
   * The first range that is large enough.
   *
   * @throws Table.TableException if there is none
   */
  Range take(int count) {
    if (count == 0) {
      return Range.NONE;
    }
    Map.Entry<Integer, Integer> found = null;
    for (var entry : free.entrySet()) {
      if (entry.getValue() >= count) {
        found = entry;
        break;
      }
    }
    if (found != null) {
      var range = new Range(found.getKey(), count);
      cut(found, range.first(), range.first() + count);
      return range;
    }
    throw new Table.TableException(
        "service_slots has no room for "
            + count
            + " backends in a row (it has "
            + capacity
            + " slots): use fewer services with ports for the outside on this cluster",
        new IllegalStateException("no range of " + count + " slots"));
  }

  /** Gives a range back, to be used again after the time of grace. */
  void release(Range range, long now) {
    if (range.count() > 0) {
      resting.add(new Resting(range, now + graceNanos));
    }
  }

  /** Frees what has rested long enough. */
  void collect(long now) {
    while (!resting.isEmpty() && resting.peek().until() - now <= 0) {
      free(resting.remove().range());
    }
  }

  private void free(Range range) {
    int first = range.first();
    int count = range.count();
    var before = free.floorEntry(first);
    if (before != null && before.getKey() + before.getValue() == first) {
      free.remove(before.getKey());
      first = before.getKey();
      count += before.getValue();
    }
    var after = free.get(first + count);
    if (after != null) {
      free.remove(first + count);
      count += after;
    }
    free.put(first, count);
  }

  /** Slots that are free now, without those that rest. */
  int available() {
    return free.values().stream().mapToInt(Integer::intValue).sum();
  }
}
