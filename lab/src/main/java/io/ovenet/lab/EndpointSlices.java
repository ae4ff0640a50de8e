package io.ovenet.lab;

import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.Service;
import io.fabric8.kubernetes.api.model.ServiceBuilder;
import io.fabric8.kubernetes.api.model.discovery.v1.EndpointSlice;
import io.fabric8.kubernetes.api.model.discovery.v1.EndpointSliceBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.informers.ResourceEventHandler;
import io.fabric8.kubernetes.client.informers.SharedIndexInformer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps the EndpointSlices of all services, as kube-controller-manager does, and the service by
 * which pods reach the API. Any change asks for one round over all services, in one thread; a round
 * writes what is different alone.
 */
final class EndpointSlices implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(EndpointSlices.class);
  private static final long RESYNC_SECONDS = 5;
  private static final String NAMESPACE = "default";
  private static final String API_SERVICE = "kubernetes";

  private final KubernetesClient client;
  private final AtomicBoolean due = new AtomicBoolean();
  private final ScheduledExecutorService thread =
      Executors.newSingleThreadScheduledExecutor(
          Thread.ofPlatform().daemon().name("endpoint-slices").factory());
  private @Nullable SharedIndexInformer<Service> services;
  private @Nullable SharedIndexInformer<Pod> pods;
  private @Nullable SharedIndexInformer<EndpointSlice> slices;

  EndpointSlices(KubernetesClient client) {
    this.client = client;
  }

  /**
   * Makes the service of the API server, whose one endpoint is at an address of the underlay; no
   * controller keeps it, as on a real cluster.
   */
  void makeApiService(String clusterIp, String address, int port) {
    client
        .services()
        .inNamespace(NAMESPACE)
        .resource(
            new ServiceBuilder()
                .withNewMetadata()
                .withName(API_SERVICE)
                .addToLabels("component", "apiserver")
                .addToLabels("provider", "kubernetes")
                .endMetadata()
                .withNewSpec()
                .withClusterIP(clusterIp)
                .addNewPort()
                .withName("https")
                .withPort(443)
                .withNewTargetPort(port)
                .endPort()
                .endSpec()
                .build())
        .create();
    client
        .discovery()
        .v1()
        .endpointSlices()
        .inNamespace(NAMESPACE)
        .resource(
            new EndpointSliceBuilder()
                .withNewMetadata()
                .withName(API_SERVICE)
                .addToLabels(ServiceEndpoints.SERVICE, API_SERVICE)
                .endMetadata()
                .withAddressType("IPv4")
                .addNewPort()
                .withName("https")
                .withPort(port)
                .withProtocol("TCP")
                .endPort()
                .addNewEndpoint()
                .withAddresses(address)
                .withNewConditions()
                .withReady(true)
                .endConditions()
                .endEndpoint()
                .build())
        .create();
  }

  void start() throws LabException, InterruptedException {
    services = Informers.start("services", client.services().inAnyNamespace(), trigger(), 0);
    pods = Informers.start("pods of services", client.pods().inAnyNamespace(), trigger(), 0);
    slices =
        Informers.start(
            "endpoint slices",
            client
                .discovery()
                .v1()
                .endpointSlices()
                .inAnyNamespace()
                .withLabel(ServiceEndpoints.MANAGED_BY, ServiceEndpoints.MANAGER),
            trigger(),
            0);
    // What failed is tried again even if nothing changes.
    var _ =
        thread.scheduleWithFixedDelay(
            this::round, RESYNC_SECONDS, RESYNC_SECONDS, TimeUnit.SECONDS);
    ask();
  }

  private <T> ResourceEventHandler<T> trigger() {
    return new ResourceEventHandler<>() {
      @Override
      public void onAdd(T added) {
        ask();
      }

      @Override
      public void onUpdate(T before, T now) {
        ask();
      }

      @Override
      public void onDelete(T deleted, boolean finalStateUnknown) {
        ask();
      }
    };
  }

  private void ask() {
    if (!thread.isShutdown() && due.compareAndSet(false, true)) {
      thread.execute(this::round);
    }
  }

  private void round() {
    due.set(false);
    var allServices = services;
    var allPods = pods;
    var present = slices;
    if (allServices == null || allPods == null || present == null) {
      return;
    }
    Map<String, EndpointSlice> surplus = new HashMap<>();
    present.getStore().list().forEach(slice -> surplus.put(key(slice), slice));
    List<Pod> pods = new ArrayList<>(allPods.getStore().list());
    for (Service service : allServices.getStore().list()) {
      for (EndpointSlice wanted : ServiceEndpoints.slices(service, pods)) {
        EndpointSlice before = surplus.remove(key(wanted));
        attempt(wanted, () -> write(before, wanted));
      }
    }
    surplus.values().forEach(slice -> attempt(slice, () -> client.resource(slice).delete()));
  }

  private static String key(EndpointSlice slice) {
    return slice.getMetadata().getNamespace() + "/" + slice.getMetadata().getName();
  }

  private void write(@Nullable EndpointSlice before, EndpointSlice wanted) {
    if (before == null) {
      client.resource(wanted).create();
    } else if (!before.getEndpoints().equals(wanted.getEndpoints())
        || !before.getPorts().equals(wanted.getPorts())
        || !before.getMetadata().getLabels().equals(wanted.getMetadata().getLabels())) {
      client
          .resource(
              new EndpointSliceBuilder(wanted)
                  .editMetadata()
                  .withResourceVersion(before.getMetadata().getResourceVersion())
                  .endMetadata()
                  .build())
          .update();
    }
  }

  private static void attempt(EndpointSlice slice, Runnable write) {
    try {
      write.run();
    } catch (KubernetesClientException e) {
      // Conflicts are answered by the next round, which the watch asks for; others within seconds.
      LOG.info("cannot write the slice {}, trying again: {}", key(slice), e.getMessage());
    }
  }

  @Override
  public void close() {
    thread.shutdownNow();
    for (var each : new SharedIndexInformer<?>[] {services, pods, slices}) {
      if (each != null) {
        each.close();
      }
    }
  }
}
