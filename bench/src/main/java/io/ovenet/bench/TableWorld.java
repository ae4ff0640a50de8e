package io.ovenet.bench;

import io.ovenet.kubernetes.policy.ParsedPolicy;
import io.ovenet.kubernetes.policy.PolicyParser;
import io.ovenet.policy.Label;
import io.ovenet.policy.LabelKeys;
import io.ovenet.policy.Labels;
import io.ovenet.policy.PolicyKind;
import io.ovenet.policy.PolicyObject;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;

/**
 * What a node's tables are made of: 10,000 identities of a cluster in 100 namespaces, 250 endpoints
 * here, and policies.
 *
 * @param identities in the cluster, those of the endpoints included
 * @param endpoints labels of each
 */
record TableWorld(List<Labels> identities, List<Labels> endpoints, List<PolicyObject> policies) {
  /** The three sets. */
  enum Set {
    /** The mission's own policy for web machines, in each namespace. */
    MISSION("the mission's"),
    /** Each endpoint has policies of its own. */
    DISTINCT("250 distinct policies"),
    /** Prefixes with holes, a hundred to a rule, of 2,000 that there are. */
    CIDR("CIDR-heavy");

    final String title;

    Set(String title) {
      this.title = title;
    }
  }

  private static final int IDENTITIES = 10_000;
  private static final int NAMESPACES = 100;
  private static final int ENDPOINTS = 250;
  private static final int LOCAL_NAMESPACES = 25;
  private static final int PREFIXES = 2_000;
  private static final List<String> KINDS =
      List.of("web-vm", "api-gateway", "database-vm", "cache");
  private static final PolicyParser PARSER = new PolicyParser("default");

  static TableWorld of(Set set, long seed) {
    Random random = new Random(seed);
    List<Labels> identities = new ArrayList<>();
    List<Labels> endpoints = new ArrayList<>();
    for (int i = 0; i < ENDPOINTS; i++) {
      String namespace = namespace(i % LOCAL_NAMESPACES);
      endpoints.add(labels(namespace, set == Set.DISTINCT ? "own-" + i : "web-vm", "here"));
    }
    endpoints.stream().distinct().forEach(identities::add);
    for (int i = identities.size(); i < IDENTITIES; i++) {
      identities.add(
          labels(
              namespace(random.nextInt(NAMESPACES)),
              KINDS.get(random.nextInt(KINDS.size())),
              "release-" + i));
    }
    List<PolicyObject> policies = new ArrayList<>();
    for (int i = 0; i < (set == Set.DISTINCT ? ENDPOINTS : LOCAL_NAMESPACES); i++) {
      policies.add(policy(set, i, random));
    }
    return new TableWorld(identities, endpoints, policies);
  }

  private static String namespace(int number) {
    return "app-" + number + "-prod";
  }

  private static Labels labels(String namespace, String app, String release) {
    return Labels.of(
        Label.k8s(LabelKeys.NAMESPACE, namespace),
        Label.k8s(LabelKeys.CLUSTER, "default"),
        Label.k8s("app", app),
        Label.k8s("release", release));
  }

  private static PolicyObject policy(Set set, int index, Random random) {
    Map<String, Object> spec =
        switch (set) {
          case MISSION ->
              Map.of(
                  "endpointSelector", app("web-vm"),
                  "ingress", List.of(rule("fromEndpoints", app("api-gateway"), 80, 443)),
                  "egress", List.of(rule("toEndpoints", app("database-vm"), 5432)));
          case DISTINCT ->
              Map.of(
                  "endpointSelector", app("own-" + index),
                  "ingress",
                      List.of(
                          rule("fromEndpoints", app("api-gateway"), 1024 + index),
                          rule(
                              "fromEndpoints",
                              Map.of(
                                  "matchLabels",
                                  Map.of(
                                      "app",
                                      "web-vm",
                                      "k8s:io.kubernetes.pod.namespace",
                                      namespace(random.nextInt(NAMESPACES)))),
                              8080)),
                  "egress", List.of(rule("toEndpoints", app("database-vm"), 2048 + index)));
          case CIDR ->
              Map.of(
                  "endpointSelector", app("web-vm"),
                  "egress", List.of(prefixes(random), prefixes(random)));
        };
    Map<String, Object> document =
        Map.of(
            "metadata",
            Map.of("namespace", namespace(index % LOCAL_NAMESPACES), "name", "policy-" + index),
            "spec",
            spec);
    if (PARSER.parse(PolicyKind.CILIUM_NETWORK_POLICY, document)
        instanceof ParsedPolicy.Valid(var object)) {
      return object;
    }
    throw new IllegalStateException("the generator's policy is invalid: " + document);
  }

  private static Map<String, Object> app(String name) {
    return Map.of("matchLabels", Map.of("app", name));
  }

  private static Map<String, Object> rule(
      String peers, Map<String, Object> selector, int... ports) {
    return Map.of(peers, List.of(selector), "toPorts", ports(ports));
  }

  private static List<Map<String, Object>> ports(int... ports) {
    List<Map<String, Object>> each = new ArrayList<>();
    for (int port : ports) {
      each.add(Map.of("port", Integer.toString(port), "protocol", "TCP"));
    }
    return List.of(Map.of("ports", each));
  }

  private static Map<String, Object> prefixes(Random random) {
    List<Map<String, Object>> prefixes = new ArrayList<>();
    for (int i = 0; i < 100; i++) {
      int number = random.nextInt(PREFIXES);
      String base = "100." + (64 + number / 256) + "." + number % 256 + ".";
      prefixes.add(
          number % 5 == 0
              ? Map.of("cidr", base + "0/24", "except", List.of(base + "64/26"))
              : Map.of("cidr", base + "0/24"));
    }
    return Map.of("toCIDRSet", prefixes, "toPorts", ports(443, 8443));
  }
}
