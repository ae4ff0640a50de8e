package io.ovenet.policy;

import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableSet;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * All questions that can be asked about a world, in classes that no rule tells apart, so that every
 * one of them is answered when one of each class is. Works on the rules alone: it shares nothing
 * with the classes that the compiled tables are made of, nor with how selectors match labels.
 *
 * <p>Divided are identities wherever a key or value that a selector names tells two apart,
 * addresses at every prefix and every hole, named ports, protocols, and ports and ICMP types at
 * every boundary that a rule names. Immutable.
 */
public final class QuestionClasses {
  private static final List<Integer> PROTOCOLS =
      List.of(PortRange.TCP, PortRange.UDP, PortRange.SCTP, PortRange.ICMP, PortRange.ICMPV6);
  private static final int PORTS = 1 << 16;

  /**
   * Who may be at the other end.
   *
   * @param address a pod's own or one outside the cluster, of its whole length; else null
   */
  public record Peer(Labels labels, @Nullable Cidr address, NamedPorts ports) {}

  /** Takes a question. */
  @FunctionalInterface
  public interface Asker<S, P> {
    /**
     * Asks it.
     *
     * @param direction of the packet as the subject sees it
     * @param port destination port; for ICMP the type in the high byte
     */
    void ask(S subject, TrafficDirection direction, P peer, int protocol, int port);
  }

  /**
   * How much there was to ask.
   *
   * @param subjects classes of subjects
   * @param classes of subject, direction, peer, and protocol with ports
   * @param questions asked: of a class with more than one port the first and the last
   */
  public record Count(int subjects, long classes, long questions) {}

  /** What rules can tell two identities apart by. */
  private record Facts(
      List<String> labels, @Nullable Cidr prefix, NamedPorts ports, boolean audit) {}

  private final List<Rule> rules = new ArrayList<>();
  private final LabelFacts subjectFacts = new LabelFacts();

  /**
   * Of policies and what they may name.
   *
   * @param groups that there are
   */
  public QuestionClasses(
      Collection<PolicyObject> policies, Collection<? extends PeerGroup> groups) {
    PeerGroups known = new PeerGroups();
    groups.forEach(group -> known.put(group.id(), group));
    for (PolicyObject policy : policies) {
      rules.addAll(known.resolve(policy.rules()));
    }
    for (Rule rule : rules) {
      subjectFacts.name(rule.subject());
    }
  }

  /**
   * Asks about everything once.
   *
   * @param subjects at least one of every kind there is
   * @param peers likewise; of addresses outside, those that {@link #outside} names
   */
  public <S, P> Count forEach(
      Collection<S> subjects,
      Function<S, PolicySubject> subjectOf,
      Collection<P> peers,
      Function<P, Peer> peerOf,
      Asker<S, P> asker) {
    int subjectCount = 0;
    long classes = 0;
    long questions = 0;
    for (List<S> same : subjects(subjects, subjectOf)) {
      S subject = same.getFirst();
      subjectCount++;
      for (TrafficDirection direction : TrafficDirection.values()) {
        List<List<P>> others = peers(subjectOf.apply(subject), direction, peers, peerOf);
        List<NamedPorts> ports = new ArrayList<>();
        others.forEach(other -> ports.add(peerOf.apply(other.getFirst()).ports()));
        List<PortRange> traffic = traffic(subjectOf.apply(subject), direction, ports);
        for (List<P> other : others) {
          for (PortRange range : traffic) {
            classes++;
            questions++;
            asker.ask(subject, direction, other.getFirst(), range.protocol(), range.from());
            if (range.to() > range.from()) {
              questions++;
              asker.ask(subject, direction, other.getFirst(), range.protocol(), range.to());
            }
          }
        }
      }
    }
    return new Count(subjectCount, classes, questions);
  }

  /** Subjects of which all rules say the same, together. */
  public <S> List<List<S>> subjects(Collection<S> all, Function<S, PolicySubject> subjectOf) {
    Set<PortName> names = new TreeSet<>();
    rules.forEach(rule -> names.addAll(namesOf(rule, TrafficDirection.INGRESS)));
    return divide(
        all,
        member -> {
          PolicySubject subject = subjectOf.apply(member);
          return new Facts(
              subjectFacts.of(subject.labels()),
              null,
              subject.ports().only(names::contains),
              subject.audit());
        });
  }

