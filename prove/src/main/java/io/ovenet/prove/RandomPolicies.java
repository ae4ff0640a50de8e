package io.ovenet.prove;

import io.ovenet.kubernetes.policy.PolicyParser;
import io.ovenet.policy.PolicyKind;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.function.Supplier;

/** Valid policy documents of all kinds by chance, over few names, so that they meet. */
final class RandomPolicies {
  static final List<String> NAMESPACES = List.of("shop", "bank", "lab");
  static final List<String> APPS = List.of("web", "db", "api");
  static final List<String> TEAMS = List.of("red", "blue");
  static final List<String> CIDRS =
      List.of(
          "0.0.0.0/0",
          "10.0.0.0/8",
          "10.1.0.0/16",
          "10.1.2.0/24",
          "10.1.2.3/32",
          "192.168.0.0/16",
          "8.8.8.8/32",
          "fd00::/8");
  private static final List<String> SERVICES = List.of("web", "db");

  /** Outside, of a pod, and of a node. */
  private static final List<String> ENDPOINTS =
      List.of("10.1.2.3", "192.168.3.4", "8.8.8.8", "9.9.9.9", "10.1.2.4", "172.31.0.11");

  static final List<String> GROUPS = List.of("g1", "g2", "g3");
  private static final List<String> PORTS = List.of("0", "53", "80", "85", "443", "8080", "65535");
  private static final String NAMESPACE_LABEL = "io.cilium.k8s.namespace.labels.team";

  private final Random random;

  RandomPolicies(Random random) {
    this.random = random;
  }

  /** A document with {@code kind} and a name of few. */
  Map<String, Object> policy() {
    int kind = random.nextInt(10);
    PolicyKind chosen =
        kind < 5
            ? PolicyKind.CILIUM_NETWORK_POLICY
            : kind < 8 ? PolicyKind.CILIUM_CLUSTERWIDE_NETWORK_POLICY : PolicyKind.NETWORK_POLICY;
    Map<String, Object> metadata = new LinkedHashMap<>();
    metadata.put("name", "p" + random.nextInt(8));
    if (chosen != PolicyKind.CILIUM_CLUSTERWIDE_NETWORK_POLICY) {
      metadata.put("namespace", pick(NAMESPACES));
    }
    if (chance(12)) {
      metadata.put("annotations", Map.of(PolicyParser.AUDIT, chance(80) ? "true" : "false"));
    }
    Map<String, Object> policy = new LinkedHashMap<>();
    policy.put("kind", chosen.toString());
    policy.put("metadata", metadata);
    if (chosen == PolicyKind.NETWORK_POLICY) {
      policy.put("spec", networkPolicy());
    } else if (chance(10)) {
      policy.put("specs", some(1, 3, this::spec));
    } else {
      policy.put("spec", spec());
    }
    return policy;
  }

  private Map<String, Object> spec() {
    Map<String, Object> spec = new LinkedHashMap<>();
    spec.put("endpointSelector", chance(40) ? Map.of() : selector(false));
    spec.put(chance(50) ? "ingress" : "egress", List.of());
    boolean any = false;
    while (!any) {
      for (String key : List.of("ingress", "egress", "ingressDeny", "egressDeny")) {
        if (chance(key.endsWith("Deny") ? 45 : 50)) {
          spec.put(key, some(1, 3, () -> rule(key.startsWith("in"), key.endsWith("Deny"))));
          any = true;
        }
      }
    }
    for (String key : List.of("ingress", "egress")) {
      // So that a deny often stands over an allow.
      if (spec.containsKey(key + "Deny") && chance(75)) {
        String peers = key.equals("ingress") ? "fromEntities" : "toEntities";
        spec.put(key, List.of(Map.of(peers, List.of("all"))));
      }
    }
    if (chance(25)) {
      spec.put("enableDefaultDeny", Map.of("ingress", chance(50), "egress", chance(50)));
    }
    return spec;
  }

