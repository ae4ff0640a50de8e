package io.ovenet.agent;

import io.ovenet.policy.PolicyTable;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * Protocols and ports in segments that neither of two tables of policy tells apart, so that both
 * say the same of everything if they do of the beginning of each. Not thread-safe.
 */
final class PolicySegments {
  private static final int ICMP = 1;
  private static final int ICMPV6 = 58;
  private static final int PORTS = 1 << 16;

  /** The beginning of a segment; of ICMP the type times 256. */
  record Segment(int protocol, int port) {}

  private final Map<Integer, TreeSet<Integer>> starts = new TreeMap<>();

  /** Takes the boundaries of a table; null has none. */
  PolicySegments add(@Nullable PolicyTable table) {
    if (table != null) {
      table.entries().forEach(e -> add(e.protocol(), e.port(), e.portBits()));
    }
    return this;
  }

  /** Takes the boundaries of an entry. */
  void add(int protocol, int port, int portBits) {
    if (protocol == 0) {
      return;
    }
    var ports = starts.computeIfAbsent(protocol, _ -> new TreeSet<>(List.of(0)));
    ports.add(port);
    int end = port + (1 << (16 - portBits));
    if (end < PORTS) {
      ports.add(end);
    }
  }

  /** The beginnings; the first is of a protocol that nothing names. */
  List<Segment> all() {
    int unnamed = 1;
    while (starts.containsKey(unnamed)) {
      unnamed++;
    }
    var all = new ArrayList<Segment>();
    all.add(new Segment(unnamed, 0));
    starts.forEach(
        (protocol, ports) -> {
          for (int port : ports) {
            // What is put to the tables of ICMP are types, with nothing behind them.
            if ((protocol != ICMP && protocol != ICMPV6) || port % 256 == 0) {
              all.add(new Segment(protocol, port));
            }
          }
        });
    return all;
  }
}
