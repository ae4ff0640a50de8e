package io.ovenet.agent;

import io.ovenet.datapath.PolicyKey;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;

/**
 * Which keys policy_map has, packed: there may be hundreds of thousands, and the agent has little
 * memory. Not thread-safe.
 */
final class KernelEntries {
  private static final int BITS = 5;
  private static final int PORT = 16;
  private static final int PROTOCOL = 8;
  private static final int DIRECTION = 2;
  private static final int PACKED = DIRECTION + PROTOCOL + PORT + BITS;

  private record Group(int policy, int identityClass) {}

  private final Map<Group, Integer> groups = new HashMap<>();
  private final Map<Integer, Set<Integer>> classes = new HashMap<>();
  private long[] packed = new long[1024];
  private int size;
  private boolean sorted;

  void add(PolicyKey key) {
    int group =
        groups.computeIfAbsent(new Group(key.policy(), key.identityClass()), _ -> groups.size());
    classes.computeIfAbsent(key.policy(), _ -> new HashSet<>()).add(key.identityClass());
    if (size == packed.length) {
      packed = Arrays.copyOf(packed, size * 2);
    }
    packed[size++] =
        (long) group << PACKED
            | (long) key.direction() << (PROTOCOL + PORT + BITS)
            | (long) key.protocol() << (PORT + BITS)
            | (long) key.port() << BITS
            | key.portBits();
    sorted = false;
  }

  int size() {
    return size;
  }

  /** The classes of which a policy has entries. */
  Set<Integer> classesOf(int policy) {
    return classes.getOrDefault(policy, Set.of());
  }

  /** Whether a class has entries of its own; adds their boundaries. */
  boolean addTo(PolicySegments segments, int policy, int identityClass, int direction) {
    var group = groups.get(new Group(policy, identityClass));
    if (group == null) {
      return false;
    }
    if (!sorted) {
      Arrays.sort(packed, 0, size);
      sorted = true;
    }
    long first = (long) group << PACKED | (long) direction << (PROTOCOL + PORT + BITS);
    long end = first + (1L << (PROTOCOL + PORT + BITS));
    int at = Arrays.binarySearch(packed, 0, size, first);
    at = at < 0 ? -at - 1 : at;
    boolean found = false;
    for (; at < size && packed[at] < end; at++) {
      found = true;
      segments.add(
          (int) (packed[at] >>> (PORT + BITS)) & 0xff,
          (int) (packed[at] >>> BITS) & 0xffff,
          (int) packed[at] & 0x1f);
    }
    return found;
  }
}
