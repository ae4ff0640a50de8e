package io.ovenet.lab.api;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** What {@code kubectl get} shows of the built-in kinds. */
final class BuiltInCells {
  private static final String NONE = "<none>";

  private BuiltInCells() {}

  static Map<String, BuiltInTable> tables() {
    Map<String, BuiltInTable> tables = new HashMap<>();
    tables.put(
        "namespaces",
        named().column("Status", text("status.phase")).column("Age", BuiltInCells::age));
    tables.put("pods", pods());
    tables.put("nodes", nodes());
    tables.put("services", services());
    tables.put(
        "endpoints",
        named().column("Endpoints", BuiltInCells::endpoints).column("Age", BuiltInCells::age));
    tables.put(
        "configmaps",
        named().column("Data", size("data", "binaryData")).column("Age", BuiltInCells::age));
    tables.put(
        "secrets",
        named()
            .column("Type", text("type"))
            .column("Data", size("data"))
            .column("Age", BuiltInCells::age));
    tables.put(
        "serviceaccounts",
        named().column("Secrets", size("secrets")).column("Age", BuiltInCells::age));
    tables.put("events", events());
    tables.put("deployments.apps", deployments());
    tables.put("replicasets.apps", replicaSets());
    tables.put("daemonsets.apps", daemonSets());
    tables.put(
        "statefulsets.apps",
        named()
            .column(
                "Ready",
                object ->
                    count(object, "status.readyReplicas") + "/" + count(object, "spec.replicas"))
            .column("Age", BuiltInCells::age));
    tables.put("endpointslices.discovery.k8s.io", slices());
    tables.put(
        "networkpolicies.networking.k8s.io",
        named()
            .column("Pod-Selector", object -> selector(Json.at(object, "spec.podSelector")))
            .column("Age", BuiltInCells::age));
    tables.put(
        "leases.coordination.k8s.io",
        named().column("Holder", text("spec.holderIdentity")).column("Age", BuiltInCells::age));
    tables.put(
        CustomResources.ID, named().column("Created At", text("metadata.creationTimestamp")));
    return Map.copyOf(tables);
  }

  private static BuiltInTable named() {
    return new BuiltInTable().column("Name", text("metadata.name"));
  }

  private static java.util.function.Function<ObjectNode, Object> text(String path) {
    return object -> Json.text(object, path);
  }

  private static String age(ObjectNode object) {
    return Tables.age(Json.text(object, "metadata.creationTimestamp"));
  }

  private static java.util.function.Function<ObjectNode, Object> size(String... fields) {
    return object -> {
      int size = 0;
      for (String field : fields) {
        size += object.path(field).size();
      }
      return size;
    };
  }

  private static String orNone(String text) {
    return text.isEmpty() ? NONE : text;
  }

  private static long count(ObjectNode object, String path) {
    JsonNode at = Json.at(object, path);
    return at == null ? 0 : at.asLong();
  }

  private static BuiltInTable pods() {
    return named()
        .column("Ready", BuiltInCells::podReady)
        .column("Status", BuiltInCells::podStatus)
        .column("Restarts", BuiltInCells::podRestarts)
        .column("Age", BuiltInCells::age)
        .wide("IP", object -> orNone(Json.text(object, "status.podIP")))
        .wide("Node", object -> orNone(Json.text(object, "spec.nodeName")))
        .wide("Nominated Node", object -> orNone(Json.text(object, "status.nominatedNodeName")))
        .wide("Readiness Gates", object -> NONE);
  }

  private static String podReady(ObjectNode pod) {
    int ready = 0;
    for (JsonNode container : Json.items(pod, "status.containerStatuses")) {
      ready += container.path("ready").asBoolean() ? 1 : 0;
    }
    JsonNode containers = Json.at(pod, "spec.containers");
    return ready + "/" + (containers == null ? 0 : containers.size());
  }

  private static String podStatus(ObjectNode pod) {
    String status = Json.text(pod, "status.reason");
    if (status.isEmpty()) {
      status = Json.text(pod, "status.phase");
    }
    boolean running = false;
    for (JsonNode container : Json.items(pod, "status.containerStatuses")) {
      String waiting = Json.text(container, "state.waiting.reason");
      String terminated = Json.text(container, "state.terminated.reason");
      JsonNode code = Json.at(container, "state.terminated.exitCode");
      if (!waiting.isEmpty()) {
        status = waiting;
      } else if (!terminated.isEmpty()) {
        status = terminated;
      } else if (code != null) {
        status = "ExitCode:" + code.asInt();
      } else if (container.path("ready").asBoolean()) {
        running = true;
      }
    }
    if (status.equals("Completed") && running) {
      status = "Running";
    }
    return pod.path("metadata").has("deletionTimestamp") ? "Terminating" : status;
  }

