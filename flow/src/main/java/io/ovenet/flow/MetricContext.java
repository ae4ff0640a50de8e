package io.ovenet.flow;

import io.ovenet.api.flow.TrafficDirection;
import io.ovenet.api.flow.Workload;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.Function;
import java.util.function.Predicate;

/** The labels that say whose flow it was, as a plugin's options choose them. Immutable. */
final class MetricContext {
  /** What a label says of a flow. */
  private record Label(String name, Function<FlowRecord, String> value) {}

  private final List<Label> labels;

  private MetricContext(List<Label> labels) {
    this.labels = List.copyOf(labels);
  }

  /**
   * From a plugin's options.
   *
   * @param warn told of what is not known, which is left out
   */
  static MetricContext of(MetricsConfig.Item item, java.util.function.Consumer<String> warn) {
    var labels = new ArrayList<Label>();
    for (String name : item.values("labelscontext")) {
      Function<FlowRecord, String> value = labelled(name);
      if (value == null) {
        warn.accept(item.name() + ": labelsContext knows no " + name);
      } else {
        labels.add(new Label(name, value));
      }
    }
    side(item, "source", true, labels, warn);
    side(item, "destination", false, labels, warn);
    return new MetricContext(labels);
  }

  private static void side(
      MetricsConfig.Item item,
      String name,
      boolean source,
      List<Label> labels,
      java.util.function.Consumer<String> warn) {
    var plain = contexts(item, name + "context", source, warn);
    var ingress = contexts(item, name + "ingresscontext", source, warn);
    var egress = contexts(item, name + "egresscontext", source, warn);
    if (plain.isEmpty() && ingress.isEmpty() && egress.isEmpty()) {
      return;
    }
    labels.add(
        new Label(
            name,
            flow ->
                switch (flow.direction()) {
                  case TrafficDirection.INGRESS_VALUE ->
                      first(ingress.isEmpty() ? plain : ingress, flow);
                  case TrafficDirection.EGRESS_VALUE ->
                      first(egress.isEmpty() ? plain : egress, flow);
                  default -> first(plain, flow);
                }));
  }

  private static String first(List<Function<FlowRecord, String>> contexts, FlowRecord flow) {
    for (Function<FlowRecord, String> context : contexts) {
      String value = context.apply(flow);
      if (!value.isEmpty()) {
        return value;
      }
    }
    return "";
  }

  private static List<Function<FlowRecord, String>> contexts(
      MetricsConfig.Item item,
      String option,
      boolean source,
      java.util.function.Consumer<String> warn) {
    var contexts = new ArrayList<Function<FlowRecord, String>>();
    for (String name : item.values(option)) {
      Function<FlowRecord, String> context = context(name.toLowerCase(Locale.ROOT), source);
      if (context == null) {
        warn.accept(item.name() + ": " + option + " knows no " + name);
      } else {
        contexts.add(context);
      }
    }
    return contexts;
  }

  private static FlowEndpoint end(FlowRecord flow, boolean source) {
    return source ? flow.source() : flow.destination();
  }

  private static @org.jspecify.annotations.Nullable Function<FlowRecord, String> context(
      String name, boolean source) {
    return switch (name) {
      case "identity" -> flow -> String.join(",", end(flow, source).labels().texts());
      case "namespace" -> flow -> end(flow, source).namespace();
      case "pod" -> flow -> qualified(end(flow, source), end(flow, source).podName());
      case "pod-name" -> flow -> end(flow, source).podName();
      case "dns" -> flow -> String.join(",", source ? flow.sourceNames() : flow.destinationNames());
      case "ip" -> flow -> address(flow, source);
      case "reserved-identity" -> flow -> reserved(end(flow, source));
      case "workload" -> flow -> qualified(end(flow, source), workload(end(flow, source)));
      case "workload-name" -> flow -> workload(end(flow, source));
      case "app" -> flow -> app(end(flow, source));
      default -> null;
    };
  }

  private static @org.jspecify.annotations.Nullable Function<FlowRecord, String> labelled(
      String name) {
    if (name.equals("traffic_direction")) {
      return flow ->
          flow.direction() == 0 ? "unknown" : flow.directionEnum().name().toLowerCase(Locale.ROOT);
    }
    boolean source = name.startsWith("source_");
    if (!source && !name.startsWith("destination_")) {
      return null;
    }
    return switch (name.substring(name.indexOf('_') + 1)) {
      case "ip" -> flow -> address(flow, source);
      case "pod" -> flow -> end(flow, source).podName();
      case "namespace" -> flow -> end(flow, source).namespace();
      case "workload" -> flow -> workload(end(flow, source));
      case "workload_kind" ->
          flow -> {
            List<Workload> workloads = end(flow, source).workloads();
            return workloads.isEmpty() ? "" : workloads.get(0).getKind();
          };
      case "app" -> flow -> app(end(flow, source));
      default -> null;
    };
  }

  private static String qualified(FlowEndpoint endpoint, String name) {
    return name.isEmpty() || endpoint.namespace().isEmpty()
        ? name
        : endpoint.namespace() + "/" + name;
  }

  private static String workload(FlowEndpoint endpoint) {
    List<Workload> workloads = endpoint.workloads();
    return workloads.isEmpty() ? "" : workloads.get(0).getName();
  }

  private static String app(FlowEndpoint endpoint) {
    for (String key : List.of("app.kubernetes.io/name", "k8s-app", "app")) {
      String value = endpoint.labels().value("k8s", key);
      if (value != null) {
        return value;
      }
    }
    return "";
  }

  private static String reserved(FlowEndpoint endpoint) {
    Predicate<String> isReserved = text -> text.startsWith("reserved:");
    return endpoint.labels().texts().stream().filter(isReserved).findFirst().orElse("");
  }

  private static String address(FlowRecord flow, boolean source) {
    if (!flow.has(io.ovenet.datapath.FlowEvent.HAS_L3)) {
      return "";
    }
    return source
        ? Addresses.text(flow.sourceHigh(), flow.sourceLow())
        : Addresses.text(flow.destinationHigh(), flow.destinationLow());
  }

  List<String> names() {
    return labels.stream().map(Label::name).toList();
  }

  /** Writes the values from an index on. */
  void fill(FlowRecord flow, String[] values, int from) {
    for (int i = 0; i < labels.size(); i++) {
      values[from + i] = labels.get(i).value.apply(flow);
    }
  }
}