  /** Peers that the subject's rules of this direction don't tell apart, together. */
  public <P> List<List<P>> peers(
      PolicySubject subject,
      TrafficDirection direction,
      Collection<P> all,
      Function<P, Peer> peerOf) {
    LabelFacts facts = new LabelFacts();
    Set<Cidr> prefixes = new TreeSet<>();
    Set<PortName> names = new TreeSet<>();
    for (Rule rule : rulesOf(subject)) {
      for (PeerSelector selector : selectorsOf(rule, direction)) {
        switch (selector) {
          case EndpointSelector labels -> facts.name(labels);
          case CidrSelector cidr -> addPrefixes(cidr, prefixes);
        }
      }
      if (direction == TrafficDirection.EGRESS) {
        names.addAll(namesOf(rule, direction));
      }
    }
    return divide(
        all,
        member -> {
          Peer peer = peerOf.apply(member);
          return new Facts(
              facts.of(peer.labels()),
              peer.address() == null ? null : longest(prefixes, peer.address()),
              peer.ports().only(names::contains),
              CidrSelector.isPod(peer.labels()));
        });
  }

  /**
   * Protocols with ports, or ICMP types, that the subject's rules of this direction don't tell
   * apart. One protocol that none of them names stands for all such.
   *
   * @param peers the named ports that peers have
   */
  public List<PortRange> traffic(
      PolicySubject subject, TrafficDirection direction, Collection<NamedPorts> peers) {
    Map<Integer, NavigableSet<Integer>> starts = new LinkedHashMap<>();
    PROTOCOLS.forEach(protocol -> starts.put(protocol, new TreeSet<>(Set.of(0))));
    Collection<NamedPorts> owners =
        direction == TrafficDirection.INGRESS ? List.of(subject.ports()) : peers;
    for (Rule rule : rulesOf(subject)) {
      for (RuleEntry entry : rule.entries()) {
        if (entry.direction() != direction) {
          continue;
        }
        entry.ports().forEach(range -> bound(range, starts));
        for (PortName name : entry.names()) {
          owners.forEach(ports -> ports.named(name).forEach(range -> bound(range, starts)));
        }
      }
    }
    int unnamed = 1;
    while (starts.containsKey(unnamed)) {
      unnamed++;
    }
    List<PortRange> traffic = new ArrayList<>(List.of(PortRange.all(unnamed)));
    starts.forEach(
        (protocol, ports) -> {
          for (int from : ports) {
            Integer next = ports.higher(from);
            traffic.add(new PortRange(protocol, from, next == null ? PORTS - 1 : next - 1));
          }
        });
    return traffic;
  }

  private static void bound(PortRange range, Map<Integer, NavigableSet<Integer>> starts) {
    if (range.protocol() == 0) {
      return;
    }
    NavigableSet<Integer> ports =
        starts.computeIfAbsent(range.protocol(), _ -> new TreeSet<>(Set.of(0)));
    ports.add(range.from());
    if (range.to() + 1 < PORTS) {
      ports.add(range.to() + 1);
    }
  }

  /**
   * An address of each part into which the rules' prefixes divide what lies outside the cluster; a
   * prefix that others fill has none.
   *
   * @param inside addresses of the cluster, which are not given
   */
  public List<Cidr> outside(Collection<Cidr> inside) {
    TreeSet<Cidr> prefixes = new TreeSet<>(List.of(Cidr.ALL_IPV4, Cidr.ALL_IPV6));
    for (Rule rule : rules) {
      for (TrafficDirection direction : TrafficDirection.values()) {
        for (PeerSelector selector : selectorsOf(rule, direction)) {
          if (selector instanceof CidrSelector cidr) {
            addPrefixes(cidr, prefixes);
          }
        }
      }
    }
    TreeSet<Cidr> holes = new TreeSet<>(prefixes);
    holes.addAll(inside);
    List<Cidr> addresses = new ArrayList<>();
    for (Cidr prefix : prefixes) {
      Cidr address = free(prefix, holes);
      if (address != null && !inside.contains(address)) {
        addresses.add(address);
      }
    }
    return addresses;
  }

