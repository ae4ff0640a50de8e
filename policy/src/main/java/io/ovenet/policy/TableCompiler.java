package io.ovenet.policy;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * Turns the entries that apply to a class into a table, and remembers: the same entries make the
 * same table for every class and policy. Used by one thread.
 */
final class TableCompiler {
  private static final int PORTS = 0x10000;
  private static final int REMEMBERED = 50_000;
  private static final Comparator<PolicyEntry> ORDER =
      Comparator.comparingInt(PolicyEntry::prefixLength)
          .thenComparingInt(PolicyEntry::protocol)
          .thenComparingInt(PolicyEntry::port);

  private record Key(List<ActiveEntry> entries, NamedPorts ports, Fallback otherwise) {
    // Written out: a key's generated methods are many times slower in what the agent's compiler
    // makes.
    @Override
    public boolean equals(@Nullable Object other) {
      return this == other
          || (other instanceof Key that
              && entries.equals(that.entries)
              && ports.equals(that.ports)
              && otherwise.equals(that.otherwise));
    }

    @Override
    public int hashCode() {
      return 31 * (31 * entries.hashCode() + ports.hashCode()) + otherwise.hashCode();
    }
  }

  /**
   * One range of an entry.
   *
   * @param name if the rule names it so
   */
  private record Part(ActiveEntry entry, PortRange range, @Nullable PortName name) {
    /** Whether it is left out where rules in audit mode are. */
    boolean isAudited() {
      return entry.audit() && entry.effect() != RuleEffect.ALLOW;
    }
  }

  private final ClassGroups groups = new ClassGroups();
  private final Map<Key, PolicyTable> remembered = new HashMap<>();
  private final Map<PolicyTable, PolicyTable> shared = new HashMap<>();
  private long asked;

  /**
   * The table that these entries make.
   *
   * @param entries without repetition, sorted by id
   * @param ports what names in the entries are
   * @param otherwise for what no entry decides
   */
  PolicyTable table(List<ActiveEntry> entries, NamedPorts ports, Fallback otherwise) {
    asked++;
    NamedPorts named = ports;
    if (!ports.isEmpty()) {
      named = ports.only(name -> isNamed(entries, name));
    }
    Key key = new Key(entries, named, otherwise);
    PolicyTable table = remembered.get(key);
    if (table == null) {
      if (remembered.size() >= REMEMBERED) {
        remembered.clear();
        shared.clear();
      }
      PolicyTable compiled = compile(parts(entries, named), otherwise);
      table = shared.computeIfAbsent(compiled, _ -> compiled);
      remembered.put(new Key(List.copyOf(entries), named, otherwise), table);
    }
    return table;
  }

  /** How often it was asked for a table: what a change cost. */
  long asked() {
    return asked;
  }

  /** To group classes in: empty, and to be left so. */
  ClassGroups groups() {
    return groups;
  }

  private static boolean isNamed(List<ActiveEntry> entries, PortName name) {
    for (ActiveEntry entry : entries) {
      if (entry.names().contains(name)) {
        return true;
      }
    }
    return false;
  }

  private static List<Part> parts(List<ActiveEntry> entries, NamedPorts ports) {
    List<Part> parts = new ArrayList<>(entries.size());
    for (ActiveEntry entry : entries) {
      for (PortRange range : entry.ports()) {
        parts.add(new Part(entry, range, null));
      }
      for (PortName name : entry.names()) {
        for (PortRange range : ports.named(name)) {
          parts.add(new Part(entry, range, name));
        }
      }
    }
    return parts;
  }

  private static PolicyTable compile(List<Part> parts, Fallback otherwise) {
    TreeSet<Integer> protocols = new TreeSet<>();
    for (Part part : parts) {
      protocols.add(part.range.protocol());
    }
    protocols.remove(0);
    List<PolicyEntry> result = new ArrayList<>();
    Decision everything = decide(parts, 0, 0, otherwise);
    result.add(new PolicyEntry(0, 0, 0, everything));
    for (int protocol : protocols) {
      addProtocol(parts, protocol, everything, otherwise, result);
    }
    PolicyEntry[] sorted = result.toArray(new PolicyEntry[0]);
    Arrays.sort(sorted, ORDER);
    return new PolicyTable(sorted);
  }

  private static void addProtocol(
      List<Part> parts,
      int protocol,
      Decision everything,
      Fallback otherwise,
      List<PolicyEntry> result) {
    TreeSet<Integer> starts = new TreeSet<>();
    starts.add(0);
    for (Part part : parts) {
      if (part.range.protocol() == protocol) {
        starts.add(part.range.from());
        starts.add(part.range.to() + 1);
      }
    }
    starts.remove(PORTS);
    List<Integer> from = new ArrayList<>();
    List<Decision> decisions = new ArrayList<>();
    for (int start : starts) {
      Decision decision = decide(parts, protocol, start, otherwise);
      if (decisions.isEmpty() || !decisions.getLast().equals(decision)) {
        from.add(start);
        decisions.add(decision);
      }
    }
    from.add(PORTS);
    Decision widest = widest(from, decisions);
    if (!widest.equals(everything)) {
      result.add(new PolicyEntry(protocol, 0, 0, widest));
    }
    for (int i = 0; i < decisions.size(); i++) {
      if (!decisions.get(i).equals(widest)) {
        addPrefixes(protocol, from.get(i), from.get(i + 1), decisions.get(i), result);
      }
    }
  }

