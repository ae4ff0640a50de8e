package io.ovenet.lab;

import io.fabric8.kubernetes.api.model.ContainerPort;
import io.fabric8.kubernetes.api.model.ObjectReferenceBuilder;
import io.fabric8.kubernetes.api.model.OwnerReferenceBuilder;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.Service;
import io.fabric8.kubernetes.api.model.ServicePort;
import io.fabric8.kubernetes.api.model.discovery.v1.Endpoint;
import io.fabric8.kubernetes.api.model.discovery.v1.EndpointBuilder;
import io.fabric8.kubernetes.api.model.discovery.v1.EndpointPort;
import io.fabric8.kubernetes.api.model.discovery.v1.EndpointPortBuilder;
import io.fabric8.kubernetes.api.model.discovery.v1.EndpointSlice;
import io.fabric8.kubernetes.api.model.discovery.v1.EndpointSliceBuilder;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Which pods answer for a service, as slices: what kube-controller-manager works out (Kubernetes'
 * documentation, "EndpointSlices"). Pods that have the same numbers behind the service's ports are
 * of one slice, of at most a hundred.
 */
final class ServiceEndpoints {
  static final String SERVICE = "kubernetes.io/service-name";
  static final String MANAGED_BY = "endpointslice.kubernetes.io/managed-by";
  static final String MANAGER = "endpointslice-controller.k8s.io";
  private static final int LARGEST = 100;

  private ServiceEndpoints() {}

  /** The slices of a service; none where it selects nothing by itself. */
  static List<EndpointSlice> slices(Service service, Collection<Pod> pods) {
    List<EndpointSlice> slices = new ArrayList<>();
    Map<String, String> selector = service.getSpec().getSelector();
    if (selector == null
        || selector.isEmpty()
        || "ExternalName".equals(service.getSpec().getType())) {
      return slices;
    }
    boolean notReadyToo = Boolean.TRUE.equals(service.getSpec().getPublishNotReadyAddresses());
    Map<String, List<Pod>> byPorts = new TreeMap<>();
    for (Pod pod : pods) {
      if (selects(service, selector, pod) && !address(pod).isEmpty() && !ended(pod)) {
        byPorts.computeIfAbsent(numbers(service, pod), _ -> new ArrayList<>()).add(pod);
      }
    }
    for (List<Pod> alike : byPorts.values()) {
      alike.sort(Comparator.comparing(pod -> pod.getMetadata().getName()));
      for (int from = 0; from < alike.size(); from += LARGEST) {
        List<Pod> part = alike.subList(from, Math.min(alike.size(), from + LARGEST));
        slices.add(slice(service, part, notReadyToo, slices.size()));
      }
    }
    return slices;
  }

  private static boolean selects(Service service, Map<String, String> selector, Pod pod) {
    Map<String, String> labels =
        Objects.requireNonNullElse(pod.getMetadata().getLabels(), Map.of());
    return pod.getMetadata().getNamespace().equals(service.getMetadata().getNamespace())
        && labels.entrySet().containsAll(selector.entrySet());
  }

  private static String address(Pod pod) {
    return pod.getStatus() == null
        ? ""
        : Objects.requireNonNullElse(pod.getStatus().getPodIP(), "");
  }

  private static boolean ended(Pod pod) {
    String phase = pod.getStatus() == null ? "" : pod.getStatus().getPhase();
    return "Succeeded".equals(phase) || "Failed".equals(phase);
  }

  private static String numbers(Service service, Pod pod) {
    StringBuilder text = new StringBuilder();
    for (ServicePort port : service.getSpec().getPorts()) {
      text.append(number(port, pod)).append(' ');
    }
    return text.toString();
  }

  /** What a service's port is at a pod; null where the pod has no port of that name. */
  private static @Nullable Integer number(ServicePort port, Pod pod) {
    if (port.getTargetPort() == null) {
      return port.getPort();
    }
    Integer number = port.getTargetPort().getIntVal();
    if (number != null && number != 0) {
      return number;
    }
    String name = port.getTargetPort().getStrVal();
    if (name == null || name.isEmpty()) {
      return port.getPort();
    }
    return pod.getSpec().getContainers().stream()
        .flatMap(container -> container.getPorts().stream())
        .filter(each -> name.equals(each.getName()) && protocol(each).equals(protocol(port)))
        .map(ContainerPort::getContainerPort)
        .findFirst()
        .orElse(null);
  }

  private static String protocol(ContainerPort port) {
    return Objects.requireNonNullElse(port.getProtocol(), "TCP");
  }

  private static String protocol(ServicePort port) {
    return Objects.requireNonNullElse(port.getProtocol(), "TCP");
  }

  private static EndpointSlice slice(
      Service service, List<Pod> pods, boolean notReadyToo, int index) {
    List<EndpointPort> ports = new ArrayList<>();
    for (ServicePort port : service.getSpec().getPorts()) {
      Integer number = number(port, pods.getFirst());
      if (number != null) {
        ports.add(
            new EndpointPortBuilder()
                .withName(Objects.requireNonNullElse(port.getName(), ""))
                .withProtocol(protocol(port))
                .withPort(number)
                .withAppProtocol(port.getAppProtocol())
                .build());
      }
    }
    Map<String, String> labels =
        new HashMap<>(Objects.requireNonNullElse(service.getMetadata().getLabels(), Map.of()));
    labels.put(SERVICE, service.getMetadata().getName());
    labels.put(MANAGED_BY, MANAGER);
    return new EndpointSliceBuilder()
        .withNewMetadata()
        .withNamespace(service.getMetadata().getNamespace())
        .withName(service.getMetadata().getName() + "-" + index)
        .withLabels(labels)
        .withOwnerReferences(
            new OwnerReferenceBuilder()
                .withApiVersion("v1")
                .withKind("Service")
                .withName(service.getMetadata().getName())
                .withUid(service.getMetadata().getUid())
                .withController(true)
                .withBlockOwnerDeletion(true)
                .build())
        .endMetadata()
        .withAddressType("IPv4")
        .withPorts(ports)
        .withEndpoints(pods.stream().map(pod -> endpoint(pod, notReadyToo)).toList())
        .build();
  }

  private static Endpoint endpoint(Pod pod, boolean notReadyToo) {
    boolean answers =
        pod.getStatus().getConditions().stream()
            .anyMatch(each -> each.getType().equals("Ready") && each.getStatus().equals("True"));
    boolean ending = pod.getMetadata().getDeletionTimestamp() != null;
    return new EndpointBuilder()
        .withAddresses(address(pod))
        .withNewConditions()
        .withReady(notReadyToo || (answers && !ending))
        .withServing(answers)
        .withTerminating(ending)
        .endConditions()
        .withNodeName(pod.getSpec().getNodeName())
        .withTargetRef(
            new ObjectReferenceBuilder()
                .withKind("Pod")
                .withNamespace(pod.getMetadata().getNamespace())
                .withName(pod.getMetadata().getName())
                .withUid(pod.getMetadata().getUid())
                .build())
        .build();
  }
}
