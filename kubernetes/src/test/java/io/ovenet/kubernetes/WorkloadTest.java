package io.ovenet.kubernetes;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class WorkloadTest {
  private static PodRecord pod(
      String name,
      Map<String, String> labels,
      Map<String, String> annotations,
      @Nullable OwnerReference owner) {
    return new PodRecord(
        new ObjectKey("shop", name, "uid"),
        labels,
        annotations,
        "node-1",
        "default",
        List.of(),
        "Running",
        true,
        false,
        false,
        List.of(),
        owner);
  }

  private static OwnerReference owner(String kind, String name) {
    return new OwnerReference("v1", kind, name, "uid", true);
  }

  @ParameterizedTest
  @CsvSource({
    "ReplicaSet, web-7d4b9c6f5d, pod-template-hash=7d4b9c6f5d, Deployment/web",
    "ReplicaSet, a-b-7d4b9c6f5d, pod-template-hash=7d4b9c6f5d, Deployment/a-b",
    "ReplicaSet, web-7d4b9c6f5d, app=web, ReplicaSet/web-7d4b9c6f5d",
    "ReplicaSet, -7d4b9c6f5d, pod-template-hash=7d4b9c6f5d, ReplicaSet/-7d4b9c6f5d",
    "ReplicationController, web-3, deploymentconfig=web, DeploymentConfig/web",
    "ReplicationController, web, app=web, ReplicationController/web",
    "StatefulSet, db, app=db, StatefulSet/db",
    "DaemonSet, log, app=log, DaemonSet/log",
    "Job, backup-28934400, app=backup, CronJob/backup",
    "Job, backup-1, app=backup, Job/backup-1",
    "Node, node-1, component=etcd, Pod/the-pod",
    "VirtualMachineInstance, web-vm, kubevirt.io=virt-launcher, VirtualMachine/web-vm",
    "Widget, w, app=w, Widget/w",
  })
  void aPodBelongsToWhatPeopleName(String kind, String name, String label, String expected) {
    var pair = label.split("=", 2);
    assertThat(Workload.of(pod("the-pod", Map.of(pair[0], pair[1]), Map.of(), owner(kind, name))))
        .hasToString(expected);
  }

  @Test
  void aMachineIsKnownWithoutItsOwner() {
    var launcher = Map.of("kubevirt.io", "virt-launcher", "vm.kubevirt.io/name", "web-vm");
    assertThat(Workload.of(pod("p", launcher, Map.of(), null)))
        .isEqualTo(new Workload(Workload.VIRTUAL_MACHINE, "web-vm"));
    assertThat(
            Workload.of(
                pod(
                    "p",
                    Map.of("kubevirt.io", "virt-launcher"),
                    Map.of("kubevirt.io/domain", "web-vm"),
                    owner("VirtualMachineInstanceMigration", "m"))))
        .isEqualTo(new Workload(Workload.VIRTUAL_MACHINE, "web-vm"));
  }

  @Test
  void aPodAloneBelongsToNothing() {
    assertThat(Workload.of(pod("p", Map.of("app", "p"), Map.of(), null))).isNull();
  }

  @ParameterizedTest
  @CsvSource({"'',''", "Deployment,''", "Deployment/,''", "/web,''", "A/b, A/b", "A/b/c, A/b/c"})
  void whatIsNoWorkloadIsNone(String text, String expected) {
    var parsed = Workload.parse(text);
    assertThat(parsed == null ? "" : parsed.toString()).isEqualTo(expected);
  }
}
