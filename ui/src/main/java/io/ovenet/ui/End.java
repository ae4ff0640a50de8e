package io.ovenet.ui;

import io.ovenet.api.flow.Endpoint;
import io.ovenet.api.flow.Workload;
import java.util.List;

/**
 * Who is at one end of a flow, as people know it.
 *
 * @param namespace empty for what is no pod
 * @param application by the label that names it, as {@code ovenet policy reach} groups
 * @param pod name, empty for what is no pod
 * @param machine the virtual machine's name, empty for a container
 * @param entity {@code host}, {@code world}, {@code remote-node} …; empty for a pod
 */
record End(String namespace, String application, String pod, String machine, String entity) {
  private static final String LAUNCHER = "virt-launcher-";

  /** Of whom the namespace alone is known, or told to who looks. */
  private static final String SOME_POD = "(some pod)";

  private static final List<String> APPLICATION =
      List.of(
          "k8s:app=", "k8s:app.kubernetes.io/name=", "k8s:k8s-app=", "k8s:vm.kubevirt.io/name=");

  /** What to show it as. */
  enum Level {
    NAMESPACE,
    APPLICATION,
    POD
  }

  static End of(Endpoint endpoint) {
    if (endpoint.getNamespace().isEmpty()) {
      return new End("", "", "", "", entity(endpoint));
    }
    if (endpoint.getPodName().isEmpty()) {
      return new End(endpoint.getNamespace(), SOME_POD, SOME_POD, "", "");
    }
    String machine = machine(endpoint);
    return new End(
        endpoint.getNamespace(),
        application(endpoint, machine),
        endpoint.getPodName(),
        machine,
        "");
  }

  private static String entity(Endpoint endpoint) {
    for (String label : endpoint.getLabelsList()) {
      if (label.startsWith("reserved:")) {
        String name = label.substring("reserved:".length());
        return name.startsWith("world") ? "world" : name;
      }
    }
    return "world";
  }

  private static String machine(Endpoint endpoint) {
    for (Workload workload : endpoint.getWorkloadsList()) {
      if (workload.getKind().startsWith("VirtualMachine")) {
        return workload.getName();
      }
    }
    String pod = endpoint.getPodName();
    int random = pod.lastIndexOf('-');
    return pod.startsWith(LAUNCHER) && random > LAUNCHER.length()
        ? pod.substring(LAUNCHER.length(), random)
        : "";
  }

  private static String application(Endpoint endpoint, String machine) {
    for (String prefix : APPLICATION) {
      for (String label : endpoint.getLabelsList()) {
        if (label.startsWith(prefix) && label.length() > prefix.length()) {
          return label.substring(prefix.length());
        }
      }
    }
    return machine.isEmpty() ? endpoint.getPodName() : machine;
  }

  boolean isPod() {
    return entity.isEmpty();
  }

  /** The same for all ends that are one on the map. */
  String id(Level level) {
    if (!isPod()) {
      return "(" + entity + ")";
    }
    return switch (level) {
      case NAMESPACE -> namespace;
      case APPLICATION -> namespace + "/" + application;
      case POD -> machine.isEmpty() ? namespace + "/" + pod : "vm " + namespace + "/" + machine;
    };
  }

  /** {@code pod}, {@code vm} or {@code entity}. */
  String kind() {
    return !isPod() ? "entity" : machine.isEmpty() ? "pod" : "vm";
  }
}