  /** The decision that holds for the most ports: it becomes the protocol's own entry. */
  private static Decision widest(List<Integer> from, List<Decision> decisions) {
    Map<Decision, Integer> widths = new HashMap<>();
    Decision widest = decisions.getFirst();
    for (int i = 0; i < decisions.size(); i++) {
      Decision decision = decisions.get(i);
      int width = widths.merge(decision, from.get(i + 1) - from.get(i), Integer::sum);
      if (width > widths.getOrDefault(widest, 0)) {
        widest = decision;
      }
    }
    return widest;
  }

  /** The fewest prefixes that cover the ports from {@code from} up to {@code end}, excluded. */
  private static void addPrefixes(
      int protocol, int from, int end, Decision decision, List<PolicyEntry> result) {
    int port = from;
    while (port < end) {
      int size = port == 0 ? PORTS : Integer.lowestOneBit(port);
      while (port + size > end) {
        size >>= 1;
      }
      result.add(
          new PolicyEntry(protocol, port, 16 - Integer.numberOfTrailingZeros(size), decision));
      port += size;
    }
  }

  /**
   * Decides one protocol and port.
   *
   * @param protocol 0 for a protocol that no entry names
   */
  private static Decision decide(List<Part> parts, int protocol, int port, Fallback otherwise) {
    Decision decision = decide(parts, protocol, port, otherwise.decision(), true);
    if (decision.verdict().passes()) {
      return decision;
    }
    Decision enforced =
        otherwise.auditAll()
            ? Decision.NOT_ENFORCED
            : decide(parts, protocol, port, otherwise.enforced(), false);
    return enforced.verdict().passes()
        ? new Decision(Verdict.AUDIT, decision.match(), decision.origins(), decision.log())
        : enforced;
  }

  /**
   * The same.
   *
   * @param audited whether denials by rules in audit mode count
   */
  private static Decision decide(
      List<Part> parts, int protocol, int port, Decision otherwise, boolean audited) {
    Winners denied = new Winners();
    Winners withheld = new Winners();
    Winners allowed = new Winners();
    for (Part part : parts) {
      if (!part.range.covers(protocol, port) || (!audited && part.isAudited())) {
        continue;
      }
      switch (part.entry.effect()) {
        case DENY -> denied.add(part);
        case ALLOW -> allowed.add(part);
        case AUTHENTICATE -> withheld.add(part);
        case PROXY -> {
          if (!isLifted(parts, part)) {
            withheld.add(part);
          }
        }
      }
    }
    if (denied.any()) {
      return denied.decision(Verdict.DENY, denied.match());
    }
    if (withheld.any()) {
      return withheld.decision(Verdict.DEFAULT, MatchType.NONE);
    }
    return allowed.any() ? allowed.decision(Verdict.ALLOW, allowed.match()) : otherwise;
  }

  /**
   * Whether a plain allow names exactly these ports, too, in the same way: by number or by name.
   */
  private static boolean isLifted(List<Part> parts, Part proxied) {
    for (Part part : parts) {
      if (part.entry.effect() == RuleEffect.ALLOW
          && part.range.equals(proxied.range)
          && Objects.equals(part.name, proxied.name)) {
        return true;
      }
    }
    return false;
  }

  /** Of entries with one verdict those that say it most precisely: fewest ports, then a peer. */
  private static final class Winners {
    private final List<ActiveEntry> entries = new ArrayList<>(2);
    private int rank = Integer.MAX_VALUE;
    private @Nullable PortRange range;
    private boolean peer;

    void add(Part part) {
      ActiveEntry entry = part.entry;
      PortRange candidate = part.range;
      int width = candidate.protocol() == 0 ? 2 * PORTS : candidate.to() - candidate.from();
      int candidateRank = 2 * width + (entry.everyone() ? 1 : 0);
      if (candidateRank < rank) {
        entries.clear();
        rank = candidateRank;
        range = candidate;
        peer = !entry.everyone();
      }
      if (candidateRank == rank && !entries.contains(entry)) {
        entries.add(entry);
      }
    }

    boolean any() {
      return !entries.isEmpty();
    }

    MatchType match() {
      return range == null ? MatchType.NONE : MatchType.of(peer, range);
    }

    Decision decision(Verdict verdict, MatchType match) {
      List<RuleOrigin> origins = new ArrayList<>(entries.size());
      List<String> log = new ArrayList<>(0);
      for (ActiveEntry entry : entries) {
        if (entry.origin() != null) {
          origins.add(entry.origin());
        }
        if (!entry.log().isEmpty()) {
          log.add(entry.log());
        }
      }
      return new Decision(verdict, match, RuleOrigins.of(origins), log);
    }
  }
}
