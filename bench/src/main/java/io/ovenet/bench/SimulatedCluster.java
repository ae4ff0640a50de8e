package io.ovenet.bench;

import io.ovenet.agent.AttachmentKey;
import io.ovenet.agent.LocalEndpoint;
import io.ovenet.bpf.MacAddress;
import io.ovenet.kubernetes.CiliumEndpoints;
import io.ovenet.kubernetes.EndpointStatus;
import io.ovenet.kubernetes.KubernetesApi;
import io.ovenet.policy.Label;
import io.ovenet.policy.Labels;
import java.io.IOException;
import java.net.Inet4Address;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/**
 * A cluster that is there by its objects alone: nodes, and on them containers and virtual machines
 * of applications in namespaces. Everything follows from the numbers, so that each process of the
 * benchmark knows it.
 *
 * @param workloads pods, those of virtual machines among them
 * @param machines of these, how many are virtual machines'
 */
record SimulatedCluster(int nodes, int workloads, int machines) {
  static final int APPLICATIONS = 10;

  /** Where pods that come and go have their addresses. */
  private static final String CHURN_NETWORK = "10.200.";

  private static final int FIRST_IDENTITY = 20_000;
  private static final int NODES_OF_A_NAMESPACE = 3;
  private static final int MOST_OF_A_NODE = 240;
  private static final int MTU = 1450;
  private static final int WRITERS = 8;

  SimulatedCluster {
    if (nodes < 1 || nodes > 10_000 || workloads < machines || machines < 0) {
      throw new IllegalArgumentException("1 to 10,000 nodes; of the pods some are machines'");
    }
    if ((workloads + nodes - 1) / nodes > MOST_OF_A_NODE) {
      throw new IllegalArgumentException("more than " + MOST_OF_A_NODE + " pods for each node");
    }
  }

  private interface Write {
    void go() throws IOException;
  }

  int namespaces() {
    return Math.max(1, nodes * 2 / NODES_OF_A_NAMESPACE);
  }

  int identities() {
    return namespaces() * APPLICATIONS;
  }

  static String node(int node) {
    return "node-" + (node + 1);
  }

  private static String nodeAddress(int node) {
    return "172.16." + node / 250 + "." + (node % 250 + 1);
  }

  private static String podCidr(int node) {
    return "10." + (node / 256 + 1) + "." + node % 256 + ".0/24";
  }

  private String address(int workload) {
    int node = workload % nodes;
    return "10." + (node / 256 + 1) + "." + node % 256 + "." + (workload / nodes + 2);
  }

  /** Workload {@code i} is of application {@code i % identities}: one's pods are on many nodes. */
  private int application(int workload) {
    return workload % identities();
  }

  private static String namespace(int application) {
    return "team-" + application / APPLICATIONS;
  }

  private static String app(int application) {
    return "app-" + application % APPLICATIONS;
  }

  private boolean isMachine(int workload) {
    return workload < machines;
  }

  private String name(int workload) {
    String app = app(application(workload));
    return isMachine(workload)
        ? "virt-launcher-" + app + "-" + workload + "-abcde"
        : app + "-5d4f8c7b9-" + workload;
  }

  private static Map<String, String> securityLabels(int application) {
    return Map.of(
        "k8s:app",
        app(application),
        "k8s:io.kubernetes.pod.namespace",
        namespace(application),
        "k8s:io.cilium.k8s.namespace.labels.kubernetes.io/metadata.name",
        namespace(application),
        "k8s:io.cilium.k8s.policy.cluster",
        "default",
        "k8s:io.cilium.k8s.policy.serviceaccount",
        "default");
  }

  private static Labels labels(int application) {
    return Labels.fromSecurityLabels(securityLabels(application));
  }

  private static Map<String, Object> object(
      String version, String kind, Map<String, Object> metadata, Map<String, Object> more) {
    Map<String, Object> object = new HashMap<>(more);
    object.put("apiVersion", version);
    object.put("kind", kind);
    object.put("metadata", metadata);
    return object;
  }

  /** Makes every object. */
  void make(KubernetesApi api) throws IOException, InterruptedException {
    List<Write> writes = new ArrayList<>();
    for (int i = 0; i < namespaces(); i++) {
      String name = "team-" + i;
      writes.add(
          () ->
              api.create(
                  "/api/v1/namespaces", object("v1", "Namespace", Map.of("name", name), Map.of())));
    }
    all(writes);
    writes.clear();
    for (int i = 0; i < nodes; i++) {
      int node = i;
      writes.add(() -> makeNode(api, node));
    }
    for (int i = 0; i < identities(); i++) {
      int application = i;
      writes.add(() -> makeIdentity(api, application));
    }
    for (int i = 0; i < namespaces(); i++) {
      int team = i;
      writes.add(() -> makePolicies(api, team));
    }
    for (int i = 0; i < workloads; i++) {
      int workload = i;
      writes.add(
          () ->
              makePod(
                  api,
                  application(workload),
                  name(workload),
                  workload % nodes,
                  address(workload),
                  isMachine(workload)));
    }
    all(writes);
  }

