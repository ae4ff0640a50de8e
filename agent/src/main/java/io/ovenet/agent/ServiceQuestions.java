package io.ovenet.agent;

import io.ovenet.datapath.ServiceKey;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ExecutionException;

/** Answers what this node has of services, by names. */
final class ServiceQuestions {
  private final NodeServices services;
  private final ServicesConfig config;

  ServiceQuestions(NodeServices services, ServicesConfig config) {
    this.services = services;
    this.config = config;
  }

  void offer(AdminServer admin) {
    admin.offer("services", _ -> list());
  }

  private Map<String, ?> list() throws IOException {
    var all = new ArrayList<Object>();
    try {
      new TreeMap<>(services.views().get()).values().forEach(view -> all.add(describe(view)));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("the agent ends", e);
    } catch (ExecutionException e) {
      throw new IOException("the services' thread could not say: " + e.getCause(), e);
    }
    return Map.of("enabled", config.enabled(), "services", all);
  }

  private static Map<String, ?> describe(ServiceView view) {
    var frontends = new ArrayList<Object>();
    for (var frontend : view.frontends()) {
      var key = frontend.key();
      var backends = new ArrayList<Object>();
      for (var backend : view.sets().getOrDefault(frontend.backends(), List.of())) {
        backends.add(backend.address().getHostAddress() + ":" + backend.port());
      }
      var one = new LinkedHashMap<String, Object>();
      one.put("address", key.address().getHostAddress());
      one.put("port", key.port());
      one.put("protocol", ListedNames.protocol(key.protocol()));
      one.put("kind", kind(frontend.kind()));
      one.put("from", scope(key.scope()));
      one.put("localOnly", frontend.backends().local());
      one.put("affinitySeconds", (long) frontend.affinitySeconds());
      one.put("sourceRanges", frontend.sourceRanges().stream().map(Object::toString).toList());
      one.put("backends", backends);
      frontends.add(one);
    }
    var backends = new ArrayList<Object>();
    view.backends().values().stream()
        .sorted(java.util.Comparator.comparing(ServiceBackend::key))
        .forEach(backend -> backends.add(describe(backend)));
    return Map.of(
        "service",
        view.service(),
        "frontends",
        frontends,
        "backends",
        backends,
        "notes",
        view.notes());
  }

  private static Map<String, ?> describe(ServiceBackend backend) {
    return Map.of(
        "address",
        backend.key().address().getHostAddress(),
        "port",
        (long) backend.key().port(),
        "protocol",
        ListedNames.protocol(backend.key().protocol()),
        "node",
        backend.node(),
        "target",
        backend.target(),
        "state",
        backend.terminating() ? "terminating" : backend.ready() ? "ready" : "not ready");
  }

  static String scope(int scope) {
    return switch (scope) {
      case ServiceKey.OUTSIDE -> "outside";
      case ServiceKey.UNREDIRECTED -> "pods that answer for the redirect";
      case ServiceKey.OTHER_NODES -> "cluster, at other nodes";
      default -> "cluster";
    };
  }

  private static String kind(ServiceFrontend.Kind kind) {
    return switch (kind) {
      case CLUSTER_IP -> "ClusterIP";
      case EXTERNAL_IP -> "ExternalIP";
      case LOAD_BALANCER -> "LoadBalancer";
      case NODE_PORT -> "NodePort";
      case HOST_PORT -> "HostPort";
      case LOCAL_REDIRECT -> "LocalRedirect";
    };
  }
}
