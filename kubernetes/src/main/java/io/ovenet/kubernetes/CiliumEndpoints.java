package io.ovenet.kubernetes;

import java.io.IOException;
import java.util.List;
import java.util.Map;

/** Writes the CiliumEndpoints of an agent's own pods. Thread-safe; calls block. */
public final class CiliumEndpoints {
  private final KubernetesApi api;

  public CiliumEndpoints(KubernetesApi api) {
    this.api = api;
  }

  /** Makes the object, or takes over one that a former pod of the name has left. */
  public CiliumEndpointRecord upsert(EndpointStatus endpoint) throws IOException {
    var owners =
        List.of(
            Map.of(
                "apiVersion",
                "v1",
                "kind",
                "Pod",
                "name",
                endpoint.podName(),
                "uid",
                endpoint.podUid()));
    var path = RecordKind.CILIUM_ENDPOINTS.path(endpoint.namespace(), endpoint.name());
    var collection = path.substring(0, path.lastIndexOf('/'));
    var metadata =
        Map.of(
            "name",
            endpoint.name(),
            "namespace",
            endpoint.namespace(),
            "ownerReferences",
            owners,
            "annotations",
            Map.of(Workload.ANNOTATION, endpoint.workload()));
    var status = endpoint.toJson();
    while (true) {
      try {
        return CiliumRecords.endpoint(
            api.create(
                collection,
                Map.of(
                    "apiVersion",
                    "cilium.io/v2",
                    "kind",
                    "CiliumEndpoint",
                    "metadata",
                    metadata,
                    "status",
                    status)));
      } catch (ApiException e) {
        if (!e.alreadyExists()) {
          throw e;
        }
      }
      try {
        return CiliumRecords.endpoint(
            api.patch(
                path,
                Map.of(
                    "metadata",
                    Map.of(
                        "ownerReferences",
                        owners,
                        "annotations",
                        Map.of(Workload.ANNOTATION, endpoint.workload())),
                    "status",
                    status)));
      } catch (ApiException e) {
        // Deleted since: make it.
        if (!e.notFound()) {
          throw e;
        }
      }
    }
  }

  /**
   * Deletes the object if it is still that of the pod.
   *
   * @return false if it was gone or another pod's
   */
  public boolean delete(String namespace, String name, String podUid) throws IOException {
    var path = RecordKind.CILIUM_ENDPOINTS.path(namespace, name);
    while (true) {
      try {
        var present = CiliumRecords.endpoint(api.get(path));
        if (!present.podUid().equals(podUid)) {
          return false;
        }
        return api.delete(
            path, Map.of("uid", present.key().uid(), "resourceVersion", present.resourceVersion()));
      } catch (ApiException e) {
        if (e.notFound()) {
          return false;
        }
        if (!e.conflict()) {
          throw e;
        }
        // Written since: look again whose it is.
      }
    }
  }
}
