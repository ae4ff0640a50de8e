package io.ovenet.policy.naive;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** Who a service holds: the pods that it selects, or the addresses of its endpoints. */
final class NaiveServices {
  private final List<Map<String, ?>> services = new ArrayList<>();
  private final List<Map<String, ?>> slices = new ArrayList<>();

  NaiveServices(List<? extends Map<String, ?>> objects) {
    for (Map<String, ?> object : objects) {
      switch (Doc.text(object, "kind")) {
        case "Service" -> services.add(object);
        case "EndpointSlice" -> slices.add(object);
        default -> {}
      }
    }
  }

  /** Whether an item of toServices is about a peer. */
  boolean holds(Object item, String cluster, NaiveEvaluator.Peer peer) {
    for (Map<String, ?> service : services) {
      if (isNamed(item, service) && holds(service, cluster, peer)) {
        return true;
      }
    }
    return false;
  }

  private static boolean isNamed(Object item, Map<String, ?> service) {
    Object metadata = Objects.requireNonNull(Doc.get(service, "metadata"));
    Object byLabels = Doc.get(item, "k8sServiceSelector");
    Object reference =
        Objects.requireNonNull(byLabels == null ? Doc.get(item, "k8sService") : byLabels);
    String namespace = Doc.text(reference, "namespace");
    if (!namespace.isEmpty() && !namespace.equals(namespace(service))) {
      return false;
    }
    if (byLabels == null) {
      return Doc.text(reference, "serviceName").equals(Doc.text(metadata, "name"));
    }
    Object selector = Objects.requireNonNull(Doc.get(reference, "selector"));
    return NaiveSelector.matches(selector, "", k8s(Doc.get(metadata, "labels")));
  }

  private boolean holds(Map<String, ?> service, String cluster, NaiveEvaluator.Peer peer) {
    Object spec = Doc.get(service, "spec");
    Map<String, String> selector = k8s(spec == null ? null : Doc.get(spec, "selector"));
    if (selector.isEmpty()) {
      return NaivePeers.isOutside(peer) && answers(service, peer);
    }
    selector.put("k8s:" + NaiveSelector.NAMESPACE, namespace(service));
    selector.put("k8s:" + NaiveSelector.CLUSTER, cluster);
    return peer.labels().entrySet().containsAll(selector.entrySet());
  }

  private boolean answers(Map<String, ?> service, NaiveEvaluator.Peer peer) {
    Object name = Doc.text(Objects.requireNonNull(Doc.get(service, "metadata")), "name");
    for (Map<String, ?> slice : slices) {
      Object metadata = Objects.requireNonNull(Doc.get(slice, "metadata"));
      Object labels = Doc.get(metadata, "labels");
      if (labels == null
          || !name.equals(Doc.get(labels, "kubernetes.io/service-name"))
          || !namespace(slice).equals(namespace(service))) {
        continue;
      }
      for (Object endpoint : Doc.list(slice, "endpoints")) {
        String address = String.valueOf(Doc.list(endpoint, "addresses").getFirst());
        if (isServing(endpoint) && NaivePeers.contains(address, peer.address())) {
          return true;
        }
      }
    }
    return false;
  }

  /** Ready, or ending and still answering. */
  private static boolean isServing(Object endpoint) {
    Object conditions = Doc.get(endpoint, "conditions");
    if (conditions == null) {
      return true;
    }
    boolean ready = !Boolean.FALSE.equals(Doc.get(conditions, "ready"));
    Object serving = Doc.get(conditions, "serving");
    boolean answers = serving == null ? ready : Boolean.TRUE.equals(serving);
    return ready || (answers && Boolean.TRUE.equals(Doc.get(conditions, "terminating")));
  }

  private static String namespace(Map<String, ?> object) {
    String written = Doc.text(Objects.requireNonNull(Doc.get(object, "metadata")), "namespace");
    return written.isEmpty() ? "default" : written;
  }

  private static Map<String, String> k8s(@Nullable Object labels) {
    Map<String, String> all = new HashMap<>();
    if (labels != null) {
      ((Map<?, ?>) labels).forEach((key, value) -> all.put("k8s:" + key, String.valueOf(value)));
    }
    return all;
  }
}
