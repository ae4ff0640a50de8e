package io.ovenet.lab.api;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Defaults and rules of built-in kinds that no schema says. Thread-safe. */
final class BuiltInRules {
  private final ServiceAddresses addresses;

  BuiltInRules(ServiceAddresses addresses) {
    this.addresses = addresses;
  }

  void apply(
      Resource resource,
      ObjectNode object,
      @Nullable ObjectNode before,
      List<ApiException.Cause> causes) {
    switch (resource.id()) {
      case "namespaces" -> namespace(object);
      case "pods" -> pod(object, before, causes);
      case "services" -> service(object, before, causes);
      case "secrets" -> secret(object);
      case "networkpolicies.networking.k8s.io" -> networkPolicy(object, causes);
      case "deployments.apps", "replicasets.apps", "statefulsets.apps" ->
          workload(object, true, causes);
      case "daemonsets.apps" -> workload(object, false, causes);
      case "customresourcedefinitions.apiextensions.k8s.io" ->
          CustomResources.complete(object, before, causes);
      default -> {}
    }
  }

  private static void namespace(ObjectNode object) {
    ObjectNode metadata = Json.child(object, "metadata");
    Json.child(metadata, "labels").put("kubernetes.io/metadata.name", Json.text(metadata, "name"));
    ObjectNode spec = Json.child(object, "spec");
    if (!spec.has("finalizers") && !metadata.has("deletionTimestamp")) {
      spec.putArray("finalizers").add("kubernetes");
    }
    ObjectNode status = Json.child(object, "status");
    if (!status.has("phase")) {
      status.put("phase", "Active");
    }
  }

  private static void pod(
      ObjectNode object, @Nullable ObjectNode before, List<ApiException.Cause> causes) {
    podSpec(Json.child(object, "spec"), "spec", causes);
    ObjectNode status = Json.child(object, "status");
    if (before == null && !status.has("phase")) {
      status.put("phase", "Pending").put("qosClass", "BestEffort");
    }
  }

  private static void podSpec(ObjectNode spec, String path, List<ApiException.Cause> causes) {
    absent(spec, "restartPolicy", "Always");
    absent(spec, "dnsPolicy", "ClusterFirst");
    absent(spec, "schedulerName", "default-scheduler");
    if (!spec.has("terminationGracePeriodSeconds")) {
      spec.put("terminationGracePeriodSeconds", 30);
    }
    if (spec.path("containers").isEmpty()) {
      required(causes, path + ".containers");
    }
    Set<String> names = new HashSet<>();
    for (String list : List.of("initContainers", "containers")) {
      int index = 0;
      for (JsonNode container : spec.path(list)) {
        String at = path + "." + list + "[" + index++ + "]";
        String name = Json.text(container, "name");
        if (name.isEmpty()) {
          required(causes, at + ".name");
        } else if (!Names.isLabel(name)) {
          invalid(causes, at + ".name", name, "must be a lowercase RFC 1123 label");
        } else if (!names.add(name)) {
          causes.add(
              new ApiException.Cause(
                  "FieldValueDuplicate", "Duplicate value: \"" + name + "\"", at + ".name"));
        }
        for (JsonNode port : container.path("ports")) {
          if (port instanceof ObjectNode object) {
            absent(object, "protocol", "TCP");
            port(causes, at + ".ports.containerPort", port.path("containerPort").asInt());
          }
        }
      }
    }
  }

  private static void workload(
      ObjectNode object, boolean replicas, List<ApiException.Cause> causes) {
    ObjectNode spec = Json.child(object, "spec");
    if (replicas && !spec.has("replicas")) {
      spec.put("replicas", 1);
    }
    ObjectNode template = Json.child(spec, "template");
    podSpec(Json.child(template, "spec"), "spec.template.spec", causes);
    Map<String, String> labels = Json.stringMap(Json.at(template, "metadata.labels"));
    if (spec.path("selector").isEmpty()) {
      required(causes, "spec.selector");
    }
    Json.stringMap(Json.at(spec, "selector.matchLabels"))
        .forEach(
            (key, value) -> {
              if (!value.equals(labels.get(key))) {
                invalid(
                    causes,
                    "spec.template.metadata.labels",
                    String.valueOf(labels),
                    "`selector` does not match template `labels`");
              }
            });
  }

