package io.ovenet.ui;

import io.grpc.StatusRuntimeException;
import io.ovenet.kubernetes.policy.ParsedPolicy;
import io.ovenet.kubernetes.question.Groups;
import io.ovenet.kubernetes.world.ClusterState;
import io.ovenet.kubernetes.world.PolicyDocument;
import io.ovenet.kubernetes.world.Source;
import io.ovenet.kubernetes.world.StateReader;
import io.ovenet.kubernetes.world.YamlFiles;
import io.ovenet.policy.PolicyKey;
import io.ovenet.policy.PolicyNotice;
import io.ovenet.policy.PortRange;
import io.ovenet.policy.TrafficDirection;
import io.ovenet.policy.question.Difference;
import io.ovenet.policy.question.Judge;
import io.ovenet.policy.question.Party;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * What a change of policies would open and close, and which connections that were seen it would
 * have stopped. One change at a time; the tables with the change are made from those of the last
 * one.
 */
final class WhatIf {
  private static final int MOST_BROKEN = 200;

  private final Questions questions;
  private final ServiceMap map;
  private final Pasts pasts;
  private @Nullable ClusterState of;
  private @Nullable Judge after;

  WhatIf(Questions questions, ServiceMap map, Pasts pasts) {
    this.pasts = pasts;
    this.questions = questions;
    this.map = map;
  }

  /**
   * Answers.
   *
   * @param yaml policies as they would be applied
   * @param deleted policies that would be deleted, as {@code kind namespace/name}
   * @param hours how far back the ledger is asked what it would have stopped, 0 for not
   */
  synchronized Map<String, Object> answer(String yaml, List<String> deleted, Groups by, int hours)
      throws IOException {
    ClusterState before = questions.state();
    Map<String, Object> answer = new LinkedHashMap<>();
    Map<PolicyKey, PolicyDocument> changed;
    List<Object> problems = new ArrayList<>();
    try {
      StateReader reader = new StateReader(before.settings());
      YamlFiles.read("policy.yaml", yaml, reader::add);
      changed = reader.state().policies();
    } catch (IOException e) {
      answer.put("problems", List.of(problem(lineOf(e), String.valueOf(e.getMessage()), "")));
      return answer;
    }
    for (PolicyDocument policy : changed.values()) {
      if (policy.parsed() instanceof ParsedPolicy.Invalid(var key, var error, var isolation)) {
        problems.add(problem(policy.source(), error));
      }
    }
    answer.put("problems", problems);
    answer.put("policies", (long) changed.size());
    if (!problems.isEmpty() || (changed.isEmpty() && deleted.isEmpty())) {
      return answer;
    }
    TreeSet<PolicyKey> gone = new TreeSet<>();
    for (PolicyKey key : before.policies().keySet()) {
      if (deleted.contains(key.toString())) {
        gone.add(key);
      }
    }
    synchronized (questions) {
      Judge was = questions.judge(before);
      Judge is = afterOf(before);
      changed.values().forEach(policy -> is.apply(policy.object()));
      gone.forEach(is::withdraw);
      try {
        List<Object> changes = new ArrayList<>();
        for (Difference.Change change : Difference.of(was, is, by.all(before))) {
          Map<String, Object> object = new LinkedHashMap<>();
          object.put("from", change.from());
          object.put("to", change.to());
          object.put("opened", change.opened().isEmpty() ? "" : change.opened().toString());
          object.put("closed", change.closed().isEmpty() ? "" : change.closed().toString());
          object.put("pairs", change.pairs());
          changes.add(object);
        }
        answer.put("by", by.toString());
        answer.put("changes", changes);
        connections(before, is, answer);
        if (hours > 0) {
          past(before, was, is, hours, answer);
        }
      } finally {
        restore(before, is, changed, gone);
      }
    }
    return answer;
  }

  private void past(
      ClusterState state, Judge was, Judge is, int hours, Map<String, Object> answer) {
    try {
      answer.put("past", new Broken(state, was, is).json(pasts.last(Duration.ofHours(hours))));
    } catch (StatusRuntimeException e) {
      answer.put("pastFailure", "the Hubble server: " + e.getStatus().getCode());
    }
  }

  private Judge afterOf(ClusterState before) {
    Judge known = after;
    if (known == null || !before.equals(of)) {
      known = before.judge(before.pods());
      after = known;
      of = before;
    }
    return known;
  }

  private static void restore(
      ClusterState before,
      Judge judge,
      Map<PolicyKey, PolicyDocument> changed,
      Set<PolicyKey> gone) {
    Map<PolicyKey, PolicyDocument> touched = new TreeMap<>(changed);
    gone.forEach(key -> touched.putIfAbsent(key, before.policies().get(key)));
    for (PolicyKey key : touched.keySet()) {
      PolicyDocument old = before.policies().get(key);
      if (old == null) {
        judge.withdraw(key);
      } else {
        judge.apply(old.object());
      }
    }
  }

  /** Connections that were seen, by what the change would have done to them. */
  private void connections(ClusterState state, Judge after, Map<String, Object> answer) {
    Parties parties = new Parties(state);
    List<Object> broken = new ArrayList<>();
    long count = 0;
    List<FlowView> passed = map.connections(true);
    for (FlowView view : passed) {
      if (!passes(after, parties, view)) {
        count++;
        if (broken.size() < MOST_BROKEN) {
          broken.add(view.json());
        }
      }
    }
    List<Object> mended = new ArrayList<>();
    long healed = 0;
    List<FlowView> stopped = map.connections(false);
    for (FlowView view : stopped) {
      if (passes(after, parties, view)) {
        healed++;
        if (mended.size() < MOST_BROKEN) {
          mended.add(view.json());
        }
      }
    }
    answer.put("seenPassing", (long) passed.size());
    answer.put("broken", broken);
    answer.put("brokenCount", count);
    answer.put("seenDropped", (long) stopped.size());
    answer.put("mended", mended);
    answer.put("mendedCount", healed);
  }

  private static boolean passes(Judge judge, Parties parties, FlowView view) {
    Party from = parties.source(view);
    Party to = parties.destination(view);
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
      // Nothing is known that would change it: it goes on as it went.
      return !view.isDropped();
    }
    int port = view.destinationPort();
    return (!from.isEndpoint()
            || judge.ask(from, TrafficDirection.EGRESS, to, protocol, port).passes())
        && (!to.isEndpoint()
            || judge.ask(to, TrafficDirection.INGRESS, from, protocol, port).passes());
  }

  private static Map<String, Object> problem(@Nullable Source source, PolicyNotice error) {
    int line = source == null ? 1 : source.line(error.path());
    return problem(line, error.path() + ": " + error.message(), error.remedy());
  }

  private static Map<String, Object> problem(int line, String message, String remedy) {
    Map<String, Object> object = new LinkedHashMap<>();
    object.put("line", (long) line);
    object.put("message", message);
    object.put("remedy", remedy);
    return object;
  }

  /** SnakeYAML says {@code line 3, column 5}; the last mark is where it gave up. */
  private static int lineOf(IOException failure) {
    var line = java.util.regex.Pattern.compile("line ([0-9]{1,7}), column");
    var matcher = line.matcher(String.valueOf(failure.getMessage()));
    int last = 1;
    while (matcher.find()) {
      last = Integer.parseInt(matcher.group(1));
    }
    return last;
  }
}
