package io.ovenet.lab;

import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.Service;
import io.fabric8.kubernetes.api.model.discovery.v1.Endpoint;
import io.fabric8.kubernetes.api.model.discovery.v1.EndpointSlice;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.informers.ResourceEventHandler;
import io.fabric8.kubernetes.client.informers.SharedIndexInformer;
import java.io.IOException;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The cluster's DNS: a container of the image coredns answers for {@code
 * SERVICE.NAMESPACE.svc.cluster.local} as Kubernetes' DNS specification says, from port 53 of its
 * pod, and for no other zone. The names follow the API. Thread-safe.
 */
final class ClusterDns implements PodWorker.Programs, AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(ClusterDns.class);
  private static final String ZONE = "cluster.local";
  private static final String SERVICES = ".svc." + ZONE;

  private final KubernetesClient client;
  private volatile @Nullable SharedIndexInformer<Service> services;
  private volatile @Nullable SharedIndexInformer<EndpointSlice> slices;

  ClusterDns(KubernetesClient client) {
    this.client = client;
  }

  /** Begins to follow the API; before that no name exists. */
  void start() throws LabException, InterruptedException {
    services = Informers.start("services of DNS", client.services().inAnyNamespace(), nothing(), 0);
    slices =
        Informers.start(
            "endpoints of DNS",
            client.discovery().v1().endpointSlices().inAnyNamespace(),
            nothing(),
            0);
  }

  private static <T> ResourceEventHandler<T> nothing() {
    return new ResourceEventHandler<>() {
      @Override
      public void onAdd(T added) {}

      @Override
      public void onUpdate(T before, T now) {}

      @Override
      public void onDelete(T deleted, boolean finalStateUnknown) {}
    };
  }

  @Override
  public ContainerProcess.@Nullable Starter starter(
      Pod pod, ContainerSpec container, PodSandbox sandbox) {
    String image = container.image().replaceFirst("[:@].*", "");
    if (!image.substring(image.lastIndexOf('/') + 1).equals("coredns")) {
      return null;
    }
    return log -> {
      // The server is this process's own; whoever ends this one in the pod ends the server.
      Process place =
          ContainerProcess.run(
              sandbox, List.of("sleep", "2147483647"), container.environment(), log);
      try {
        DnsServer server =
            DnsServer.start(
                sandbox.holder(),
                (request, most) -> DnsAnswer.to(request, most, ZONE, this::addresses));
        var _ = place.onExit().thenRun(() -> close(server));
        return place;
      } catch (IOException | RuntimeException e) {
        place.destroyForcibly();
        throw e;
      }
    };
  }

  private static void close(DnsServer server) {
    try {
      server.close();
    } catch (IOException e) {
      LOG.warn("cannot close a DNS server: {}", e.toString());
    }
  }

  /** The addresses of a name, none for one that has others below it; null if there is no such. */
  @Nullable List<Inet4Address> addresses(String name) {
    SharedIndexInformer<Service> all = services;
    if (name.equals(ZONE) || name.equals(SERVICES.substring(1))) {
      return List.of();
    }
    if (all == null || !name.endsWith(SERVICES)) {
      return null;
    }
    String[] parts = name.substring(0, name.length() - SERVICES.length()).split("\\.", -1);
    if (parts.length == 1) {
      boolean used =
          all.getStore().list().stream()
              .anyMatch(service -> service.getMetadata().getNamespace().equals(parts[0]));
      return used ? List.of() : null;
    }
    Service service = parts.length == 2 ? all.getStore().getByKey(parts[1] + "/" + parts[0]) : null;
    if (service == null) {
      return null;
    }
    String address = service.getSpec().getClusterIP();
    if (address == null || address.isEmpty()) {
      return List.of();
    }
    return address.equals("None") ? endpoints(parts[1], parts[0]) : parsed(List.of(address));
  }

  private List<Inet4Address> endpoints(String namespace, String service) {
    SharedIndexInformer<EndpointSlice> all = slices;
    List<String> addresses = new ArrayList<>();
    if (all != null) {
      for (EndpointSlice slice : all.getStore().list()) {
        if (slice.getMetadata().getNamespace().equals(namespace)
            && slice.getMetadata().getLabels() != null
            && service.equals(slice.getMetadata().getLabels().get(ServiceEndpoints.SERVICE))) {
          for (Endpoint endpoint : slice.getEndpoints()) {
            if (endpoint.getConditions() == null
                || !Boolean.FALSE.equals(endpoint.getConditions().getReady())) {
              addresses.addAll(endpoint.getAddresses());
            }
          }
        }
      }
    }
    return parsed(addresses);
  }

  private static List<Inet4Address> parsed(List<String> addresses) {
    List<Inet4Address> parsed = new ArrayList<>();
    for (String address : addresses) {
      if (InetAddress.ofLiteral(address) instanceof Inet4Address ipv4) {
        parsed.add(ipv4);
      }
    }
    return parsed;
  }

  @Override
  public void close() {
    for (var each : new SharedIndexInformer<?>[] {services, slices}) {
      if (each != null) {
        each.close();
      }
    }
  }
}
