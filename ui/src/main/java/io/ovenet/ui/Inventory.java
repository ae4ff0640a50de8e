package io.ovenet.ui;

import io.grpc.StatusRuntimeException;
import io.ovenet.api.observer.GetNodesRequest;
import io.ovenet.api.observer.Node;
import io.ovenet.kubernetes.ApiException;
import io.ovenet.kubernetes.JsonObject;
import io.ovenet.kubernetes.KubernetesApi;
import io.ovenet.kubernetes.RecordKind;
import io.ovenet.kubernetes.world.LiveCluster;
import io.ovenet.kubernetes.world.Workload;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** Nodes, workloads and services as they are now. */
final class Inventory {
  private static final String SLICES = "/apis/discovery.k8s.io/v1/endpointslices";
  private static final String LEASES = "/apis/coordination.k8s.io/v1/namespaces/kube-system/leases";

  private final RelayClient relay;
  private final ClusterView cluster;
  private final ServiceMap map;

  Inventory(RelayClient relay, ClusterView cluster, ServiceMap map) {
    this.relay = relay;
    this.cluster = cluster;
    this.map = map;
  }

  /** Nodes as the relay reaches them, with what the cluster says of each. */
  Map<String, Object> nodes() throws IOException {
    Map<String, Map<String, Object>> nodes = new TreeMap<>();
    Map<String, Object> answer = new LinkedHashMap<>();
    try {
      for (Node node : relay.call().getNodes(GetNodesRequest.getDefaultInstance()).getNodesList()) {
        Map<String, Object> object = new LinkedHashMap<>();
        String name = node.getName().substring(node.getName().indexOf('/') + 1);
        object.put("name", name);
        object.put(
            "state",
            node.getState().name().replace("NODE_", "").toLowerCase(java.util.Locale.ROOT));
        object.put("version", node.getVersion());
        object.put("address", node.getAddress());
        object.put("uptimeSeconds", node.getUptimeNs() / 1_000_000_000);
        object.put("flows", node.getNumFlows());
        object.put("maxFlows", node.getMaxFlows());
        object.put("seenFlows", node.getSeenFlows());
        nodes.put(name, object);
      }
    } catch (StatusRuntimeException e) {
      // An agent's own server knows of no nodes: what the cluster says is shown then.
      answer.put("relayFailure", e.getStatus().getCode().name());
    }
    KubernetesApi api = cluster.api();
    LiveCluster.forEach(
        api,
        RecordKind.CILIUM_NODES,
        node -> {
          JsonObject spec = node.object("spec");
          Map<String, Object> object =
              nodes.computeIfAbsent(
                  node.object("metadata").string("name"),
                  name -> new LinkedHashMap<>(Map.of("name", name, "state", "unknown")));
          object.put("podCidrs", spec.object("ipam").strings("podCIDRs"));
          List<Object> addresses = new ArrayList<>();
          spec.objects("addresses")
              .forEach(a -> addresses.add(a.string("type") + " " + a.string("ip")));
          object.put("addresses", addresses);
        });
    Map<String, long[]> pods = new TreeMap<>();
    LiveCluster.forEach(
        api,
        RecordKind.PODS,
        pod -> {
          boolean machine =
              pod.object("metadata").stringMap("labels").containsKey("vm.kubevirt.io/name");
          pods.computeIfAbsent(pod.object("spec").string("nodeName"), _ -> new long[2])[
              machine ? 1 : 0]++;
        });
    nodes.forEach(
        (name, object) -> {
          long[] count = pods.getOrDefault(name, new long[2]);
          object.put("pods", count[0]);
          object.put("machines", count[1]);
        });
    answer.put("nodes", List.copyOf(nodes.values()));
    return answer;
  }

