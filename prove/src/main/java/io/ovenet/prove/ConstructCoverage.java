package io.ovenet.prove;

import io.ovenet.policy.Labels;
import io.ovenet.policy.PolicySubject;
import io.ovenet.policy.ReservedIdentity;
import io.ovenet.policy.naive.Construct;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * Counts decisions by the constructs that they were about: those of the policies that select the
 * subject, in the direction asked, where the question touches them. Not thread-safe.
 */
final class ConstructCoverage {
  private record Side(PolicySubject subject, boolean ingress) {}

  private final Map<Construct, Long> counts = new EnumMap<>(Construct.class);
  private final Map<Side, Set<Construct>> present = new HashMap<>();

  ConstructCoverage() {
    for (var construct : Construct.values()) {
      counts.put(construct, 0L);
    }
  }

  /** The world is another now. */
  void changed() {
    present.clear();
  }

  Map<Construct, Long> counts() {
    return new EnumMap<>(counts);
  }

  /**
   * Counts a decision.
   *
   * @param overAllow whether a rule denies what another allows
   */
  void count(RandomWorld world, Question question, boolean overAllow) {
    var side = new Side(question.subject(), question.ingress());
    var there = present.computeIfAbsent(side, s -> of(world, s));
    for (var construct : Construct.values()) {
      if (touches(construct, question, overAllow, there.contains(construct))) {
        counts.merge(construct, 1L, Long::sum);
      }
    }
  }

  private static boolean touches(
      Construct construct, Question question, boolean overAllow, boolean there) {
    var peer = question.peer();
    boolean ports = Set.of(6, 17, 132).contains(question.protocol());
    return switch (construct) {
      case WHICH_RULE_WINS -> overAllow;
      case LOCAL_HOST -> question.ingress() && question.isAboutHost() && there;
      case NODES -> there && peer.labels().isReserved(ReservedIdentity.REMOTE_NODE);
      case PEER_SELECTORS -> there && isPod(peer.labels());
      case CIDR -> there && peer.address() != null;
      case NAMED_PORTS, PORTS, L7_LISTS -> there && ports;
      case DNS_WITH_ANY -> there && question.port() == 53;
      case ICMP -> there && question.icmp();
      case EMPTY_LISTS,
          SERVICES,
          DEFAULT_DENY_OFF,
          EVERY_ENDPOINT,
          ENTITIES,
          POLICY_TYPES,
          LABELS,
          AUTHENTICATION ->
          there;
    };
  }

  private static boolean isPod(Labels labels) {
    return labels.asList().stream().anyMatch(l -> l.key().equals("io.kubernetes.pod.namespace"));
  }

  private static Set<Construct> of(RandomWorld world, Side side) {
    var found = EnumSet.noneOf(Construct.class);
    for (var document : world.documents.values()) {
      for (var rule : world.parse(document).object().rules()) {
        if (rule.subject().matches(side.subject.labels())) {
          add(found, document, spec(document, rule.origin().fieldPath()), side.ingress);
        }
      }
    }
    return found;
  }

  private static Map<?, ?> spec(Map<String, Object> document, String path) {
    if (path.startsWith("specs[") && document.get("specs") instanceof List<?> specs) {
      var index = Integer.parseInt(path.substring("specs[".length(), path.indexOf(']')));
      return (Map<?, ?>) Objects.requireNonNull(specs.get(index));
    }
    return (Map<?, ?>) Objects.requireNonNull(document.get("spec"));
  }

