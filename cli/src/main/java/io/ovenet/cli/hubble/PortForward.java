package io.ovenet.cli.hubble;

import io.fabric8.kubernetes.api.model.ContainerPort;
import io.fabric8.kubernetes.api.model.IntOrString;
import io.fabric8.kubernetes.api.model.NamedContext;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.Service;
import io.fabric8.kubernetes.api.model.ServicePort;
import io.fabric8.kubernetes.client.Config;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.LocalPortForward;
import io.fabric8.kubernetes.client.readiness.Readiness;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * A port of this machine's loopback address that leads through the API server to a relay's pod.
 * Closing it ends the connections that go by it.
 */
final class PortForward implements AutoCloseable {
  private static final String SERVICE = "hubble-relay";
  private static final int NOT_FOUND = 404;
  private static final int TIMEOUT_MILLIS = 5_000;

  private final KubernetesClient client;
  private final LocalPortForward forward;

  private PortForward(KubernetesClient client, LocalPortForward forward) {
    this.client = client;
    this.forward = forward;
  }

  /**
   * Opens it to a pod of the service that is ready, at the service's first port.
   *
   * @param context of the kubeconfig; "": its current one
   * @param port of this machine; 0: any
   * @throws HubbleException saying what is not there
   */
  static PortForward open(Path kubeconfig, String context, String namespace, int port)
      throws IOException {
    if (!Files.isReadable(kubeconfig)) {
      throw new IOException("cannot read the kubeconfig " + kubeconfig);
    }
    Config config = Config.fromKubeconfig(context.isEmpty() ? null : context, kubeconfig.toFile());
    if (!context.isEmpty()) {
      List<String> contexts =
          config.getContexts().stream().map(NamedContext::getName).sorted().toList();
      if (!contexts.contains(context)) {
        throw new HubbleException(
            "-P: the kubeconfig "
                + kubeconfig
                + " has no context "
                + context
                + "; it has "
                + String.join(", ", contexts));
      }
    }
    // A person waits: once is enough.
    config.setRequestRetryBackoffLimit(0);
    config.setConnectionTimeout(TIMEOUT_MILLIS);
    KubernetesClient client = new KubernetesClientBuilder().withConfig(config).build();
    boolean open = false;
    try {
      Service service = client.services().inNamespace(namespace).withName(SERVICE).get();
      if (service == null) {
        throw new HubbleException(
            "-P: the cluster of "
                + kubeconfig
                + " has no service "
                + namespace
                + "/"
                + SERVICE
                + ": name its namespace with --kube-namespace, or a server with --server");
      }
      Pod pod = readyPod(client, service);
      int there = targetPort(firstPort(service), pod);
      PortForward opened =
          new PortForward(
              client,
              client
                  .pods()
                  .inNamespace(namespace)
                  .withName(pod.getMetadata().getName())
                  .portForward(there, InetAddress.getLoopbackAddress(), free(port)));
      open = true;
      return opened;
    } catch (KubernetesClientException e) {
      throw new HubbleException(
          e.getCode() == NOT_FOUND
              ? "-P: " + e.getMessage()
              : "-P: the cluster of " + kubeconfig + " does not answer: " + e.getMessage(),
          e);
    } finally {
      if (!open) {
        client.close();
      }
    }
  }

  private static ServicePort firstPort(Service service) {
    List<ServicePort> ports = service.getSpec().getPorts();
    if (ports == null || ports.isEmpty()) {
      throw new HubbleException("-P: service " + nameOf(service) + " has no port");
    }
    return ports.getFirst();
  }

  private static String nameOf(Service service) {
    return service.getMetadata().getNamespace() + "/" + service.getMetadata().getName();
  }

  private static Pod readyPod(KubernetesClient client, Service service) {
    String namespace = service.getMetadata().getNamespace();
    Map<String, String> selector = service.getSpec().getSelector();
    if (selector == null || selector.isEmpty()) {
      throw new HubbleException("-P: service " + nameOf(service) + " selects no pods");
    }
    List<Pod> pods = client.pods().inNamespace(namespace).withLabels(selector).list().getItems();
    Optional<Pod> ready = pods.stream().filter(Readiness.getInstance()::isReady).findFirst();
    return ready.orElseThrow(
        () ->
            new HubbleException(
                "-P: of the "
                    + pods.size()
                    + " pods of service "
                    + nameOf(service)
                    + " none is ready: look at them with kubectl -n "
                    + namespace
                    + " get pods"));
  }

  /** What a service's port is of its pod. */
  static int targetPort(ServicePort port, Pod pod) {
    IntOrString target = port.getTargetPort();
    if (target == null || (target.getStrVal() == null && target.getIntVal() == null)) {
      return port.getPort();
    }
    if (target.getStrVal() == null) {
      return target.getIntVal();
    }
    return pod.getSpec().getContainers().stream()
        .flatMap(
            container ->
                container.getPorts() == null
                    ? Stream.<ContainerPort>of()
                    : container.getPorts().stream())
        .filter(named -> Objects.equals(named.getName(), target.getStrVal()))
        .map(ContainerPort::getContainerPort)
        .findFirst()
        .orElseThrow(
            () ->
                new HubbleException(
                    "-P: pod "
                        + pod.getMetadata().getName()
                        + " has no port named "
                        + target.getStrVal()));
  }

  /** Says at once if somebody has it. */
  private static int free(int port) {
    try (ServerSocket socket = new ServerSocket(port, 1, InetAddress.getLoopbackAddress())) {
      return port == 0 ? 0 : socket.getLocalPort();
    } catch (IOException e) {
      throw new HubbleException(
          "-P: port "
              + port
              + " of this machine is taken: name another with --port-forward-port (0: any)",
          e);
    }
  }

  /** As a server's address. */
  String address() {
    return "127.0.0.1:" + forward.getLocalPort();
  }

  @Override
  public void close() {
    try {
      forward.close();
    } catch (IOException e) {
      throw new HubbleException("cannot end the forwarding of a port: " + e.getMessage(), e);
    } finally {
      client.close();
    }
  }
}