  private Map<String, Object> rule(boolean ingress, boolean deny) {
    Map<String, Object> rule = new LinkedHashMap<>();
    String prefix = ingress ? "from" : "to";
    switch (random.nextInt(14)) {
      case 0, 1, 2, 3 -> rule.put(prefix + "Endpoints", some(0, 2, () -> selector(true)));
      case 4, 5 ->
          rule.put(
              prefix + "Entities",
              some(
                  0,
                  2,
                  () ->
                      pick(
                          List.of(
                              "all",
                              "world",
                              "cluster",
                              "host",
                              "remote-node",
                              "kube-apiserver",
                              "none",
                              "health"))));
      case 6 -> rule.put(prefix + "CIDR", some(0, 2, () -> pick(CIDRS)));
      case 7, 8 -> rule.put(prefix + "CIDRSet", some(0, 2, this::cidrSet));
      case 12, 13 -> rule.put(prefix + "Nodes", some(0, 2, this::nodeSelector));
      case 9 -> {
        if (!ingress && chance(50)) {
          rule.put("toServices", some(0, 2, this::serviceReference));
        } else if (chance(30)) {
          other(rule, ingress, deny);
        }
      }
      default -> {}
    }
    if (chance(60)) {
      rule.put("toPorts", some(0, 2, () -> portRule(ingress, deny)));
    } else if (chance(20)) {
      rule.put("icmps", some(0, 2, () -> Map.of("fields", some(0, 2, this::icmp))));
    }
    if (!deny && chance(6)) {
      rule.put("authentication", Map.of("mode", chance(50) ? "required" : "disabled"));
    }
    return rule;
  }

  private void other(Map<String, Object> rule, boolean ingress, boolean deny) {
    if (!ingress && !deny && chance(40)) {
      rule.put("toFQDNs", List.of(Map.of("matchName", "example.org")));
    } else {
      rule.put(ingress ? "fromGroups" : "toGroups", List.of(Map.of("aws", Map.of())));
    }
  }

  private Map<String, Object> nodeSelector() {
    Map<String, Object> selector = new LinkedHashMap<>();
    if (chance(60)) {
      selector.put(
          "matchLabels",
          chance(60)
              ? Map.of(chance(50) ? "zone" : "node:zone", pick(TEAMS))
              : Map.of(pick(List.of("app", "k8s:app", "node:app")), pick(APPS)));
    }
    if (chance(30)) {
      selector.put(
          "matchExpressions",
          some(
              1,
              2,
              () ->
                  expression(
                      pick(
                          List.of(
                              "app",
                              "node:app",
                              "zone",
                              "node:zone",
                              "reserved:kube-apiserver")))));
    }
    return selector;
  }

  private Map<String, Object> cidrSet() {
    if (chance(20)) {
      Map<String, Object> set = new LinkedHashMap<>();
      if (chance(60)) {
        set.put("cidrGroupRef", pick(GROUPS));
      } else {
        set.put("cidrGroupSelector", Map.of("matchLabels", Map.of("team", pick(TEAMS))));
      }
      if (chance(30)) {
        set.put("except", some(0, 2, () -> pick(CIDRS)));
      }
      return set;
    }
    return chance(50)
        ? Map.of("cidr", pick(CIDRS))
        : Map.of("cidr", "10.0.0.0/8", "except", some(0, 2, () -> pick(CIDRS.subList(2, 5))));
  }

  private Map<String, Object> serviceReference() {
    Map<String, Object> reference = new LinkedHashMap<>();
    if (chance(60)) {
      reference.put("namespace", pick(NAMESPACES));
    }
    if (chance(60)) {
      reference.put("serviceName", pick(SERVICES));
      return Map.of("k8sService", reference);
    }
    reference.put(
        "selector", chance(80) ? Map.of("matchLabels", Map.of("team", pick(TEAMS))) : Map.of());
    return Map.of("k8sServiceSelector", reference);
  }