  private void service(
      ObjectNode object, @Nullable ObjectNode before, List<ApiException.Cause> causes) {
    ObjectNode spec = Json.child(object, "spec");
    absent(spec, "type", "ClusterIP");
    absent(spec, "sessionAffinity", "None");
    String type = Json.text(spec, "type");
    boolean external = type.equals("ExternalName");
    if (!Set.of("ClusterIP", "NodePort", "LoadBalancer", "ExternalName").contains(type)) {
      causes.add(
          new ApiException.Cause(
              "FieldValueNotSupported",
              "Unsupported value: \""
                  + type
                  + "\": supported values: \"ClusterIP\", \"ExternalName\", \"LoadBalancer\","
                  + " \"NodePort\"",
              "spec.type"));
      return;
    }
    if (external && Json.text(spec, "externalName").isEmpty()) {
      required(causes, "spec.externalName");
    }
    boolean headless = Json.text(spec, "clusterIP").equals("None");
    if (!external && !headless && spec.path("ports").isEmpty()) {
      required(causes, "spec.ports");
    }
    ports(spec, causes);
    if (!external) {
      absent(spec, "internalTrafficPolicy", "Cluster");
      if (type.equals("NodePort") || type.equals("LoadBalancer")) {
        absent(spec, "externalTrafficPolicy", "Cluster");
      }
      if (type.equals("LoadBalancer") && !spec.has("allocateLoadBalancerNodePorts")) {
        spec.put("allocateLoadBalancerNodePorts", true);
      }
    }
    if (causes.isEmpty()) {
      addresses.assign(object, before, causes);
    }
    if (!object.has("status")) {
      object.putObject("status").putObject("loadBalancer");
    }
  }

  private static void ports(ObjectNode spec, List<ApiException.Cause> causes) {
    Set<String> names = new HashSet<>();
    Set<String> numbers = new HashSet<>();
    int index = 0;
    for (JsonNode node : spec.path("ports")) {
      String at = "spec.ports[" + index++ + "]";
      if (!(node instanceof ObjectNode port)) {
        continue;
      }
      absent(port, "protocol", "TCP");
      port(causes, at + ".port", port.path("port").asInt());
      if (!port.has("targetPort")) {
        port.set("targetPort", port.path("port"));
      }
      String name = Json.text(port, "name");
      if (name.isEmpty() && spec.path("ports").size() > 1) {
        required(causes, at + ".name");
      } else if (!names.add(name)
          || !numbers.add(port.path("protocol").asText() + port.path("port"))) {
        causes.add(new ApiException.Cause("FieldValueDuplicate", "Duplicate value: " + port, at));
      }
      if (!Set.of("TCP", "UDP", "SCTP").contains(port.path("protocol").asText())) {
        causes.add(
            new ApiException.Cause(
                "FieldValueNotSupported",
                "Unsupported value: "
                    + port.path("protocol")
                    + ": supported values: \"SCTP\", \"TCP\", \"UDP\"",
                at + ".protocol"));
      }
    }
  }

  private static void secret(ObjectNode object) {
    absent(object, "type", "Opaque");
    JsonNode plain = object.remove("stringData");
    if (plain != null) {
      ObjectNode data = Json.child(object, "data");
      for (Map.Entry<String, JsonNode> entry : plain.properties()) {
        byte[] bytes = entry.getValue().asText().getBytes(StandardCharsets.UTF_8);
        data.put(entry.getKey(), Base64.getEncoder().encodeToString(bytes));
      }
    }
  }

  private static void networkPolicy(ObjectNode object, List<ApiException.Cause> causes) {
    ObjectNode spec = Json.child(object, "spec");
    if (spec.path("policyTypes").isEmpty()) {
      ArrayNode types = spec.putArray("policyTypes").add("Ingress");
      if (spec.has("egress")) {
        types.add("Egress");
      }
    }
    if (!spec.has("podSelector")) {
      spec.putObject("podSelector");
    }
    for (String direction : List.of("ingress", "egress")) {
      int rule = 0;
      for (JsonNode node : spec.path(direction)) {
        int index = 0;
        for (JsonNode port : node.path("ports")) {
          if (port instanceof ObjectNode one) {
            absent(one, "protocol", "TCP");
            String at = "spec." + direction + "[" + rule + "].ports[" + index + "].port";
            if (port.path("port").isNumber()) {
              port(causes, at, port.path("port").asInt());
            }
          }
          index++;
        }
        rule++;
      }
    }
  }

  private static void absent(ObjectNode object, String field, String value) {
    if (Json.text(object, field).isEmpty()) {
      object.put(field, value);
    }
  }

  private static void port(List<ApiException.Cause> causes, String at, int port) {
    if (port < 1 || port > 65535) {
      causes.add(
          new ApiException.Cause(
              "FieldValueInvalid",
              "Invalid value: " + port + ": must be between 1 and 65535, inclusive",
              at));
    }
  }

  private static void required(List<ApiException.Cause> causes, String at) {
    causes.add(new ApiException.Cause("FieldValueRequired", "Required value", at));
  }

  private static void invalid(
      List<ApiException.Cause> causes, String at, String value, String why) {
    causes.add(
        new ApiException.Cause(
            "FieldValueInvalid", "Invalid value: \"" + value + "\": " + why, at));
  }
}
