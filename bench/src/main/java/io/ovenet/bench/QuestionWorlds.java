package io.ovenet.bench;

import io.ovenet.kubernetes.Json;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;

/** What {@code ovenet policy} is asked about: a large cluster, and many small worlds. */
final class QuestionWorlds {
  private static final int NAMESPACES = 100;
  private static final int PODS = 100;
  private static final int POLICIES = 1_000;
  private static final int APPLICATIONS = 40;

  private QuestionWorlds() {}

  /** 10,000 pods, each with an identity of its own, and 1,000 policies. */
  static void large(Path file, long seed) throws IOException {
    Random random = new Random(seed);
    List<Object> items = new ArrayList<>();
    for (int n = 0; n < NAMESPACES; n++) {
      items.add(
          object(
              "Namespace", "", "app-" + n + "-prod", Map.of("team", "team-" + n % 10), Map.of()));
      for (int p = 0; p < PODS; p++) {
        items.add(
            object(
                "Pod",
                "app-" + n + "-prod",
                "pod-" + p,
                Map.of("app", application(random), "tier", tier(random), "instance", "i-" + p),
                Map.of()));
      }
    }
    for (int i = 0; i < POLICIES; i++) {
      Map<String, Object> spec = new LinkedHashMap<>();
      spec.put("endpointSelector", labels("app", application(random)));
      List<Object> ingress = new ArrayList<>();
      for (int rule = random.nextInt(3); rule >= 0; rule--) {
        Map<String, Object> peer = new LinkedHashMap<>();
        switch (random.nextInt(4)) {
          case 0 -> peer.put("fromEndpoints", List.of(labels("app", application(random))));
          case 1 ->
              peer.put(
                  "fromEndpoints",
                  List.of(
                      Map.of(
                          "matchLabels",
                          Map.of(
                              "k8s:io.kubernetes.pod.namespace",
                              "app-" + random.nextInt(NAMESPACES) + "-prod",
                              "tier",
                              tier(random)))));
          case 2 -> peer.put("fromCIDR", List.of("192.168." + random.nextInt(256) + ".0/24"));
          default ->
              peer.put(
                  "fromEndpoints",
                  List.of(
                      labels(
                          "k8s:io.cilium.k8s.namespace.labels.team",
                          "team-" + random.nextInt(10))));
        }
        peer.put("toPorts", ports(random));
        ingress.add(peer);
      }
      spec.put("ingress", ingress);
      if (random.nextInt(3) == 0) {
        spec.put(
            "egress", List.of(Map.of("toEndpoints", List.of(labels("app", application(random))))));
      }
      items.add(
          object(
              "CiliumNetworkPolicy",
              "app-" + random.nextInt(NAMESPACES) + "-prod",
              "policy-" + i,
              Map.of(),
              spec));
    }
    Files.write(file, Json.write(Map.of("kind", "List", "items", items)));
  }

  /** Worlds of 8 identities, 4 policies and 10 questions, one a line. */
  static void small(Path file, int count, long seed) throws IOException {
    Random random = new Random(seed);
    try (OutputStream out = new BufferedOutputStream(Files.newOutputStream(file))) {
      for (int i = 0; i < count; i++) {
        out.write(Json.write(small(i, random)));
        out.write('\n');
      }
    }
  }

  private static Map<String, Object> small(int id, Random random) {
    List<Object> identities = new ArrayList<>();
    for (int i = 0; i < 8; i++) {
      identities.add(
          Map.of(
              "name", "i" + i,
              "namespace", namespace(random),
              "labels", Map.of("app", "app-" + random.nextInt(3), "tier", tier(random)),
              "addresses", List.of("10.0.0." + (i + 1)),
              "ports", List.of(Map.of("name", "http", "port", 8080))));
    }
    List<Object> policies = new ArrayList<>();
    for (int i = 0; i < 4; i++) {
      Map<String, Object> spec = new LinkedHashMap<>();
      spec.put("endpointSelector", labels("app", "app-" + random.nextInt(3)));
      spec.put(
          "ingress",
          List.of(
              Map.of(
                  "fromEndpoints",
                  List.of(labels("app", "app-" + random.nextInt(3))),
                  "toPorts",
                  ports(random)),
              Map.of("fromCIDR", List.of("10.9.0.0/16"))));
      spec.put("egress", List.of(Map.of("toEntities", List.of("world"))));
      policies.add(object("CiliumNetworkPolicy", namespace(random), "p" + i, Map.of(), spec));
    }
    List<Object> questions = new ArrayList<>();
    for (int i = 0; i < 10; i++) {
      questions.add(
          Map.of(
              "subject", "i" + random.nextInt(8),
              "direction", random.nextBoolean() ? "ingress" : "egress",
              "peer", random.nextInt(3) == 0 ? "10.9.1.1" : "i" + random.nextInt(8),
              "protocol", "TCP",
              "port", random.nextBoolean() ? 80 : 8080));
    }
    return Map.of("id", id, "identities", identities, "policies", policies, "questions", questions);
  }

  private static String namespace(Random random) {
    return "ns-" + random.nextInt(3);
  }

  private static String application(Random random) {
    return "app-" + random.nextInt(APPLICATIONS);
  }

  private static String tier(Random random) {
    return "tier-" + random.nextInt(4);
  }

  private static Map<String, Object> labels(String key, String value) {
    return Map.of("matchLabels", Map.of(key, value));
  }

  private static List<Object> ports(Random random) {
    String port = List.of("80", "443", "8080", "5432").get(random.nextInt(4));
    return List.of(Map.of("ports", List.of(Map.of("port", port, "protocol", "TCP"))));
  }

  private static Map<String, Object> object(
      String kind,
      String namespace,
      String name,
      Map<String, String> labels,
      Map<String, Object> spec) {
    Map<String, Object> metadata = new LinkedHashMap<>();
    metadata.put("name", name);
    if (!namespace.isEmpty()) {
      metadata.put("namespace", namespace);
    }
    metadata.put("labels", labels);
    return Map.of("kind", kind, "metadata", metadata, "spec", spec);
  }
}
