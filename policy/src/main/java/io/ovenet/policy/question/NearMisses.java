package io.ovenet.policy.question;

import io.ovenet.policy.Cidr;
import io.ovenet.policy.CidrSelector;
import io.ovenet.policy.EndpointSelector;
import io.ovenet.policy.Label;
import io.ovenet.policy.LabelKeys;
import io.ovenet.policy.LabelRequirement;
import io.ovenet.policy.Labels;
import io.ovenet.policy.NamedPort;
import io.ovenet.policy.NamedPorts;
import io.ovenet.policy.PeerSelector;
import io.ovenet.policy.Peers;
import io.ovenet.policy.PolicyObject;
import io.ovenet.policy.PortName;
import io.ovenet.policy.PortRange;
import io.ovenet.policy.Rule;
import io.ovenet.policy.RuleEffect;
import io.ovenet.policy.RuleEntry;
import io.ovenet.policy.TrafficDirection;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Finds allow rules that miss a connection by little: a label, an address, a port. */
final class NearMisses {
  private static final int MOST_CONDITIONS = 2;
  private static final int MOST_RULES = 5;

  private final Party subject;
  private final TrafficDirection direction;
  private final Party peer;
  private final PortRange asked;

  /** For one connection. */
  NearMisses(Party subject, TrafficDirection direction, Party peer, PortRange asked) {
    this.subject = subject;
    this.direction = direction;
    this.peer = peer;
    this.asked = asked;
  }

  /** Those that miss by the least, best first. */
  List<NearMiss> among(Collection<PolicyObject> policies) {
    List<NearMiss> misses = new ArrayList<>();
    for (PolicyObject policy : policies) {
      for (Rule rule : policy.rules()) {
        List<String> ofSubject =
            conditions(
                rule.subject(),
                subject,
                direction == TrafficDirection.INGRESS ? "the destination" : "the source");
        if (ofSubject.size() > 1) {
          continue;
        }
        for (RuleEntry entry : rule.entries()) {
          if (entry.direction() == direction && entry.effect() == RuleEffect.ALLOW) {
            add(ofSubject, entry, misses);
          }
        }
      }
    }
    misses.sort(
        Comparator.<NearMiss>comparingInt(miss -> miss.conditions().size())
            .thenComparing(NearMiss::rule));
    return List.copyOf(misses.subList(0, Math.min(MOST_RULES, misses.size())));
  }

  private void add(List<String> ofSubject, RuleEntry entry, List<NearMiss> misses) {
    List<String> ofPeer = ofPeer(entry.peers());
    if (ofPeer == null) {
      return;
    }
    List<String> conditions = new ArrayList<>(ofSubject);
    conditions.addAll(ofPeer);
    String port = ofPort(entry);
    if (port != null) {
      conditions.add(port);
    }
    if (!conditions.isEmpty() && conditions.size() <= MOST_CONDITIONS) {
      misses.add(new NearMiss(entry.origin(), conditions));
    }
  }

  /** Of the selector that misses by the least; null if none comes near. */
  private @Nullable List<String> ofPeer(Peers peers) {
    if (!(peers instanceof Peers.Selected selected)) {
      return List.of();
    }
    String who = direction == TrafficDirection.INGRESS ? "the source" : "the destination";
    List<String> best = null;
    for (PeerSelector selector : selected.selectors()) {
      List<String> conditions =
          switch (selector) {
            case EndpointSelector endpoints -> conditions(endpoints, peer, who);
            case CidrSelector cidr -> ofCidr(cidr, who);
          };
      if (conditions.size() <= MOST_CONDITIONS
          && (best == null || conditions.size() < best.size())) {
        best = conditions;
      }
    }
    return best;
  }

  private List<String> ofCidr(CidrSelector selector, String who) {
    Cidr address = peer.address();
    if (address == null) {
      return List.of(who + " were an address in " + selector.cidr(), "it were outside the cluster");
    }
    List<String> conditions = new ArrayList<>();
    if (!selector.cidr().contains(address)) {
      conditions.add(who + " were in " + selector.cidr() + " (it is " + text(address) + ")");
    }
    for (Cidr hole : selector.except()) {
      if (hole.contains(address)) {
        conditions.add(who + " were not in the exception " + hole);
      }
    }
    if (peer.isPod() && !selector.pods()) {
      conditions.add(who + " were outside the cluster: a CIDR never selects pods, labels do");
    }
    return conditions;
  }

  private static String text(Cidr address) {
    String text = address.toString();
    return text.endsWith("/32") ? text.substring(0, text.length() - 3) : text;
  }

  private static List<String> conditions(EndpointSelector selector, Party party, String who) {
    List<String> conditions = new ArrayList<>();
    for (LabelRequirement requirement : selector.requirements()) {
      if (!requirement.matches(party.labels())) {
        conditions.add(condition(requirement, party.labels(), who));
      }
    }
    return conditions;
  }

  private static String condition(LabelRequirement requirement, Labels labels, String who) {
    String key = requirement.key();
    String is = valueOf(requirement, labels);
    String values = String.join(" or ", quoted(requirement.values()));
    return switch (requirement.operator()) {
      case IN ->
          key.equals(LabelKeys.NAMESPACE)
              ? who
                  + " were in namespace "
                  + values
                  + (is == null ? "" : " (it is in `" + is + "`)")
              : "the label `"
                  + key
                  + "` of "
                  + who
                  + " were "
                  + values
                  + (is == null ? " (it has none)" : " (it is `" + is + "`)");
      case NOT_IN -> "the label `" + key + "` of " + who + " were not `" + is + "`";
      case EXISTS ->
          requirement.source().equals(Label.RESERVED)
              ? who + " were the entity " + key
              : key.equals(LabelKeys.NAMESPACE)
                  ? who + " were a pod"
                  : who + " had the label `" + key + "`";
      case DOES_NOT_EXIST -> who + " had no label `" + key + "` (it is `" + is + "`)";
    };
  }

  private static List<String> quoted(List<String> values) {
    List<String> quoted = new ArrayList<>(values.size());
    values.forEach(value -> quoted.add("`" + value + "`"));
    return quoted;
  }

  private static @Nullable String valueOf(LabelRequirement requirement, Labels labels) {
    for (Label label : labels.asList()) {
      if (label.key().equals(requirement.key())
          && (requirement.source().equals(LabelRequirement.ANY_SOURCE)
              || requirement.source().equals(label.source()))) {
        return label.value();
      }
    }
    return null;
  }

  /** Null if the port matches. */
  private @Nullable String ofPort(RuleEntry entry) {
    for (PortRange range : entry.ports()) {
      if (range.covers(asked.protocol(), asked.from())) {
        return null;
      }
    }
    NamedPorts named = direction == TrafficDirection.INGRESS ? subject.ports() : peer.ports();
    List<String> texts = new ArrayList<>();
    entry.ports().forEach(range -> texts.add(range.toString()));
    for (PortName name : entry.names()) {
      for (NamedPort port : named.ports()) {
        if (port.name().equals(name.name()) && port.protocol() == name.protocol()) {
          if (port.protocol() == asked.protocol() && port.port() == asked.from()) {
            return null;
          }
          texts.add(port.toString());
        }
      }
      if (texts.isEmpty()) {
        texts.add(name.toString());
      }
    }
    return "it were to " + String.join(" or ", texts) + " (it is to " + asked + ")";
  }
}
