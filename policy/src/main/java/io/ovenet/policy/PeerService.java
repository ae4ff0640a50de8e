package io.ovenet.policy;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;

/**
 * A Service as rules mean it: the pods that it selects, or where it selects none by labels, who
 * answers for it.
 *
 * @param labels of the object
 * @param selector of its pods; empty: it has none
 * @param endpoints where it has no selector the addresses that answer, sorted
 */
public record PeerService(
    String namespace,
    String name,
    Map<String, String> labels,
    Map<String, String> selector,
    List<Cidr> endpoints)
    implements PeerGroup {
  public PeerService {
    labels = Map.copyOf(labels);
    selector = Map.copyOf(selector);
    endpoints = selector.isEmpty() ? List.copyOf(new TreeSet<>(endpoints)) : List.of();
  }

  public static String id(String namespace, String name) {
    return "Service " + namespace + "/" + name;
  }

  @Override
  public String id() {
    return id(namespace, name);
  }

  /** The labels with the source {@link Label#K8S}. */
  Labels k8sLabels() {
    List<Label> all = new ArrayList<>(labels.size());
    labels.forEach((key, value) -> all.add(Label.k8s(key, value)));
    return Labels.of(all);
  }
}