  /** A CiliumCIDRGroup, a Service or a slice of one, with a name of few. */
  Map<String, Object> group() {
    return chance(40) ? cidrGroup() : chance(50) ? service() : slice();
  }

  private Map<String, Object> service() {
    return Map.of(
        "kind",
        "Service",
        "metadata",
        Map.of(
            "name",
            pick(SERVICES),
            "namespace",
            pick(NAMESPACES),
            "labels",
            Map.of("team", pick(TEAMS))),
        "spec",
        Map.of("selector", chance(60) ? Map.of("app", pick(APPS)) : Map.of()));
  }

  private Map<String, Object> slice() {
    return Map.of(
        "kind",
        "EndpointSlice",
        "metadata",
        Map.of(
            "name",
            "slice-" + random.nextInt(3),
            "namespace",
            pick(NAMESPACES),
            "labels",
            Map.of("kubernetes.io/service-name", pick(SERVICES))),
        "addressType",
        "IPv4",
        "endpoints",
        some(
            0,
            3,
            () ->
                Map.of(
                    "addresses",
                    List.of(pick(ENDPOINTS)),
                    "conditions",
                    pick(
                        List.of(
                            Map.of(),
                            Map.of("ready", true),
                            Map.of("ready", false),
                            Map.of("ready", false, "serving", true, "terminating", true),
                            Map.of("ready", false, "serving", true))))));
  }

  private Map<String, Object> cidrGroup() {
    return Map.of(
        "metadata",
        Map.of("name", pick(GROUPS), "labels", Map.of("team", pick(TEAMS))),
        "spec",
        Map.of("externalCIDRs", some(0, 3, () -> pick(CIDRS))));
  }

  private Map<String, Object> icmp() {
    Map<String, Object> field = new LinkedHashMap<>();
    if (chance(50)) {
      field.put("family", chance(50) ? "IPv4" : "IPv6");
    }
    field.put("type", chance(30) ? "EchoRequest" : pick(List.<Object>of(0, 8, 3, 128, 255)));
    return field;
  }

  private Map<String, Object> portRule(boolean ingress, boolean deny) {
    Map<String, Object> item = new LinkedHashMap<>();
    item.put("ports", some(chance(10) ? 0 : 1, 3, this::port));
    if (!deny && chance(15)) {
      Map<String, Object> port =
          Map.of("port", pick(List.of("80", "443", "http")), "protocol", "TCP");
      item.put(
          "ports",
          List.of(chance(40) ? Map.of("port", "80", "endPort", 90, "protocol", "TCP") : port));
      item.put("rules", Map.of("http", chance(20) ? List.of() : List.of(Map.of("method", "GET"))));
    } else if (!deny && !ingress && chance(20)) {
      item.put("ports", List.of(Map.of("port", "53", "protocol", "ANY")));
      item.put("rules", Map.of("dns", List.of(Map.of("matchPattern", "*"))));
    }
    return item;
  }

  private Map<String, Object> port() {
    Map<String, Object> port = new LinkedHashMap<>();
    if (chance(15)) {
      port.put("port", pick(List.of("http", "HTTP", "dns")));
    } else {
      String first = pick(PORTS);
      port.put("port", first);
      if (chance(25)) {
        int from = Integer.parseInt(first);
        port.put("endPort", from + random.nextInt(65536 - from));
      }
    }
    if (chance(70)) {
      port.put("protocol", pick(List.of("TCP", "tcp", "UDP", "SCTP", "ANY")));
    }
    return port;
  }

  private Map<String, Object> selector(boolean peer) {
    Map<String, Object> selector = new LinkedHashMap<>();
    Map<String, Object> labels = new LinkedHashMap<>();
    if (chance(60)) {
      labels.put(chance(50) ? "app" : "k8s:app", pick(APPS));
    }
    if (peer && chance(15)) {
      labels.put(
          chance(50) ? "k8s:io.kubernetes.pod.namespace" : "io.kubernetes.pod.namespace",
          pick(NAMESPACES));
    }
    if (peer && chance(10)) {
      labels.put("k8s:" + NAMESPACE_LABEL, pick(TEAMS));
    }
    if (peer && chance(5)) {
      labels.put("k8s:io.cilium.k8s.policy.cluster", "other");
    }
    if (peer && chance(6)) {
      labels.clear();
      labels.put(pick(List.of("reserved:host", "reserved:world", "reserved:remote-node")), "");
    }
    selector.put("matchLabels", labels);
    if (chance(25)) {
      selector.put("matchExpressions", some(1, 2, () -> expression("")));
    }
    return selector;
  }