  /** The first address of a prefix that no smaller one holds. */
  private static @Nullable Cidr free(Cidr prefix, NavigableSet<Cidr> holes) {
    int bits = prefix.ipv6() ? 128 : 32;
    Cidr candidate = new Cidr(prefix.ipv6(), prefix.high(), prefix.low(), bits);
    for (Cidr hole : holes.tailSet(prefix, false)) {
      if (!prefix.contains(hole)) {
        break;
      }
      // Sorted: whoever holds the candidate comes before what begins after it.
      if (hole.contains(candidate)) {
        Cidr next = after(hole);
        if (next == null || !prefix.contains(next)) {
          return null;
        }
        candidate = next;
      }
    }
    return candidate;
  }

  /** The first address behind a prefix, null if there is none. */
  private static @Nullable Cidr after(Cidr prefix) {
    if (!prefix.ipv6()) {
      long next = prefix.low() + (1L << (32 - prefix.length()));
      return next > 0xffff_ffffL ? null : new Cidr(false, 0, next, 32);
    }
    long low = prefix.low();
    long high = prefix.high();
    if (prefix.length() > 64) {
      low += 1L << (128 - prefix.length());
      high += low == 0 ? 1 : 0;
    } else {
      high += prefix.length() == 0 ? 0 : 1L << (64 - prefix.length());
    }
    return high == 0 && low == 0 ? null : new Cidr(true, high, low, 128);
  }

  private List<Rule> rulesOf(PolicySubject subject) {
    List<Rule> selecting = new ArrayList<>();
    for (Rule rule : rules) {
      if (rule.selects(subject.labels())) {
        selecting.add(rule);
      }
    }
    return selecting;
  }

  private static List<PeerSelector> selectorsOf(Rule rule, TrafficDirection direction) {
    List<PeerSelector> selectors = new ArrayList<>();
    for (RuleEntry entry : rule.entries()) {
      if (entry.direction() == direction && entry.peers() instanceof Peers.Selected selected) {
        selectors.addAll(selected.selectors());
      }
    }
    return selectors;
  }

  private static List<PortName> namesOf(Rule rule, TrafficDirection direction) {
    List<PortName> names = new ArrayList<>();
    for (RuleEntry entry : rule.entries()) {
      if (entry.direction() == direction) {
        names.addAll(entry.names());
      }
    }
    return names;
  }

  private static void addPrefixes(CidrSelector selector, Set<Cidr> prefixes) {
    prefixes.add(selector.cidr());
    prefixes.addAll(selector.except());
  }

  private static @Nullable Cidr longest(Set<Cidr> prefixes, Cidr address) {
    Cidr longest = null;
    for (Cidr prefix : prefixes) {
      if (prefix.contains(address) && (longest == null || prefix.length() > longest.length())) {
        longest = prefix;
      }
    }
    return longest;
  }

  private static <T> List<List<T>> divide(Collection<T> all, Function<T, Facts> facts) {
    Map<Facts, List<T>> classes = new LinkedHashMap<>();
    for (T member : all) {
      classes.computeIfAbsent(facts.apply(member), _ -> new ArrayList<>()).add(member);
    }
    return List.copyOf(classes.values());
  }

  /** What selectors can see of labels: the keys they name, and of these the values they name. */
  private static final class LabelFacts {
    private final Map<String, Set<String>> named = new HashMap<>();

    /** Whoever is reserved is told apart in any case: the local host gets in, init is enforced. */
    List<String> of(Labels labels) {
      TreeSet<String> facts = new TreeSet<>();
      for (Label label : labels.asList()) {
        Set<String> values = named.get(label.key());
        if (values != null) {
          facts.add(values.contains(label.value()) ? label.toString() : label.extendedKey() + "≠");
        } else if (label.source().equals(Label.RESERVED)) {
          facts.add(label.toString());
        }
      }
      return List.copyOf(facts);
    }

    void name(EndpointSelector selector) {
      for (LabelRequirement requirement : selector.requirements()) {
        named.computeIfAbsent(requirement.key(), _ -> new TreeSet<>()).addAll(requirement.values());
      }
    }
  }
}
