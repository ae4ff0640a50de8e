package io.ovenet.cli.hubble;

import static org.assertj.core.api.Assertions.assertThat;

import io.ovenet.api.flow.DropReason;
import io.ovenet.api.flow.Endpoint;
import io.ovenet.api.flow.Flow;
import io.ovenet.api.flow.IP;
import io.ovenet.api.flow.Layer4;
import io.ovenet.api.flow.TCP;
import io.ovenet.api.flow.TrafficDirection;
import io.ovenet.api.flow.Verdict;
import io.ovenet.kubernetes.world.ClusterState;
import io.ovenet.kubernetes.world.StateReader;
import io.ovenet.kubernetes.world.YamlFiles;
import io.ovenet.policy.PolicySettings;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What would allow a flow that was dropped, by the cluster's policies. */
final class FlowReasonsTest {
  private static final String WORLD =
      """
      apiVersion: v1
      kind: Pod
      metadata: {name: web, namespace: shop, labels: {app: web}}
      ---
      apiVersion: v1
      kind: Pod
      metadata: {name: stranger, namespace: shop, labels: {app: stranger}}
      ---
      apiVersion: cilium.io/v2
      kind: CiliumNetworkPolicy
      metadata: {name: web, namespace: shop}
      spec:
        endpointSelector: {matchLabels: {app: web}}
        ingress:
        - fromEndpoints: [{matchLabels: {app: gateway}}]
      """;

  @TempDir Path directory = Path.of("");
  private int reads;

  private ClusterState read() throws IOException {
    reads++;
    Path file = Files.writeString(directory.resolve("world.yaml"), WORLD);
    var reader = new StateReader(PolicySettings.defaults("default"));
    YamlFiles.read(file, reader::add);
    return reader.state();
  }

  private Flow dropped(Endpoint source, String address) throws IOException {
    var web =
        read().pods().stream()
            .filter(pod -> pod.name().equals("shop/web"))
            .findFirst()
            .orElseThrow();
    var labels = web.labels().asList().stream().map(Object::toString).toList();
    return Flow.newBuilder()
        .setVerdict(Verdict.DROPPED)
        .setDropReasonDesc(DropReason.POLICY_DENIED)
        .setTrafficDirection(TrafficDirection.INGRESS)
        .setIP(IP.newBuilder().setSource(address).setDestination("10.0.0.2"))
        .setL4(Layer4.newBuilder().setTCP(TCP.newBuilder().setDestinationPort(80)))
        .setSource(source)
        .setDestination(
            Endpoint.newBuilder().setNamespace("shop").setPodName("web").addAllLabels(labels))
        .build();
  }

  @Test
  void theSmallestAdditionOnceForEach() throws Exception {
    var stranger = Endpoint.newBuilder().setNamespace("shop").setPodName("stranger");
    read().pods().stream()
        .filter(pod -> pod.name().equals("shop/stranger"))
        .forEach(
            pod -> pod.labels().asList().forEach(label -> stranger.addLabels(label.toString())));
    Flow flow = dropped(stranger.build(), "10.0.0.3");
    reads = 0;
    var reasons = new FlowReasons(this::read);
    List<String> first = reasons.of(flow);
    assertThat(first.get(0)).isEqualTo("ingress is denied by default, no rule allows it");
    assertThat(first.get(1)).contains("isolated by CiliumNetworkPolicy shop/web");
    assertThat(String.join("\n", first))
        .contains("this would let it pass; it opens")
        .contains("kind: CiliumNetworkPolicy")
        .contains("stranger")
        .contains("port: '80'");
    assertThat(reasons.of(flow)).last().asString().contains("shown above, would let it pass");
    assertThat(reads).as("asked once").isOne();
    Flow world = dropped(Endpoint.newBuilder().addLabels("reserved:world").build(), "192.0.2.7");
    assertThat(String.join("\n", reasons.of(world))).contains("192.0.2.7");
    assertThat(
            reasons.of(
                flow.toBuilder().setDropReasonDesc(DropReason.CT_MAP_INSERTION_FAILED).build()))
        .as("not policy's doing")
        .isEmpty();
  }

  @Test
  void aClusterThatDoesNotAnswerIsSaidOnce() throws Exception {
    Flow flow = dropped(Endpoint.newBuilder().addLabels("reserved:world").build(), "192.0.2.7");
    var reasons =
        new FlowReasons(
            () -> {
              throw new IOException("no cluster");
            });
    assertThat(reasons.of(flow)).isEmpty();
    assertThat(reasons.failure()).contains("no cluster");
    assertThat(reasons.failure()).isNull();
  }
}
