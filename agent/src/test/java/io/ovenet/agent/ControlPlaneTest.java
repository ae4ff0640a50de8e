package io.ovenet.agent;

import static org.assertj.core.api.Assertions.assertThat;

import io.ovenet.kubernetes.CiliumEndpoints;
import io.ovenet.kubernetes.CustomResources;
import io.ovenet.kubernetes.EndpointStatus;
import io.ovenet.kubernetes.KubernetesApi;
import io.ovenet.lab.api.ApiServer;
import java.net.InetAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a node knows of pods elsewhere, by an API server of its own. */
class ControlPlaneTest {
  private static final InetAddress ADDRESS = InetAddress.ofLiteral("10.7.0.1");

  @TempDir Path directory;

  private final Map<InetAddress, Integer> known = new ConcurrentHashMap<>();
  private final Map<String, String> uids = new HashMap<>();
  private ApiServer api;
  private KubernetesApi client;

  @BeforeEach
  void start() throws Exception {
    api = ApiServer.start(directory.resolve("api"), ApiServer.Options.DEFAULT);
    client =
        KubernetesApi.open(Files.writeString(directory.resolve("kubeconfig"), api.kubeconfig()));
    for (var definition : CustomResources.all()) {
      client.create("/apis/apiextensions.k8s.io/v1/customresourcedefinitions", definition.fields());
    }
    client.create(
        "/api/v1/namespaces",
        Map.of("apiVersion", "v1", "kind", "Namespace", "metadata", Map.of("name", "a")));
  }

  @AfterEach
  void stop() throws Exception {
    client.close();
    api.close();
  }

  private ControlPlane follow() throws Exception {
    var config =
        AgentConfig.parse(
            List.of("--kubeconfig=" + directory.resolve("kubeconfig"), "--node-name=here"));
    var plane =
        new ControlPlane(
            config,
            Files.createDirectories(directory.resolve("node")),
            new ControlPlane.Addresses() {
              @Override
              public void known(InetAddress address, int identity) {
                known.put(address, identity);
              }

              @Override
              public void forgotten(InetAddress address) {
                known.remove(address);
              }
            });
    plane.follow();
    return plane;
  }

  private void say(String pod, String address, int identity) throws Exception {
    String uid = uids.get(pod);
    if (uid == null) {
      // An endpoint without its pod is collected.
      uid =
          client
              .create(
                  "/api/v1/namespaces/a/pods",
                  Map.of(
                      "apiVersion",
                      "v1",
                      "kind",
                      "Pod",
                      "metadata",
                      Map.of("name", pod),
                      "spec",
                      Map.of("containers", List.of(Map.of("name", "c", "image", "none")))))
              .object("metadata")
              .string("uid");
      uids.put(pod, uid);
    }
    var _ =
        new CiliumEndpoints(client)
            .upsert(
                new EndpointStatus(
                    "a",
                    pod,
                    pod,
                    uid,
                    1,
                    identity,
                    List.of("k8s:app=" + pod),
                    address,
                    "",
                    "192.0.2.1",
                    false,
                    false,
                    List.of(),
                    "ready",
                    ""));
  }

  private void forget(String pod) throws Exception {
    assertThat(new CiliumEndpoints(client).delete("a", pod, uids.getOrDefault(pod, ""))).isTrue();
  }

  @Test
  void anAddressThatTwoClaimIsTheLaterOnesAndTheOthersAgain() throws Exception {
    say("first", "10.7.0.1", 20_001);
    try (var plane = follow()) {
      assertThat(plane).isNotNull();
      NodeFixture.await("the first's", () -> Integer.valueOf(20_001).equals(known.get(ADDRESS)));

      say("second", "10.7.0.1", 20_002);
      NodeFixture.await("the second's", () -> Integer.valueOf(20_002).equals(known.get(ADDRESS)));
      say("third", "10.7.0.1", 20_003);
      NodeFixture.await("the third's", () -> Integer.valueOf(20_003).equals(known.get(ADDRESS)));
      forget("second");
      say("mark", "10.7.0.2", 20_009);
      NodeFixture.await("mark", () -> known.containsKey(InetAddress.ofLiteral("10.7.0.2")));
      assertThat(known).as("still the third's").containsEntry(ADDRESS, 20_003);
      forget("third");
      NodeFixture.await("the first's", () -> Integer.valueOf(20_001).equals(known.get(ADDRESS)));
      say("first", "10.7.0.3", 20_001);
      NodeFixture.await("nobody's", () -> !known.containsKey(ADDRESS));
      assertThat(known).containsEntry(InetAddress.ofLiteral("10.7.0.3"), 20_001);
    }
  }
}
