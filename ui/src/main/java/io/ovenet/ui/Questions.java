package io.ovenet.ui;

import io.ovenet.kubernetes.policy.ParsedPolicy;
import io.ovenet.kubernetes.question.EndExpression;
import io.ovenet.kubernetes.question.Findings;
import io.ovenet.kubernetes.question.Groups;
import io.ovenet.kubernetes.question.SideText;
import io.ovenet.kubernetes.question.Target;
import io.ovenet.kubernetes.question.YamlText;
import io.ovenet.kubernetes.world.ClusterState;
import io.ovenet.kubernetes.world.PolicyDocument;
import io.ovenet.policy.PortRange;
import io.ovenet.policy.RuleOrigin;
import io.ovenet.policy.TrafficDirection;
import io.ovenet.policy.lint.Finding;
import io.ovenet.policy.question.Judge;
import io.ovenet.policy.question.Matrix;
import io.ovenet.policy.question.Party;
import io.ovenet.policy.question.Reach;
import io.ovenet.policy.question.Why;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What the page asks about policies, by the same library that steers the kernel. One question at a
 * time; what was made for a reading of the cluster is kept until the next.
 */
final class Questions {
  private final ClusterView cluster;
  private long number;
  private @Nullable Judge judge;
  private @Nullable Set<Finding> findings;
  private final Map<Groups, Map<String, Object>> reach = new LinkedHashMap<>();

  Questions(ClusterView cluster) {
    this.cluster = cluster;
  }

  /** The last reading; what was kept of older ones goes. */
  ClusterState state() throws IOException {
    ClusterView.Reading reading = cluster.reading();
    if (reading == null) {
      throw new IOException("the cluster has not been read yet");
    }
    synchronized (this) {
      if (reading.number() != number) {
        number = reading.number();
        judge = null;
        findings = null;
        reach.clear();
      }
    }
    return reading.state();
  }

  synchronized Judge judge(ClusterState state) {
    Judge known = judge;
    if (known == null) {
      known = state.judge(state.pods());
      judge = known;
    }
    return known;
  }

  /** Why a flow's connection passes or not, by the policies of now. */
  synchronized Map<String, Object> why(FlowView view) throws IOException {
    ClusterState state = state();
    Parties parties = new Parties(state);
    // An answer belongs to the connection that it answers.
    Party from = view.isReply() ? parties.destination(view) : parties.source(view);
    Party to = view.isReply() ? parties.source(view) : parties.destination(view);
    int protocol =
        switch (view.protocol()) {
          case "TCP" -> PortRange.TCP;
          case "UDP" -> PortRange.UDP;
          case "SCTP" -> PortRange.SCTP;
          case "ICMP" -> PortRange.ICMP;
          case "ICMPv6" -> PortRange.ICMPV6;
          default -> -1;
        };
    if (from == null || to == null || protocol < 0) {
      return Map.of("unknown", "the flow doesn't say enough of its ends to ask about them");
    }
    return connection(
        state, from, to, protocol, view.isReply() ? view.sourcePort() : view.destinationPort());
  }

  /** As {@code ovenet policy why} puts it. */
  synchronized Map<String, Object> why(String from, String to, String namespace)
      throws IOException {
    ClusterState state = state();
    EndExpression ends = new EndExpression(state, namespace);
    Target target = Target.parse(to);
    List<Object> connections = new ArrayList<>();
    for (Party source : ends.parties(from)) {
      for (Party destination : ends.parties(target.end())) {
        if (connections.size() < 20) {
          connections.add(
              connection(
                  state, source, destination, target.protocol(), target.number(destination)));
        }
      }
    }
    return Map.of("connections", connections);
  }

  private Map<String, Object> connection(
      ClusterState state, Party from, Party to, int protocol, int port) {
    Why why = state.why(judge(state));
    Map<String, Object> connection = new LinkedHashMap<>();
    connection.put("from", from.name());
    connection.put("to", to.name());
    List<Object> sides = new ArrayList<>();
    boolean passes = true;
    for (Why.Side side :
        List.of(
            why.side(from, TrafficDirection.EGRESS, to, protocol, port),
            why.side(to, TrafficDirection.INGRESS, from, protocol, port))) {
      passes &= side.passes();
      sides.add(side(state, side));
    }
    connection.put("allowed", passes);
    connection.put("sides", sides);
    return connection;
  }

