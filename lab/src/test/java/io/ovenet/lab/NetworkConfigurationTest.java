package io.ovenet.lab;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.MissingNode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What is read from a node's CNI directory, given to plugins, and taken from their answers. */
class NetworkConfigurationTest {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final String LIST =
      """
      {"cniVersion": "1.0.0", "name": "cilium",
       "plugins": [{"type": "cilium-cni", "capabilities": {"bandwidth": true}}, {"type": "tuning"}]}
      """;

  @Test
  void theFirstValidFileInOrderOfNamesIsTaken(@TempDir Path directory) throws Exception {
    assertThat(NetworkConfiguration.first(directory)).isEmpty();
    Files.writeString(directory.resolve("00-notes.txt"), "not a configuration");
    Files.writeString(directory.resolve("03-broken.conflist"), "{");
    assertThatThrownBy(() -> NetworkConfiguration.first(directory))
        .hasMessageContaining("03-broken.conflist");
    Files.writeString(directory.resolve("10-other.conf"), "{\"name\":\"x\",\"type\":\"y\"}");
    Files.writeString(directory.resolve("05-cilium.conflist"), LIST);
    assertThat(NetworkConfiguration.first(directory).orElseThrow().name()).isEqualTo("cilium");
  }

  @Test
  void aPluginsNameCannotLeadOutOfItsDirectory() {
    assertThatThrownBy(
            () -> NetworkConfiguration.parse("{\"name\":\"x\",\"type\":\"../../bin/sh\"}"))
        .hasMessageContaining("type");
    assertThatThrownBy(() -> NetworkConfiguration.parse("{\"name\":\"x\",\"plugins\":[]}"))
        .hasMessageContaining("plugins");
  }

  @Test
  void pluginsGetNameVersionAndThePreviousResult() throws Exception {
    NetworkConfiguration network = NetworkConfiguration.parse(LIST);
    JsonNode previous = JSON.readTree("{\"ips\":[]}");
    assertThat(
            CniRuntime.input(
                network, network.plugins().getFirst(), "ADD", MissingNode.getInstance()))
        .isEqualTo(
            JSON.readTree(
                "{\"type\":\"cilium-cni\",\"name\":\"cilium\",\"cniVersion\":\"1.0.0\"}"));
    assertThat(
            CniRuntime.input(network, network.plugins().getLast(), "ADD", previous)
                .path("prevResult"))
        .isEqualTo(previous);
    // Version 0.3.1 gives no result to DEL; later ones do.
    NetworkConfiguration old = NetworkConfiguration.parse(LIST.replace("1.0.0", "0.3.1"));
    assertThat(CniRuntime.input(old, old.plugins().getLast(), "DEL", previous).has("prevResult"))
        .isFalse();
    assertThat(
            CniRuntime.input(network, network.plugins().getLast(), "DEL", previous)
                .has("prevResult"))
        .isTrue();
  }

  @Test
  void theVariablesAreThoseOfContainerd() {
    Map<String, String> variables =
        new CniRuntime.Attachment("c0ffee", "/var/run/netns/cni-1", "eth0", "ns", "pod", "uid-1")
            .environment("ADD");
    assertThat(variables)
        .containsEntry("CNI_COMMAND", "ADD")
        .containsEntry("CNI_CONTAINERID", "c0ffee")
        .containsEntry("CNI_NETNS", "/var/run/netns/cni-1")
        .containsEntry("CNI_IFNAME", "eth0")
        .containsEntry("CNI_PATH", "/opt/cni/bin")
        .containsEntry(
            "CNI_ARGS",
            "IgnoreUnknown=1;K8S_POD_NAMESPACE=ns;K8S_POD_NAME=pod;"
                + "K8S_POD_INFRA_CONTAINER_ID=c0ffee;K8S_POD_UID=uid-1");
  }

  @Test
  void refusalsKeepTheirCode() {
    CniException again =
        CniRuntime.refusal(
            "x ADD",
            new Invocation.Outcome(
                1, "{\"code\": 11, \"msg\": \"no agent\", \"details\": \"socket\"}", ""));
    assertThat(again.code()).isEqualTo(CniException.TRY_AGAIN);
    assertThat(again).hasMessageContaining("no agent").hasMessageContaining("socket");
    CniException crash =
        CniRuntime.refusal("x ADD", new Invocation.Outcome(139, "Segmentation", "core dumped"));
    assertThat(crash.code()).isEqualTo(139);
    assertThat(crash).hasMessageContaining("core dumped");
  }

  @Test
  void aResultWithoutAddressIsAnError() throws Exception {
    assertThat(
            CniRuntime.result(JSON.readTree("{\"ips\":[{\"address\":\"10.0.0.7/32\"}]}"))
                .addresses())
        .containsExactly("10.0.0.7");
    for (String wrong : new String[] {"{}", "{\"ips\":[]}", "{\"ips\":[{\"address\":\"x\"}]}"}) {
      JsonNode result = JSON.readTree(wrong);
      assertThatThrownBy(() -> CniRuntime.result(result)).hasMessageContaining("address");
    }
  }
}
