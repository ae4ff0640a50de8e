package io.ovenet.agent;

import io.ovenet.datapath.Datapath;
import io.ovenet.datapath.PolicyKey;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;

/**
 * How this node is, over the {@link AdminServer}: {@code status}. {@code problems} are sentences
 * that say what to do; none: all is well. Safe for any thread.
 */
final class StatusQuestion {
  private static final double NEARLY_FULL = 0.9;

  private final String node;
  private final BooleanSupplier ready;
  private final Datapath datapath;
  private final Supplier<List<LocalEndpoint>> endpoints;
  private final TableSizes sizes;
  private final PoliciesInForce policies;
  private final PolicyVerifier verifier;
  private final NodeProbes probes;
  private final Instant startedAt = Instant.now();

  StatusQuestion(
      String node,
      BooleanSupplier ready,
      Datapath datapath,
      Supplier<List<LocalEndpoint>> endpoints,
      TableSizes sizes,
      PoliciesInForce policies,
      PolicyVerifier verifier,
      NodeProbes probes) {
    this.node = node;
    this.ready = ready;
    this.datapath = datapath;
    this.endpoints = endpoints;
    this.sizes = sizes;
    this.policies = policies;
    this.verifier = verifier;
    this.probes = probes;
  }

  void offer(AdminServer server) {
    server.offer("status", _ -> answer());
  }

  private Map<String, ?> answer() {
    var problems = new ArrayList<String>();
    var answer = new LinkedHashMap<String, Object>();
    answer.put("node", node);
    answer.put("runsSeconds", Duration.between(startedAt, Instant.now()).toSeconds());
    answer.put("ready", ready.getAsBoolean());
    if (!ready.getAsBoolean()) {
      problems.add(
          "no pod can be added yet: the agent waits for the API server, or for the operator to"
              + " give this node a pod CIDR; its log says for what");
    }
    answer.put("endpoints", endpoints(problems));
    answer.put("policies", policies(problems));
    var report = verifier.last();
    if (report != null) {
      answer.put("verification", report.fields());
      if (!report.wrong().isEmpty()) {
        problems.add(
            "the kernel decides otherwise than policies say in "
                + report.wrong().size()
                + " cases: restart this node's agent, which writes the tables anew");
      }
    }
    answer.put("tables", tables(problems));
    answer.put("drops", drops());
    var events = datapath.eventCounter();
    answer.put("events", Map.of("written", events.written(), "lost", events.lost()));
    answer.put("disagreements", disagreements());
    answer.put("nodes", nodes(problems));
    answer.put("problems", problems);
    return answer;
  }

  private Map<String, ?> endpoints(List<String> problems) {
    int all = 0;
    for (var endpoint : endpoints.get()) {
      all++;
      var who = endpoint.namespace() + "/" + endpoint.pod();
      if (!datapath.isEndpointAttached(endpoint.hostIfindex())) {
        problems.add(
            who
                + ": the programs are not on its device "
                + endpoint.hostInterface()
                + "; the agent puts them back, and the pod passes nothing until then");
      } else if (datapath.endpoints().get(endpoint.id()) == null) {
        problems.add(who + ": nothing passes yet, its policy is not in force");
      }
    }
    return Map.of("total", all);
  }

  private Map<String, ?> policies(List<String> problems) {
    int all = 0;
    int behind = 0;
    for (var policy : policies.all()) {
      all++;
      behind += policy.isBehind() ? 1 : 0;
      var wanted = policy.wanted();
      if (wanted != null && policy.isInvalid()) {
        problems.add(
            policy.key()
                + " is not valid, so "
                + switch (wanted.standing()) {
                  case LAST_VALID -> "its last valid version stays in force: ";
                  case ISOLATED -> "what it selects is isolated: ";
                  case CURRENT, NO_EFFECT -> "it has no effect: ";
                }
                + wanted.error());
      }
    }
    var failure = policies.failure();
    if (!failure.isEmpty()) {
      problems.add("the kernel is not at what policies say: " + failure);
    }
    return Map.of("total", all, "behind", behind, "revision", datapath.revisions().current());
  }

  private List<Map<String, ?>> tables(List<String> problems) {
    var tables = new ArrayList<Map<String, ?>>();
    for (var table : sizes.count()) {
      tables.add(Map.of("name", table.name(), "entries", table.entries(), "room", table.room()));
      if (table.entries() > table.room() * NEARLY_FULL) {
        problems.add(
            table.name()
                + " is nearly full: "
                + table.entries()
                + " entries, room for "
                + table.room());
      }
    }
    return tables;
  }

  private List<Map<String, ?>> drops() {
    var drops = new ArrayList<Map<String, ?>>();
    for (var drop : datapath.drops()) {
      var reason = drop.reason();
      drops.add(
          Map.of(
              "reason",
              reason == null ? Integer.toString(drop.number()) : reason.toString(),
              "direction",
              drop.direction() == PolicyKey.INGRESS
                  ? "ingress"
                  : drop.direction() == PolicyKey.EGRESS ? "egress" : "",
              "packets",
              drop.counter().packets()));
    }
    return drops;
  }

  private Map<String, ?> disagreements() {
    var all = new LinkedHashMap<String, Object>();
    datapath
        .disagreements()
        .forEach((about, packets) -> all.put(about.name().toLowerCase(Locale.ROOT), packets));
    return all;
  }

  private List<Map<String, ?>> nodes(List<String> problems) {
    var all = new ArrayList<Map<String, ?>>();
    var now = Instant.now();
    for (var probe : probes.all()) {
      var one = new LinkedHashMap<String, Object>();
      one.put("node", probe.node());
      one.put("way", probe.way().toString().toLowerCase(Locale.ROOT));
      one.put("address", probe.address());
      one.put("reached", probe.reached());
      one.put("milliseconds", probe.nanos() / 1e6);
      one.put("secondsAgo", Duration.between(probe.askedAt(), now).toSeconds());
      var reachedAt = probe.reachedAt();
      var since = reachedAt == null ? "never reached" : "last reached " + reachedAt.toString();
      if (!probe.reached()) {
        one.put("error", probe.error());
        problems.add(
            "node "
                + probe.node()
                + " is not reached "
                + (probe.way() == NodeProbe.Way.NODE
                    ? "at its own address "
                    : "by the pods' network at ")
                + probe.address()
                + " ("
                + probe.error()
                + "; "
                + since
                + ")");
      }
      all.add(one);
    }
    return all;
  }
}