  private static String podRestarts(ObjectNode pod) {
    int restarts = 0;
    String last = "";
    for (JsonNode container : Json.items(pod, "status.containerStatuses")) {
      restarts += container.path("restartCount").asInt();
      String finished = Json.text(container, "lastState.terminated.finishedAt");
      last = finished.compareTo(last) > 0 ? finished : last;
    }
    return restarts == 0 || last.isEmpty()
        ? Integer.toString(restarts)
        : restarts + " (" + Tables.age(last) + " ago)";
  }

  private static BuiltInTable nodes() {
    return named()
        .column("Status", BuiltInCells::nodeStatus)
        .column("Roles", BuiltInCells::nodeRoles)
        .column("Age", BuiltInCells::age)
        .column("Version", text("status.nodeInfo.kubeletVersion"))
        .wide("Internal-IP", object -> nodeAddress(object, "InternalIP"))
        .wide("External-IP", object -> nodeAddress(object, "ExternalIP"))
        .wide("OS-Image", object -> unknown(Json.text(object, "status.nodeInfo.osImage")))
        .wide(
            "Kernel-Version", object -> unknown(Json.text(object, "status.nodeInfo.kernelVersion")))
        .wide(
            "Container-Runtime",
            object -> unknown(Json.text(object, "status.nodeInfo.containerRuntimeVersion")));
  }

  private static String unknown(String text) {
    return text.isEmpty() ? "<unknown>" : text;
  }

  private static String nodeStatus(ObjectNode node) {
    String status = "Unknown";
    for (JsonNode condition : Json.items(node, "status.conditions")) {
      if (Json.text(condition, "type").equals("Ready")) {
        status = Json.text(condition, "status").equals("True") ? "Ready" : "NotReady";
      }
    }
    JsonNode closed = Json.at(node, "spec.unschedulable");
    return closed != null && closed.asBoolean() ? status + ",SchedulingDisabled" : status;
  }

  private static String nodeRoles(ObjectNode node) {
    List<String> roles = new ArrayList<>();
    for (String label : Json.stringMap(Json.at(node, "metadata.labels")).keySet()) {
      if (label.startsWith("node-role.kubernetes.io/")) {
        roles.add(label.substring(label.indexOf('/') + 1));
      }
    }
    roles.sort(null);
    return orNone(String.join(",", roles));
  }

  private static String nodeAddress(ObjectNode node, String type) {
    for (JsonNode address : Json.items(node, "status.addresses")) {
      if (Json.text(address, "type").equals(type)) {
        return Json.text(address, "address");
      }
    }
    return NONE;
  }

  private static BuiltInTable services() {
    return named()
        .column("Type", text("spec.type"))
        .column("Cluster-IP", object -> orNone(Json.text(object, "spec.clusterIP")))
        .column("External-IP", BuiltInCells::externalAddress)
        .column("Port(s)", BuiltInCells::servicePorts)
        .column("Age", BuiltInCells::age)
        .wide("Selector", object -> labels(Json.at(object, "spec.selector")));
  }

  private static String externalAddress(ObjectNode service) {
    List<String> addresses = new ArrayList<>();
    for (JsonNode ingress : Json.items(service, "status.loadBalancer.ingress")) {
      String ip = Json.text(ingress, "ip");
      addresses.add(ip.isEmpty() ? Json.text(ingress, "hostname") : ip);
    }
    addresses.addAll(Json.strings(Json.at(service, "spec.externalIPs")));
    String type = Json.text(service, "spec.type");
    if (type.equals("ExternalName")) {
      addresses.add(Json.text(service, "spec.externalName"));
    }
    if (addresses.isEmpty()) {
      return type.equals("LoadBalancer") ? "<pending>" : NONE;
    }
    return String.join(",", addresses);
  }

  private static String servicePorts(ObjectNode service) {
    List<String> ports = new ArrayList<>();
    for (JsonNode port : Json.items(service, "spec.ports")) {
      String node = port.has("nodePort") ? ":" + port.path("nodePort").asInt() : "";
      ports.add(port.path("port").asInt() + node + "/" + port.path("protocol").asText());
    }
    return orNone(String.join(",", ports));
  }

  private static String endpoints(ObjectNode endpoints) {
    List<String> found = new ArrayList<>();
    for (JsonNode subset : Json.items(endpoints, "subsets")) {
      for (JsonNode address : Json.items(subset, "addresses")) {
        for (JsonNode port : Json.items(subset, "ports")) {
          found.add(Json.text(address, "ip") + ":" + port.path("port").asInt());
        }
      }
    }
    return shortened(found);
  }

  private static String shortened(List<String> found) {
    if (found.size() > 3) {
      return String.join(",", found.subList(0, 3)) + " + " + (found.size() - 3) + " more...";
    }
    return orNone(String.join(",", found));
  }

