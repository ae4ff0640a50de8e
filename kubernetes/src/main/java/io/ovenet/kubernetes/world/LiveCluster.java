package io.ovenet.kubernetes.world;

import io.ovenet.kubernetes.ApiException;
import io.ovenet.kubernetes.JsonObject;
import io.ovenet.kubernetes.KubernetesApi;
import io.ovenet.kubernetes.RecordKind;
import io.ovenet.policy.PolicySettings;
import java.io.IOException;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** Reads what an API server has now. */
public final class LiveCluster {
  private static final int PAGE = 500;
  private static final String CONFIG = "/api/v1/namespaces/kube-system/configmaps/cilium-config";

  private LiveCluster() {}

  /** Pods, namespaces, nodes, services and policies. */
  public static ClusterState read(KubernetesApi api) throws IOException {
    StateReader reader = new StateReader(settings(configuration(api)));
    for (RecordKind<?> kind :
        List.of(
            RecordKind.NAMESPACES,
            RecordKind.PODS,
            RecordKind.NODES,
            RecordKind.CILIUM_CIDR_GROUPS,
            RecordKind.SERVICES,
            RecordKind.ENDPOINT_SLICES,
            RecordKind.NETWORK_POLICIES,
            RecordKind.CILIUM_NETWORK_POLICIES,
            RecordKind.CILIUM_CLUSTERWIDE_NETWORK_POLICIES)) {
      forEach(api, kind, object -> reader.add(object, null));
    }
    return reader.state();
  }

  /** Each object of a kind, with its {@code kind}, which those of a list don't have. */
  public static void forEach(KubernetesApi api, RecordKind<?> kind, Consumer<JsonObject> consumer)
      throws IOException {
    String next = "";
    do {
      String path = kind.collectionPath() + "?limit=" + PAGE;
      JsonObject page;
      try {
        page =
            api.get(
                next.isEmpty()
                    ? path
                    : path + "&continue=" + URLEncoder.encode(next, StandardCharsets.UTF_8));
      } catch (ApiException e) {
        if (e.notFound()) {
          // The kind is not defined there, so there are none.
          return;
        }
        throw e;
      }
      for (JsonObject object : page.objects("items")) {
        Map<String, @Nullable Object> whole = new LinkedHashMap<>(object.fields());
        whole.put("kind", kind.kind());
        consumer.accept(new JsonObject(whole));
      }
      next = page.object("metadata").string("continue");
    } while (!next.isEmpty());
  }

  /** What the agents' ConfigMap says; empty where there is none. */
  public static JsonObject configuration(KubernetesApi api) throws IOException {
    try {
      return api.get(CONFIG).object("data");
    } catch (ApiException e) {
      if (!e.notFound()) {
        throw e;
      }
      return JsonObject.EMPTY;
    }
  }

  /** How policies are meant, by the agents' configuration; the usual way where it says nothing. */
  public static PolicySettings settings(JsonObject data) {
    String cluster = data.string("cluster-name");
    PolicySettings.Enforcement enforcement =
        switch (data.string("enable-policy")) {
          case "always" -> PolicySettings.Enforcement.ALWAYS;
          case "never" -> PolicySettings.Enforcement.NEVER;
          default -> PolicySettings.Enforcement.DEFAULT;
        };
    return new PolicySettings(
        cluster.isEmpty() ? "default" : cluster,
        enforcement,
        !data.string("allow-localhost").equals("policy"),
        false,
        !data.string("enable-node-selector-labels").equalsIgnoreCase("false"));
  }
}