  private Map<String, Object> expression(String key) {
    String operator = pick(List.of("In", "NotIn", "Exists", "DoesNotExist"));
    Map<String, Object> expression = new LinkedHashMap<>();
    expression.put("key", key.isEmpty() ? pick(List.of("app", "k8s:app", "tier")) : key);
    expression.put("operator", operator);
    if (operator.endsWith("In")) {
      expression.put("values", some(1, 2, () -> pick(APPS)));
    }
    return expression;
  }

  private Map<String, Object> networkPolicy() {
    Map<String, Object> spec = new LinkedHashMap<>();
    spec.put("podSelector", kubernetesSelector("app", APPS));
    if (chance(70)) {
      spec.put("ingress", some(0, 2, () -> networkPolicyRule("from")));
    }
    if (chance(40)) {
      spec.put("egress", some(0, 2, () -> networkPolicyRule("to")));
    }
    if (chance(50)) {
      spec.put(
          "policyTypes",
          pick(List.of(List.of("Ingress"), List.of("Egress"), List.of("Ingress", "Egress"))));
    }
    return spec;
  }

  private Map<String, Object> networkPolicyRule(String key) {
    Map<String, Object> rule = new LinkedHashMap<>();
    if (chance(70)) {
      rule.put(key, some(0, 2, this::networkPolicyPeer));
    }
    if (chance(60)) {
      rule.put("ports", some(0, 2, this::networkPolicyPort));
    }
    return rule;
  }

  private Map<String, Object> networkPolicyPort() {
    Map<String, Object> port = new LinkedHashMap<>();
    if (chance(70)) {
      port.put("protocol", pick(List.of("TCP", "UDP", "SCTP")));
    }
    if (chance(80)) {
      int first = 1 + random.nextInt(100);
      port.put("port", chance(15) ? "http" : first);
      if (port.get("port") instanceof Integer && chance(30)) {
        port.put("endPort", first + random.nextInt(9000));
      }
    }
    return port;
  }

  private Map<String, Object> networkPolicyPeer() {
    Map<String, Object> peer = new LinkedHashMap<>();
    if (chance(20)) {
      peer.put(
          "ipBlock",
          chance(50)
              ? Map.of("cidr", pick(CIDRS))
              : Map.of(
                  "cidr", "10.0.0.0/8", "except", some(0, 2, () -> pick(CIDRS.subList(2, 5)))));
      return peer;
    }
    if (chance(60)) {
      peer.put("podSelector", kubernetesSelector("app", APPS));
    }
    if (peer.isEmpty() || chance(40)) {
      peer.put("namespaceSelector", kubernetesSelector("team", TEAMS));
    }
    return peer;
  }

  private Map<String, Object> kubernetesSelector(String key, List<String> values) {
    return switch (random.nextInt(3)) {
      case 0 -> Map.of();
      case 1 -> Map.of("matchLabels", Map.of(key, pick(values)));
      default -> Map.of("matchExpressions", List.of(expression(key)));
    };
  }

  private <T> List<T> some(int min, int max, Supplier<T> make) {
    List<T> list = new ArrayList<>();
    int count = min + random.nextInt(max - min + 1);
    for (int i = 0; i < count; i++) {
      list.add(make.get());
    }
    return list;
  }

  private <T> T pick(List<T> list) {
    return list.get(random.nextInt(list.size()));
  }

  private boolean chance(int percent) {
    return random.nextInt(100) < percent;
  }
}
