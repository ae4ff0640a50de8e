package io.ovenet.policy;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.BitSet;
import java.util.Map;
import org.junit.jupiter.api.Test;

class LabelsTest {
  private static final LabelFilter FILTER = LabelFilter.upstreamDefault();

  @Test
  void areSortedAndEqualByValue() {
    Labels labels = Labels.parse("k8s:b=2", "reserved:host", "k8s:a=1", "k8s:b=3");
    assertThat(labels).hasToString("k8s:a=1,k8s:b=3,reserved:host");
    assertThat(labels).isEqualTo(Labels.fromSecurityLabels(labels.toSecurityLabels()));
    assertThat(labels.hashCode())
        .isEqualTo(Labels.parse("reserved:host", "k8s:b=3", "k8s:a=1").hashCode());
    assertThat(labels.get("k8s", "b")).isEqualTo("3");
    assertThat(labels.get("reserved", "b")).isNull();
  }

  @Test
  void theFilterLeavesOutWhatNamesAnInstance() {
    for (String key :
        new String[] {
          "app",
          "io.kubernetes.pod.namespace",
          "app.kubernetes.io/name",
          "io.cilium.k8s.namespace.labels.kubernetes.io/metadata.name",
          "io.cilium.k8s.policy.cluster",
          "kubevirt.io",
          "notkubevirt.io/x",
          "my-controller-uid"
        }) {
      assertThat(FILTER.accepts(key)).as(key).isTrue();
    }
    for (String key :
        new String[] {
          "io.kubernetes.container.name",
          "kubernetes.io/hostname",
          "k8s.io/x",
          "beta.kubernetes.io/os",
          "node.beta.kubernetes.io/os",
          "pod-template-hash",
          "pod-template-generation",
          "controller-revision-hash",
          "controller-uid",
          "statefulset.kubernetes.io/pod-name",
          "apps.kubernetes.io/pod-index",
          "batch.kubernetes.io/job-completion-index",
          "batch.kubernetes.io/controller-uid",
          "annotation.x",
          "etcd_node",
          "kubevirt.io/created-by",
          "kubevirt.io/nodeName",
          "kubevirt.io/migrationJobUID",
          "vmi.kubevirt.io/id",
          "vm.kubevirt.io/name"
        }) {
      assertThat(FILTER.accepts(key)).as(key).isFalse();
    }
  }

  @Test
  void aMachineKeepsItsIdentityOverRestartAndMigration() {
    Map<String, String> first =
        Map.of(
            "app",
            "web",
            "kubevirt.io",
            "virt-launcher",
            "kubevirt.io/created-by",
            "1",
            "vm.kubevirt.io/name",
            "web-vm",
            "kubevirt.io/nodeName",
            "a");
    Map<String, String> second =
        Map.of(
            "app",
            "web",
            "kubevirt.io",
            "virt-launcher",
            "kubevirt.io/created-by",
            "2",
            "vm.kubevirt.io/name",
            "web-vm",
            "kubevirt.io/migrationJobUID",
            "3");
    Labels labels = labels(first);
    assertThat(labels(second)).isEqualTo(labels);
    assertThat(labels.has("k8s", "vm.kubevirt.io/name")).isFalse();
  }

  @Test
  void aMachineWithoutLabelsOfItsOwnIsKnownByItsName() {
    Labels labels =
        labels(
            Map.of(
                "kubevirt.io",
                "virt-launcher",
                "kubevirt.io/created-by",
                "1",
                "vm.kubevirt.io/name",
                "database-vm"));
    assertThat(labels.get("k8s", "vm.kubevirt.io/name")).isEqualTo("database-vm");
    assertThat(labels.has("k8s", "kubevirt.io/created-by")).isFalse();
  }

  @Test
  void aPodCannotClaimAnotherNamespaceOrCluster() {
    Labels labels =
        labels(
            Map.of(
                "io.kubernetes.pod.namespace", "bank",
                "io.cilium.k8s.policy.cluster", "other",
                "io.cilium.k8s.namespace.labels.team", "blue"));
    assertThat(labels.get("k8s", "io.kubernetes.pod.namespace")).isEqualTo("shop");
    assertThat(labels.get("k8s", "io.cilium.k8s.policy.cluster")).isEqualTo("default");
    assertThat(labels.get("k8s", "io.cilium.k8s.namespace.labels.team")).isEqualTo("red");
  }

  private static Labels labels(Map<String, String> pod) {
    return FILTER.identityLabels(pod, "shop", Map.of("team", "red"), "sa", "default");
  }

  @Test
  void theHashTriesEachNumberOnceInAnOrderThatNeverChanges() {
    Labels labels = Labels.parse("k8s:app=web", "k8s:io.kubernetes.pod.namespace=shop");
    IdentityHash hash = IdentityHash.of(labels);
    BitSet tried = new BitSet();
    for (int attempt = 0; attempt < IdentityHash.NUMBERS; attempt++) {
      int number = hash.candidate(attempt);
      assertThat(NumericIdentity.isCluster(number)).isTrue();
      tried.set(number);
    }
    assertThat(tried.cardinality()).isEqualTo(65_280);
    // What a cluster shares: another number here breaks running clusters.
    assertThat(new int[] {hash.candidate(0), hash.candidate(1)}).containsExactly(22529, 23458);
  }
}
