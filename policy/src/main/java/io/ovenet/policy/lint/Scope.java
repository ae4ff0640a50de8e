package io.ovenet.policy.lint;

import io.ovenet.policy.CidrSelector;
import io.ovenet.policy.EndpointSelector;
import io.ovenet.policy.Label;
import io.ovenet.policy.LabelRequirement;
import io.ovenet.policy.PeerSelector;
import io.ovenet.policy.Peers;
import io.ovenet.policy.PortName;
import io.ovenet.policy.PortRange;
import io.ovenet.policy.Rule;
import io.ovenet.policy.RuleEntry;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/** What an entry of a rule is about, as far as is known: to tell whether another covers it. */
final class Scope {
  final Rule rule;
  final RuleEntry entry;
  final BitSet subjects;
  private final boolean everyone;

  /** Pods among the peers. */
  private final BitSet pods = new BitSet();

  /** Peers that are no pods: reserved, by their selectors, and prefixes. */
  private final Set<EndpointSelector> reserved = new HashSet<>();

  private final List<CidrSelector> prefixes = new ArrayList<>();

  Scope(Rule rule, RuleEntry entry, Population population) {
    this.rule = rule;
    this.entry = entry;
    this.subjects = population.selectedBy(rule.subject());
    this.everyone = entry.peers() instanceof Peers.Everyone;
    if (entry.peers() instanceof Peers.Selected selected) {
      for (PeerSelector selector : selected.selectors()) {
        switch (selector) {
          case EndpointSelector endpoints -> {
            pods.or(population.selectedBy(endpoints));
            if (mayBeNoPod(endpoints)) {
              reserved.add(endpoints);
            }
          }
          case CidrSelector cidr -> prefixes.add(cidr);
        }
      }
    }
  }

  /** Whether it may select nodes, the host or the world. */
  static boolean mayBeNoPod(EndpointSelector selector) {
    for (LabelRequirement requirement : selector.requirements()) {
      boolean asks =
          requirement.operator() == LabelRequirement.Operator.IN
              || requirement.operator() == LabelRequirement.Operator.EXISTS;
      if (asks && !requirement.source().equals(Label.RESERVED)) {
        return false;
      }
    }
    return true;
  }

  /** Whether nobody is among the peers as far as is known. */
  boolean hasNoPeers() {
    return !everyone && pods.isEmpty() && reserved.isEmpty() && prefixes.isEmpty();
  }

  /** Whether all that the other is about, this is about, too. */
  boolean covers(Scope other) {
    return contains(subjects, other.subjects) && coversPeers(other) && coversPorts(other.entry);
  }

  private static boolean contains(BitSet all, BitSet part) {
    BitSet rest = (BitSet) part.clone();
    rest.andNot(all);
    return rest.isEmpty();
  }

  private boolean coversPeers(Scope other) {
    if (everyone) {
      return true;
    }
    return !other.everyone
        && contains(pods, other.pods)
        && reserved.containsAll(other.reserved)
        && other.prefixes.stream().allMatch(this::coversPrefix);
  }

  private boolean coversPrefix(CidrSelector other) {
    for (CidrSelector own : prefixes) {
      if (own.cidr().contains(other.cidr())
          && (own.pods() || !other.pods())
          && own.except().stream()
              .allMatch(hole -> other.except().stream().anyMatch(o -> o.contains(hole)))) {
        return true;
      }
    }
    return false;
  }

  private boolean coversPorts(RuleEntry other) {
    for (PortRange range : other.ports()) {
      if (!covers(range)) {
        return false;
      }
    }
    for (PortName name : other.names()) {
      if (!entry.names().contains(name) && !covers(PortRange.all(name.protocol()))) {
        return false;
      }
    }
    return true;
  }

  private boolean covers(PortRange other) {
    for (PortRange own : entry.ports()) {
      if (own.protocol() == 0
          || (own.protocol() == other.protocol()
              && own.from() <= other.from()
              && other.to() <= own.to())) {
        return true;
      }
    }
    return false;
  }
}
