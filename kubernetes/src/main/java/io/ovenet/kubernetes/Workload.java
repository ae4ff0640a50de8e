package io.ovenet.kubernetes;

import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * What a pod belongs to, as people name it: the Deployment rather than its ReplicaSet, the virtual
 * machine rather than its launcher. Told from the pod alone; nothing else has to be watched.
 *
 * @param kind such as Deployment, StatefulSet, CronJob or VirtualMachine
 */
public record Workload(String kind, String name) {
  /** Of a CiliumEndpoint: the workload of its pod, as {@link #toString} has it. */
  public static final String ANNOTATION = "ovenet.io/workload";

  public static final String VIRTUAL_MACHINE = "VirtualMachine";

  /** What a CronJob's Job is called: the minutes since 1970 that it was due at. */
  private static final Pattern SCHEDULED = Pattern.compile("(.+)-\\d{8,10}");

  /** Of a pod; null where nothing stands behind it. */
  public static @Nullable Workload of(PodRecord pod) {
    var owner = pod.owner();
    var machine = machine(pod, owner);
    if (machine != null) {
      return new Workload(VIRTUAL_MACHINE, machine);
    }
    if (owner == null) {
      return null;
    }
    return switch (owner.kind()) {
      case "ReplicaSet" ->
          without(owner, "Deployment", pod.labels().getOrDefault("pod-template-hash", ""));
      case "ReplicationController" -> {
        var config = pod.labels().getOrDefault("deploymentconfig", "");
        yield config.isEmpty()
            ? new Workload(owner.kind(), owner.name())
            : new Workload("DeploymentConfig", config);
      }
      case "Job" -> {
        var scheduled = SCHEDULED.matcher(owner.name());
        yield scheduled.matches()
            ? new Workload("CronJob", scheduled.group(1))
            : new Workload(owner.kind(), owner.name());
      }
      // A static pod is owned by its node.
      case "Node" -> new Workload("Pod", pod.name());
      default -> new Workload(owner.kind(), owner.name());
    };
  }

  /** A Deployment's ReplicaSet is called after it and the hash of the pods' template. */
  private static Workload without(OwnerReference owner, String kind, String hash) {
    var suffix = "-" + hash;
    return !hash.isEmpty()
            && owner.name().endsWith(suffix)
            && owner.name().length() > suffix.length()
        ? new Workload(kind, owner.name().substring(0, owner.name().length() - suffix.length()))
        : new Workload(owner.kind(), owner.name());
  }

  private static @Nullable String machine(PodRecord pod, @Nullable OwnerReference owner) {
    if (owner != null && owner.kind().equals("VirtualMachineInstance")) {
      return owner.name();
    }
    // The target of a migration is owned by the migration in some versions of KubeVirt.
    if (!"virt-launcher".equals(pod.labels().get("kubevirt.io"))) {
      return null;
    }
    var name = pod.labels().get("vm.kubevirt.io/name");
    return name == null ? pod.annotations().get("kubevirt.io/domain") : name;
  }

  /**
   * From the text of {@link #toString}.
   *
   * @return null where it is none
   */
  public static @Nullable Workload parse(String text) {
    int slash = text.indexOf('/');
    return slash < 1 || slash == text.length() - 1
        ? null
        : new Workload(text.substring(0, slash), text.substring(slash + 1));
  }

  /** {@code kind/name}. */
  @Override
  public String toString() {
    return kind + "/" + name;
  }
}
