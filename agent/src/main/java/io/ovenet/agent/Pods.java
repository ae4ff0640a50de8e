package io.ovenet.agent;

import io.ovenet.kubernetes.ApiException;
import io.ovenet.kubernetes.KubernetesApi;
import io.ovenet.kubernetes.NamespaceRecord;
import io.ovenet.kubernetes.PodRecord;
import io.ovenet.kubernetes.RecordKind;
import io.ovenet.policy.LabelFilter;
import io.ovenet.policy.Labels;
import java.io.IOException;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * The pods of this node and all namespaces, for what makes a pod's identity. Fed by watches; what
 * they haven't told yet is fetched. Thread-safe.
 */
public final class Pods {
  private final String cluster;
  private final KubernetesApi api;
  private final Map<String, PodRecord> pods = new ConcurrentHashMap<>();
  private final Map<String, Map<String, String>> namespaceLabels = new ConcurrentHashMap<>();

  public Pods(String cluster, KubernetesApi api) {
    this.cluster = cluster;
    this.api = api;
  }

  void upserted(PodRecord pod) {
    pods.put(pod.key().path(), pod);
  }

  void deleted(String namespace, String name) {
    pods.remove(namespace + "/" + name);
  }

  void upserted(NamespaceRecord namespace) {
    namespaceLabels.put(namespace.name(), namespace.labels());
  }

  void namespaceDeleted(String name) {
    namespaceLabels.remove(name);
  }

  /** The pod if the watch has told of this incarnation. */
  @Nullable PodRecord known(String namespace, String name, String uid) {
    var pod = pods.get(namespace + "/" + name);
    return pod != null && (uid.isEmpty() || pod.uid().equals(uid)) ? pod : null;
  }

  /** The labels that make the pod's identity, if its namespace is known; asks nobody. */
  @Nullable Labels knownIdentityLabels(PodRecord pod) {
    var labels = namespaceLabels.get(pod.namespace());
    return labels == null ? null : identityLabels(pod, labels);
  }

  /**
   * The pod, from the watch or the API server.
   *
   * @param uid of the incarnation that is meant, or empty
   */
  PodRecord find(String namespace, String name, String uid) throws IOException {
    var known = known(namespace, name, uid);
    if (known != null) {
      return known;
    }
    var fetched = RecordKind.PODS.reader().apply(api.get(RecordKind.PODS.path(namespace, name)));
    if (!uid.isEmpty() && !fetched.uid().equals(uid)) {
      throw new ApiException(
          "GET pod " + namespace + "/" + name, 404, "NotFound", "it is another incarnation by now");
    }
    return fetched;
  }

  /** The labels that make the pod's identity. Fetches its namespace where it isn't known. */
  Labels identityLabels(PodRecord pod) throws IOException {
    var labels = namespaceLabels.get(pod.namespace());
    if (labels == null) {
      var fetched =
          RecordKind.NAMESPACES
              .reader()
              .apply(api.get(RecordKind.NAMESPACES.path("", pod.namespace())));
      labels = fetched.labels();
    }
    return identityLabels(pod, labels);
  }

  private Labels identityLabels(PodRecord pod, Map<String, String> labels) {
    return LabelFilter.upstreamDefault()
        .identityLabels(pod.labels(), pod.namespace(), labels, pod.serviceAccount(), cluster);
  }
}
