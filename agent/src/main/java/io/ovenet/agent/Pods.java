package io.ovenet.agent;

import io.ovenet.kubernetes.ApiException;
import io.ovenet.kubernetes.ContainerPort;
import io.ovenet.kubernetes.KubernetesApi;
import io.ovenet.kubernetes.NamespaceRecord;
import io.ovenet.kubernetes.PodRecord;
import io.ovenet.kubernetes.RecordKind;
import io.ovenet.kubernetes.policy.PolicyParser;
import io.ovenet.policy.LabelFilter;
import io.ovenet.policy.Labels;
import io.ovenet.policy.NamedPort;
import io.ovenet.policy.NamedPorts;
import io.ovenet.policy.PortRange;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
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
  private final Set<String> auditedNamespaces = ConcurrentHashMap.newKeySet();

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
    note(namespace);
  }

  void namespaceDeleted(String name) {
    namespaceLabels.remove(name);
    auditedNamespaces.remove(name);
  }

  private void note(NamespaceRecord namespace) {
    if (isTrue(namespace.annotations())) {
      auditedNamespaces.add(namespace.name());
    } else {
      auditedNamespaces.remove(namespace.name());
    }
  }

  private static boolean isTrue(Map<String, String> annotations) {
    return "true".equals(annotations.get(PolicyParser.AUDIT));
  }

  /**
   * Whether what policies deny the pod passes and is told: by its annotation, or its namespace's.
   */
  boolean isAudited(PodRecord pod) {
    return isTrue(pod.annotations()) || auditedNamespaces.contains(pod.namespace());
  }

  /** Named ports, those of a protocol that policies can name. */
  static NamedPorts portsOf(List<ContainerPort> ports) {
    var named = new ArrayList<NamedPort>();
    for (var port : ports) {
      int protocol =
          switch (port.protocol().toUpperCase(Locale.ROOT)) {
            case "", "TCP" -> PortRange.TCP;
            case "UDP" -> PortRange.UDP;
            case "SCTP" -> PortRange.SCTP;
            default -> 0;
          };
      if (protocol != 0) {
        named.add(new NamedPort(port.name(), protocol, port.port()));
      }
    }
    return NamedPorts.of(named);
  }

  /** Whether the API server has a namespace that is not being deleted; asks it. */
  boolean isNamespaceAlive(String name) throws IOException {
    return api.get(RecordKind.NAMESPACES.path("", name))
        .object("metadata")
        .string("deletionTimestamp")
        .isEmpty();
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
      note(fetched);
    }
    return identityLabels(pod, labels);
  }

  private Labels identityLabels(PodRecord pod, Map<String, String> labels) {
    return LabelFilter.upstreamDefault()
        .identityLabels(pod.labels(), pod.namespace(), labels, pod.serviceAccount(), cluster);
  }
}
