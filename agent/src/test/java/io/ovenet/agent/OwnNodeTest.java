package io.ovenet.agent;

import static org.assertj.core.api.Assertions.assertThat;

import io.ovenet.kubernetes.CiliumNodeRecord;
import io.ovenet.kubernetes.CustomResources;
import io.ovenet.kubernetes.KubernetesApi;
import io.ovenet.kubernetes.RecordKind;
import io.ovenet.lab.api.ApiServer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a node says of its pods' CIDRs, to a real API server. */
class OwnNodeTest {
  private static final List<String> CIDRS = List.of("10.0.0.8/29", "10.0.0.16/29");

  @TempDir private Path directory;

  @Test
  void whatWasJustGivenIsNotDepletedBeforeItIsInUse() throws Exception {
    try (ApiServer server = ApiServer.start(directory, ApiServer.Options.DEFAULT);
        KubernetesApi api =
            KubernetesApi.open(
                Files.writeString(directory.resolve("kubeconfig"), server.kubeconfig()))) {
      for (var definition : CustomResources.all()) {
        api.create("/apis/apiextensions.k8s.io/v1/customresourcedefinitions", definition.fields());
      }
      // The operator has given the second one, and this agent has not heard of it yet.
      api.create(
          RecordKind.CILIUM_NODES.collectionPath(),
          Map.of(
              "apiVersion",
              "cilium.io/v2",
              "kind",
              "CiliumNode",
              "metadata",
              Map.of("name", "n"),
              "spec",
              Map.of("ipam", Map.of("podCIDRs", CIDRS))));
      var ipam = new Ipam(CIDRS.getFirst());
      fill(ipam);
      BlockingQueue<CiliumNodeRecord> told = new LinkedBlockingQueue<>();
      try (var node = new OwnNode(api, "n", told::add)) {
        node.pods(ipam);
        node.start();
        assertThat(told.poll(1, TimeUnit.MINUTES)).isNotNull();
        assertThat(depleted(api)).isEmpty();

        ipam.use(CIDRS);
        fill(ipam);
        node.changed();
        while (depleted(api).size() < 2) {
          assertThat(told.poll(1, TimeUnit.MINUTES)).as("in time").isNotNull();
        }
      }
    }
  }

  private static void fill(Ipam ipam) {
    while (ipam.free() > 0) {
      ipam.allocate();
    }
  }

  private static Set<String> depleted(KubernetesApi api) throws Exception {
    return RecordKind.CILIUM_NODES
        .reader()
        .apply(api.get(RecordKind.CILIUM_NODES.path("", "n")))
        .depletedPodCidrs();
  }
}