  /** Pods and machines with what they did in the last minute. */
  Map<String, Object> workloads() throws IOException {
    ClusterView.Reading reading = cluster.reading();
    if (reading == null) {
      throw new IOException("the cluster has not been read yet");
    }
    Map<String, double[]> rates = map.rates(System.currentTimeMillis());
    List<Object> list = new ArrayList<>();
    for (Workload workload : reading.state().workloads()) {
      double[] rate = rates.getOrDefault(workload.title(), new double[4]);
      Map<String, Object> object = new LinkedHashMap<>();
      object.put("id", workload.title());
      object.put("namespace", workload.namespace());
      object.put("name", workload.machine().isEmpty() ? workload.name() : workload.machine());
      object.put("pod", workload.name());
      object.put("kind", workload.machine().isEmpty() ? "pod" : "vm");
      object.put("application", workload.application());
      object.put(
          "address",
          workload.party().address() == null
              ? ""
              : workload.party().address().toString().replaceFirst("/(32|128)$", ""));
      object.put("rate", rate[0]);
      object.put("dropRate", rate[1]);
      object.put("forwarded", (long) rate[2]);
      object.put("dropped", (long) rate[3]);
      list.add(object);
    }
    return Map.of("workloads", list);
  }

  /** Services with their backends, and who announces their addresses. */
  Map<String, Object> services() throws IOException {
    KubernetesApi api = cluster.api();
    Map<String, List<Object>> backends = new TreeMap<>();
    for (JsonObject slice : list(api, SLICES)) {
      String service =
          slice.object("metadata").string("namespace")
              + "/"
              + slice.object("metadata").stringMap("labels").get("kubernetes.io/service-name");
      for (JsonObject endpoint : slice.objects("endpoints")) {
        Map<String, Object> object = new LinkedHashMap<>();
        JsonObject conditions = endpoint.object("conditions");
        object.put("addresses", endpoint.strings("addresses"));
        object.put("ready", !conditions.fields().containsKey("ready") || conditions.bool("ready"));
        object.put("node", endpoint.string("nodeName"));
        object.put("target", endpoint.object("targetRef").string("name"));
        backends.computeIfAbsent(service, _ -> new ArrayList<>()).add(object);
      }
    }
    Map<String, String> holders = new TreeMap<>();
    for (JsonObject lease : list(api, LEASES)) {
      holders.put(
          lease.object("metadata").string("name"), lease.object("spec").string("holderIdentity"));
    }
    List<Object> list = new ArrayList<>();
    LiveCluster.forEach(
        api,
        RecordKind.SERVICES,
        service -> {
          JsonObject metadata = service.object("metadata");
          JsonObject spec = service.object("spec");
          String name = metadata.string("namespace") + "/" + metadata.string("name");
          Map<String, Object> object = new LinkedHashMap<>();
          object.put("namespace", metadata.string("namespace"));
          object.put("name", metadata.string("name"));
          object.put("type", spec.string("type").isEmpty() ? "ClusterIP" : spec.string("type"));
          object.put("clusterAddress", spec.string("clusterIP"));
          List<Object> outside = new ArrayList<>();
          for (JsonObject ingress :
              service.object("status").object("loadBalancer").objects("ingress")) {
            outside.add(ingress.string("ip"));
          }
          outside.addAll(spec.strings("externalIPs"));
          object.put("outside", outside);
          List<Object> ports = new ArrayList<>();
          for (JsonObject port : spec.objects("ports")) {
            String protocol = port.string("protocol");
            ports.add(port.integer("port") + "/" + (protocol.isEmpty() ? "TCP" : protocol));
          }
          object.put("ports", ports);
          object.put("backends", backends.getOrDefault(name, List.of()));
          String lease =
              "cilium-l2announce-" + metadata.string("namespace") + "-" + metadata.string("name");
          object.put("announcedBy", holders.getOrDefault(lease, ""));
          list.add(object);
        });
    return Map.of("services", list);
  }

  private static List<JsonObject> list(KubernetesApi api, String path) throws IOException {
    try {
      return api.get(path).objects("items");
    } catch (ApiException e) {
      if (e.notFound()) {
        return List.of();
      }
      throw e;
    }
  }
}