  private static BuiltInTable slices() {
    return named()
        .column("AddressType", text("addressType"))
        .column(
            "Ports",
            object -> {
              List<String> ports = new ArrayList<>();
              for (JsonNode port : Json.items(object, "ports")) {
                ports.add(port.path("port").asText());
              }
              return ports.isEmpty() ? "<unset>" : String.join(",", ports);
            })
        .column(
            "Endpoints",
            object -> {
              List<String> addresses = new ArrayList<>();
              for (JsonNode endpoint : Json.items(object, "endpoints")) {
                addresses.addAll(Json.strings(endpoint.get("addresses")));
              }
              return addresses.isEmpty() ? "<unset>" : shortened(addresses);
            })
        .column("Age", BuiltInCells::age);
  }

  private static BuiltInTable events() {
    return new BuiltInTable()
        .column("Last Seen", BuiltInCells::lastSeen)
        .column("Type", text("type"))
        .column("Reason", text("reason"))
        .column(
            "Object",
            object ->
                Json.text(object, "involvedObject.kind").toLowerCase(java.util.Locale.ROOT)
                    + "/"
                    + Json.text(object, "involvedObject.name"))
        .wide("Source", text("source.component"))
        .column("Message", object -> Json.text(object, "message").strip())
        .wide("Count", object -> Math.max(1, (int) count(object, "count")))
        .wide("Name", text("metadata.name"));
  }

  private static String lastSeen(ObjectNode event) {
    for (String field :
        new String[] {
          "series.lastObservedTime", "lastTimestamp", "eventTime", "firstTimestamp",
        }) {
      if (!Json.text(event, field).isEmpty()) {
        return Tables.age(Json.text(event, field));
      }
    }
    return "<unknown>";
  }

  private static BuiltInTable deployments() {
    return named()
        .column(
            "Ready",
            object -> count(object, "status.readyReplicas") + "/" + count(object, "spec.replicas"))
        .column("Up-to-date", object -> (int) count(object, "status.updatedReplicas"))
        .column("Available", object -> (int) count(object, "status.availableReplicas"))
        .column("Age", BuiltInCells::age)
        .wide("Containers", object -> containers(object, "name"))
        .wide("Images", object -> containers(object, "image"))
        .wide("Selector", object -> selector(Json.at(object, "spec.selector")));
  }

  private static BuiltInTable replicaSets() {
    return named()
        .column("Desired", object -> (int) count(object, "spec.replicas"))
        .column("Current", object -> (int) count(object, "status.replicas"))
        .column("Ready", object -> (int) count(object, "status.readyReplicas"))
        .column("Age", BuiltInCells::age)
        .wide("Containers", object -> containers(object, "name"))
        .wide("Images", object -> containers(object, "image"))
        .wide("Selector", object -> selector(Json.at(object, "spec.selector")));
  }

  private static BuiltInTable daemonSets() {
    return named()
        .column("Desired", object -> (int) count(object, "status.desiredNumberScheduled"))
        .column("Current", object -> (int) count(object, "status.currentNumberScheduled"))
        .column("Ready", object -> (int) count(object, "status.numberReady"))
        .column("Up-to-date", object -> (int) count(object, "status.updatedNumberScheduled"))
        .column("Available", object -> (int) count(object, "status.numberAvailable"))
        .column(
            "Node Selector", object -> labels(Json.at(object, "spec.template.spec.nodeSelector")))
        .column("Age", BuiltInCells::age)
        .wide("Containers", object -> containers(object, "name"))
        .wide("Images", object -> containers(object, "image"))
        .wide("Selector", object -> selector(Json.at(object, "spec.selector")));
  }

  private static String containers(ObjectNode workload, String field) {
    List<String> found = new ArrayList<>();
    for (JsonNode container : Json.items(workload, "spec.template.spec.containers")) {
      found.add(Json.text(container, field));
    }
    return String.join(",", found);
  }

  private static String labels(@org.jspecify.annotations.Nullable JsonNode labels) {
    List<String> parts = new ArrayList<>();
    Json.stringMap(labels).forEach((key, value) -> parts.add(key + "=" + value));
    return orNone(String.join(",", parts));
  }

  private static String selector(@org.jspecify.annotations.Nullable JsonNode selector) {
    List<String> parts = new ArrayList<>();
    Map<String, String> plain =
        selector == null ? Map.of() : Json.stringMap(selector.get("matchLabels"));
    plain.forEach((key, value) -> parts.add(key + "=" + value));
    for (JsonNode one : Json.items(selector, "matchExpressions")) {
      String key = Json.text(one, "key");
      String values = String.join(",", Json.strings(one.get("values")));
      String operator = Json.text(one, "operator");
      parts.add(
          Set.of("Exists", "DoesNotExist").contains(operator)
              ? (operator.equals("Exists") ? key : "!" + key)
              : key + " " + operator.toLowerCase(java.util.Locale.ROOT) + " (" + values + ")");
    }
    return orNone(String.join(",", parts));
  }
}
