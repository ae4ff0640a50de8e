package io.ovenet.kubernetes;

import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A pod.
 *
 * @param node name of the node it is bound to, empty while it is bound to none
 * @param ips all addresses of the status, the first one first
 * @param phase Pending, Running, Succeeded, Failed or Unknown; empty while there is no status
 * @param ready whether its condition Ready is True
 * @param hostNetwork whether it lives in its node's network namespace and is thus no endpoint
 * @param deleting whether it has been told to end
 * @param ports of all containers, in order
 * @param owner the controller, else the first owner, else null
 */
public record PodRecord(
    ObjectKey key,
    Map<String, String> labels,
    Map<String, String> annotations,
    String node,
    String serviceAccount,
    List<String> ips,
    String phase,
    boolean ready,
    boolean hostNetwork,
    boolean deleting,
    List<PodPort> ports,
    @Nullable OwnerReference owner)
    implements KubernetesRecord {
  public PodRecord {
    labels = Map.copyOf(labels);
    annotations = Map.copyOf(annotations);
    ips = List.copyOf(ips);
    ports = List.copyOf(ports);
  }

  public String namespace() {
    return key.namespace();
  }

  public String name() {
    return key.name();
  }

  public String uid() {
    return key.uid();
  }

  /** The ports that have a name, in order. */
  public List<ContainerPort> namedPorts() {
    return ports.stream()
        .filter(port -> !port.name().isEmpty())
        .map(port -> new ContainerPort(port.name(), port.port(), port.protocol()))
        .toList();
  }

  /** Whether its processes have ended for good, so that its addresses may be another's. */
  public boolean ended() {
    return phase.equals("Succeeded") || phase.equals("Failed");
  }
}