  private static Map<String, Object> side(ClusterState state, Why.Side side) {
    Map<String, Object> object = new LinkedHashMap<>(SideText.json(state, side));
    object.put("verdict", SideText.verdict(side));
    object.put("details", SideText.details(state, side));
    List<Object> texts = new ArrayList<>();
    if (side.answer() != null) {
      for (RuleOrigin origin : side.answer().decision().origins().asList()) {
        PolicyDocument policy = state.policies().get(origin.policy());
        if (policy != null) {
          texts.add(text(policy, origin.fieldPath()));
        }
      }
    }
    object.put("texts", texts);
    if (side.proposal() != null) {
      object.put("proposalYaml", YamlText.write(side.proposal().document()));
    }
    return object;
  }

  private static Map<String, Object> text(PolicyDocument policy, String path) {
    PolicyText text = PolicyText.of(policy);
    int[] lines = text.lines(path);
    Map<String, Object> object = new LinkedHashMap<>();
    object.put("policy", policy.key().toString());
    object.put("path", path);
    object.put("yaml", text.yaml());
    object.put("first", (long) lines[0]);
    object.put("last", (long) lines[1]);
    return object;
  }

  /** All policies with what lint finds in each. */
  synchronized Map<String, Object> policies() throws IOException {
    ClusterState state = state();
    Set<Finding> found = findings;
    if (found == null) {
      found = Findings.of(state);
      findings = found;
    }
    Map<Object, List<Object>> byPolicy = new LinkedHashMap<>();
    for (Finding finding : found) {
      Map<String, Object> object = new LinkedHashMap<>();
      object.put("check", finding.check().toString());
      object.put("path", finding.place().fieldPath());
      object.put("message", finding.message());
      object.put("remedy", finding.remedy());
      byPolicy.computeIfAbsent(finding.place().policy(), _ -> new ArrayList<>()).add(object);
    }
    List<Object> list = new ArrayList<>();
    for (PolicyDocument policy : state.policies().values()) {
      Map<String, Object> object = new LinkedHashMap<>();
      object.put("kind", policy.key().kind().toString());
      object.put("namespace", policy.key().namespace());
      object.put("name", policy.key().name());
      object.put("valid", policy.parsed() instanceof ParsedPolicy.Valid);
      object.put("findings", byPolicy.getOrDefault(policy.key(), List.of()));
      list.add(object);
    }
    return Map.of("policies", list);
  }

  /** One policy's text. */
  Map<String, Object> policy(String kind, String namespace, String name) throws IOException {
    for (PolicyDocument policy : state().policies().values()) {
      if (policy.key().kind().toString().equals(kind)
          && policy.key().namespace().equals(namespace)
          && policy.key().name().equals(name)) {
        return Map.of("yaml", PolicyText.of(policy).yaml());
      }
    }
    throw new IllegalArgumentException("there is no policy " + kind + " " + namespace + "/" + name);
  }

  /** Who reaches whom, by namespace or application. */
  synchronized Map<String, Object> reach(String by) throws IOException {
    ClusterState state = state();
    Groups groups = groups(by);
    Map<String, Object> known = reach.get(groups);
    if (known != null) {
      return known;
    }
    Map<String, List<Party>> all = groups.all(state);
    if (all.size() > 300) {
      throw new IllegalArgumentException(
          all.size() + " rows are no matrix that one can read: show it by namespace");
    }
    List<Object> cells = new ArrayList<>();
    for (Matrix.Cell cell : Matrix.of(new Reach(judge(state)), all, all)) {
      Map<String, Object> object = new LinkedHashMap<>();
      object.put("from", cell.from());
      object.put("to", cell.to());
      object.put("open", cell.open().toString());
      object.put(
          "state",
          cell.open().isEmpty() ? "closed" : cell.everywhere().isEverything() ? "all" : "some");
      object.put("everywhere", cell.open().equals(cell.everywhere()));
      object.put("openPairs", cell.openPairs());
      object.put("pairs", cell.pairs());
      cells.add(object);
    }
    Map<String, Object> answer = new LinkedHashMap<>();
    answer.put("by", groups.toString());
    answer.put("groups", List.copyOf(new java.util.TreeSet<>(all.keySet())));
    answer.put("cells", cells);
    reach.put(groups, answer);
    return answer;
  }

  static Groups groups(String by) {
    try {
      return by.isEmpty() ? Groups.APPLICATION : Groups.valueOf(by.toUpperCase(Locale.ROOT));
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException("by=" + by + ": use namespace, application or pod", e);
    }
  }
}