  private static void add(
      Set<Construct> found, Map<String, Object> document, Map<?, ?> spec, boolean ingress) {
    found.add(Construct.LOCAL_HOST);
    var direction = ingress ? "ingress" : "egress";
    var kubernetes = "NetworkPolicy".equals(document.get("kind"));
    if (spec.get("enableDefaultDeny") instanceof Map<?, ?> wanted
        && Boolean.FALSE.equals(wanted.get(direction))) {
      found.add(Construct.DEFAULT_DENY_OFF);
    }
    if ("CiliumClusterwideNetworkPolicy".equals(document.get("kind"))
        && Map.of().equals(spec.get("endpointSelector"))) {
      found.add(Construct.EVERY_ENDPOINT);
    }
    if (kubernetes
        && spec.get("policyTypes") instanceof List<?> types
        && types.size() == 1
        && !types.contains(ingress ? "Ingress" : "Egress")
        && spec.get(direction) instanceof List<?> ignored
        && !ignored.isEmpty()) {
      found.add(Construct.POLICY_TYPES);
    }
    for (var list : List.of(direction, direction + "Deny")) {
      if (spec.get(list) instanceof List<?> rules) {
        if (rules.isEmpty()) {
          found.add(Construct.EMPTY_LISTS);
        }
        rules.forEach(rule -> add(found, Objects.requireNonNull((Map<?, ?>) rule), ingress));
      }
    }
  }

  private static void add(Set<Construct> found, Map<?, ?> rule, boolean ingress) {
    var prefix = ingress ? "from" : "to";
    if (rule.isEmpty() || rule.values().contains(List.of())) {
      found.add(Construct.EMPTY_LISTS);
    }
    put(found, Construct.PEER_SELECTORS, rule.containsKey(prefix + "Endpoints"));
    put(found, Construct.PEER_SELECTORS, any(rule.get(prefix), m -> m.containsKey("podSelector")));
    put(found, Construct.ENTITIES, rule.containsKey(prefix + "Entities"));
    put(found, Construct.NODES, rule.containsKey(prefix + "Nodes"));
    put(found, Construct.SERVICES, !ingress && rule.containsKey("toServices"));
    put(found, Construct.CIDR, rule.containsKey(prefix + "CIDR"));
    put(found, Construct.CIDR, rule.containsKey(prefix + "CIDRSet"));
    put(found, Construct.CIDR, any(rule.get(prefix), m -> m.containsKey("ipBlock")));
    put(found, Construct.ICMP, rule.containsKey("icmps"));
    put(found, Construct.AUTHENTICATION, rule.containsKey("authentication"));
    put(found, Construct.L7_LISTS, any(rule.get("toPorts"), m -> has(m.get("rules"), "http")));
    put(found, Construct.DNS_WITH_ANY, any(rule.get("toPorts"), m -> has(m.get("rules"), "dns")));
    for (var ports : List.of("toPorts", "ports")) {
      put(found, Construct.PORTS, any(rule.get(ports), m -> any(m, ConstructCoverage::isNumber)));
      put(
          found,
          Construct.NAMED_PORTS,
          any(rule.get(ports), m -> any(m, ConstructCoverage::isName)));
    }
    put(
        found,
        Construct.LABELS,
        any(rule, m -> "NotIn".equals(m.get("operator")) || has(m, "k8s:app") || has(m, "app")));
  }

  private static boolean isNumber(Map<?, ?> map) {
    return map.get("port") != null && !isName(map);
  }

  private static boolean isName(Map<?, ?> map) {
    var port = map.get("port");
    return port instanceof String text && !text.chars().allMatch(Character::isDigit);
  }

  private static boolean has(@Nullable Object value, String key) {
    return value instanceof Map<?, ?> map && map.containsKey(key);
  }

  private static void put(Set<Construct> found, Construct construct, boolean isThere) {
    if (isThere) {
      found.add(construct);
    }
  }

  /** Whether a map of a tree of lists and maps is such a one. */
  private static boolean any(@Nullable Object tree, Predicate<Map<?, ?>> such) {
    return switch (tree) {
      case Map<?, ?> map ->
          such.test(map) || map.values().stream().anyMatch(member -> any(member, such));
      case List<?> list -> list.stream().anyMatch(element -> any(element, such));
      case null -> false;
      default -> false;
    };
  }
}