  private static void all(List<Write> writes) throws IOException, InterruptedException {
    List<Future<?>> done = new ArrayList<>();
    try (var writers = Executors.newFixedThreadPool(WRITERS)) {
      for (Write write : writes) {
        done.add(
            writers.submit(
                () -> {
                  write.go();
                  return null;
                }));
      }
      for (Future<?> each : done) {
        each.get();
      }
    } catch (ExecutionException e) {
      throw new IOException("the cluster cannot be made: " + e.getMessage(), e);
    }
  }

  private static void makeNode(KubernetesApi api, int node) throws IOException {
    api.create(
        "/apis/cilium.io/v2/ciliumnodes",
        object(
            "cilium.io/v2",
            "CiliumNode",
            Map.of("name", node(node)),
            Map.of(
                "spec",
                Map.of(
                    "addresses",
                    List.of(Map.of("type", "InternalIP", "ip", nodeAddress(node))),
                    "ipam",
                    Map.of("podCIDRs", List.of(podCidr(node)))))));
  }

  private static void makeIdentity(KubernetesApi api, int application) throws IOException {
    api.create(
        "/apis/cilium.io/v2/ciliumidentities",
        object(
            "cilium.io/v2",
            "CiliumIdentity",
            Map.of("name", Integer.toString(FIRST_IDENTITY + application)),
            Map.of("security-labels", securityLabels(application))));
  }

  /** Each team hears itself, its first application those of the next team on one port. */
  private void makePolicies(KubernetesApi api, int team) throws IOException {
    policy(api, team, "own", Map.of(), Map.of("fromEndpoints", List.of(Map.of())));
    policy(
        api,
        team,
        "shop",
        Map.of("matchLabels", Map.of("app", "app-0")),
        Map.of(
            "fromEndpoints",
            List.of(
                Map.of(
                    "matchLabels",
                    Map.of(
                        "k8s:io.kubernetes.pod.namespace", "team-" + (team + 1) % namespaces()))),
            "toPorts",
            List.of(Map.of("ports", List.of(Map.of("port", "8080", "protocol", "TCP"))))));
  }

  private static void policy(
      KubernetesApi api,
      int team,
      String name,
      Map<String, Object> subject,
      Map<String, Object> ingress)
      throws IOException {
    String namespace = "team-" + team;
    api.create(
        "/apis/cilium.io/v2/namespaces/" + namespace + "/ciliumnetworkpolicies",
        object(
            "cilium.io/v2",
            "CiliumNetworkPolicy",
            Map.of("name", name, "namespace", namespace),
            Map.of("spec", Map.of("endpointSelector", subject, "ingress", List.of(ingress)))));
  }

  private static String makePod(
      KubernetesApi api, int application, String name, int node, String address, boolean machine)
      throws IOException {
    String namespace = namespace(application);
    Map<String, String> labels = new TreeMap<>(Map.of("app", app(application)));
    if (machine) {
      labels.put("kubevirt.io", "virt-launcher");
      labels.put("vm.kubevirt.io/name", name);
    }
    Map<String, Object> pod =
        object(
            "v1",
            "Pod",
            Map.of("name", name, "namespace", namespace, "labels", labels),
            Map.of(
                "spec",
                Map.of(
                    "nodeName",
                    node(node),
                    "containers",
                    List.of(Map.of("name", "c", "image", "none")))));
    String uid =
        api.create("/api/v1/namespaces/" + namespace + "/pods", pod)
            .object("metadata")
            .string("uid");
    new CiliumEndpoints(api)
        .upsert(
            new EndpointStatus(
                namespace,
                name,
                name,
                uid,
                1,
                FIRST_IDENTITY + application,
                labels(application).asList().stream().map(Label::toString).toList(),
                address,
                "",
                nodeAddress(node),
                true,
                false,
                List.of(),
                "ready",
                ""));
    return uid;
  }

  /** Where the n-th pod that comes and goes has its address. */
  static String churnAddress(int n) {
    return CHURN_NETWORK + (n >> 8 & 0xff) + "." + (n & 0xff);
  }

  static boolean isChurn(String address) {
    return address.startsWith(CHURN_NETWORK);
  }

  /** The n-th pod comes, with what its node's agent tells of it. */
  void come(KubernetesApi api, int n) throws IOException {
    String _ =
        makePod(api, n % identities(), "come-and-go-" + n, n % nodes, churnAddress(n), false);
  }

  /** And goes; the API deletes what its node's agent told with it. */
  void go(KubernetesApi api, int n) throws IOException {
    boolean _ =
        api.delete(
            "/api/v1/namespaces/" + namespace(n % identities()) + "/pods/come-and-go-" + n,
            Map.of());
  }

  /** What is on a node. */
  List<LocalEndpoint> endpoints(int node) throws IOException {
    List<LocalEndpoint> endpoints = new ArrayList<>();
    for (int workload = node; workload < workloads; workload += nodes) {
      int id = endpoints.size() + 1;
      int application = application(workload);
      endpoints.add(
          new LocalEndpoint(
              id,
              1,
              new AttachmentKey("pod-" + workload, "eth0"),
              "/none",
              namespace(application),
              name(workload),
              "uid-" + workload,
              MacAddress.parse("0a:58:00:00:%02x:%02x".formatted(id >> 8, id & 0xff)),
              Inet4Address.ofLiteral(address(workload)),
              MTU,
              FIRST_IDENTITY + application,
              labels(application)));
    }
    return endpoints;
  }
}
