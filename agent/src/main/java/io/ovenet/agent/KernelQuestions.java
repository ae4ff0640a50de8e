package io.ovenet.agent;

import io.ovenet.datapath.Datapath;
import io.ovenet.datapath.PolicyKey;
import io.ovenet.datapath.PolicyQuestion;
import io.ovenet.kubernetes.JsonObject;
import io.ovenet.policy.Label;
import io.ovenet.policy.ReservedIdentity;
import java.io.IOException;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What is asked of policy in the kernel over the {@link AdminServer}: {@code endpoints}, {@code
 * policy-entries}, {@code policy-decide}. Safe for any thread.
 */
final class KernelQuestions {
  /** Of one request. */
  private static final int MOST = 5000;

  private final Steering steering;
  private final Datapath datapath;
  private final RuleNumbers rules;

  KernelQuestions(Steering steering, Datapath datapath, RuleNumbers rules) {
    this.steering = steering;
    this.datapath = datapath;
    this.rules = rules;
  }

  void offer(AdminServer server) {
    server.offer("endpoints", _ -> endpoints());
    server.offer("policy-entries", this::entries);
    server.offer("policy-decide", this::decide);
  }

  private Map<String, ?> endpoints() throws IOException {
    var wanted = new ArrayList<LocalEndpoint>();
    var revision = new long[1];
    var nodes = new ArrayList<String>();
    var host = new ArrayList<String>();
    steering.ask(
        realizer -> {
          wanted.addAll(realizer.endpoints());
          var inForce = realizer.inForce();
          revision[0] = inForce.revision();
          inForce
              .peers()
              .forEach(
                  (key, peer) -> {
                    boolean outside = peer.identity() == ReservedIdentity.WORLD.number();
                    if (ReservedIdentity.of(peer.identity()) != null && !outside) {
                      nodes.add(key.address().getHostAddress() + "/" + key.prefixLength());
                    }
                    if (peer.identity() == ReservedIdentity.HOST.number()) {
                      host.add(key.address().getHostAddress());
                    }
                  });
        });
    var list = new ArrayList<Object>();
    for (var endpoint : wanted) {
      var one = new LinkedHashMap<String, Object>();
      one.put("id", (long) endpoint.id());
      one.put("namespace", endpoint.namespace());
      one.put("pod", endpoint.pod());
      one.put("address", endpoint.address().getHostAddress());
      one.put("identity", (long) endpoint.identity());
      one.put("labels", endpoint.labels().asList().stream().map(Label::toString).toList());
      var ports = new ArrayList<Object>();
      endpoint
          .ports()
          .ports()
          .forEach(
              p ->
                  ports.add(
                      Map.of(
                          "name",
                          p.name(),
                          "protocol",
                          (long) p.protocol(),
                          "port",
                          (long) p.port())));
      one.put("ports", ports);
      one.put("audit", endpoint.audit());
      var kernel = datapath.endpoints().get(endpoint.id());
      if (kernel != null) {
        one.put("policy", (long) kernel.policy());
        one.put("revision", kernel.revision());
        one.put("enforces", kernel.flags().stream().map(Object::toString).sorted().toList());
      }
      list.add(one);
    }
    return Map.of("revision", revision[0], "endpoints", list, "nodes", nodes, "host", host);
  }

  private Map<String, ?> entries(JsonObject request) {
    long policy = request.integer("policy");
    if (policy <= 0) {
      throw new IllegalArgumentException("policy: which number? 'endpoints' tells them");
    }
    var classes = new LinkedHashMap<Integer, List<Object>>();
    datapath
        .classes()
        .forEach(
            (number, c) -> classes.computeIfAbsent(c, _ -> new ArrayList<>()).add((long) number));
    var list = new ArrayList<Object>();
    datapath
        .policies()
        .forEach(
            (key, value) -> {
              if (key.policy() == policy) {
                var one = new LinkedHashMap<String, Object>();
                one.put("direction", key.direction() == PolicyKey.INGRESS ? "ingress" : "egress");
                one.put("class", (long) key.identityClass());
                one.put("protocol", (long) key.protocol());
                one.put("port", (long) key.port());
                one.put("portBits", (long) key.portBits());
                one.put("verdict", value.verdict().toString());
                one.put("rules", origins(value.rule()));
                list.add(one);
              }
            });
    var members = new ArrayList<Object>();
    classes.forEach(
        (number, identities) ->
            members.add(Map.of("class", (long) number, "identities", identities)));
    return Map.of("entries", list, "classes", members);
  }

  private List<String> origins(int rule) {
    var decidedBy = rules.rule(rule);
    return decidedBy == null
        ? List.of("rule " + rule)
        : decidedBy.origins().asList().stream().map(Object::toString).toList();
  }

  private Map<String, ?> decide(JsonObject request) {
    var asked = request.objects("questions");
    if (asked.size() > MOST) {
      throw new IllegalArgumentException("questions: at most " + MOST + " at once");
    }
    var questions = new ArrayList<PolicyQuestion>();
    asked.forEach(each -> questions.add(question(each)));
    long before = datapath.revisions().current();
    var answers = new ArrayList<Object>();
    for (var answer : datapath.probe().ask(questions)) {
      var one = new LinkedHashMap<String, Object>();
      one.put("verdict", answer.verdict() == null ? "NONE" : answer.verdict().toString());
      one.put("identity", (long) answer.identity());
      one.put("rules", origins(answer.rule()));
      answers.add(one);
    }
    return Map.of(
        "answers",
        answers,
        "revision",
        before,
        "changed",
        datapath.revisions().current() != before);
  }

  private static PolicyQuestion question(JsonObject from) {
    int direction =
        from.string("direction").equals("egress") ? PolicyKey.EGRESS : PolicyKey.INGRESS;
    var address = from.string("address");
    @Nullable InetAddress peer = address.isEmpty() ? null : InetAddress.ofLiteral(address);
    return new PolicyQuestion(
        (int) from.integer("endpoint"),
        direction,
        peer,
        peer == null ? (int) from.integer("identity") : 0,
        (int) from.integer("protocol"),
        (int) from.integer("port"));
  }
}
