package io.ovenet.agent;

import static org.assertj.core.api.Assertions.assertThat;

import io.ovenet.bpf.BpfMap;
import io.ovenet.datapath.Codec;
import io.ovenet.datapath.IpcacheKey;
import io.ovenet.datapath.IpcacheValue;
import io.ovenet.datapath.PolicyKey;
import io.ovenet.datapath.PolicyValue;
import io.ovenet.datapath.Verdict;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.net.InetAddress;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** An agent asked whether the kernel decides as policies say, while somebody writes its maps. */
class PolicyVerifierKernelIT {
  private static final String WEB_POLICY =
      """
      endpointSelector: {matchLabels: {app: web}}
      ingress:
      - fromEndpoints: [{matchLabels: {app: client}}]
        toPorts: [{ports: [{port: "8080", protocol: TCP}, {port: "9000", endPort: 9100}]}]
      ingressDeny:
      - fromEndpoints: [{matchLabels: {app: other}}]
      egress:
      - toCIDRSet: [{cidr: 203.0.113.0/24, except: [203.0.113.64/26]}]
      - toEndpoints: [{matchLabels: {app: client}}]
        icmps: [{fields: [{type: EchoRequest}]}]
      """;
  private static final String ALLOWED = "CiliumNetworkPolicy shop/web spec.ingress[0]";

  @TempDir Path directory;

  private static List<String> wrong(NodeFixture node) throws IOException {
    return node.ask("policy-verify").strings("wrong");
  }

  private BpfMap map(String name) {
    return BpfMap.openPinned(directory.resolve("bpf/ovenet/maps").resolve(name));
  }

  private static <T> byte[] bytes(Codec<T> codec, T value) {
    var bytes = new byte[codec.size()];
    codec.write(value, MemorySegment.ofArray(bytes), 0);
    return bytes;
  }

  @Test
  void whatSomebodyWroteIsFoundAndGoneWithARestart() throws Exception {
    try (var node = new NodeFixture(directory)) {
      node.startAgent();
      node.addedPod("shop", "web", Map.of("app", "web"));
      var client = node.addedPod("shop", "client", Map.of("app", "client"));
      node.addedPod("shop", "other", Map.of("app", "other"));
      node.policy("shop", "web", WEB_POLICY);
      NodeFixture.await("in force", () -> entryOf(8080) != null);
      var report = node.ask("policy-verify");
      assertThat(report.strings("wrong")).isEmpty();
      assertThat(report.integer("endpoints")).isEqualTo(3);
      assertThat(report.integer("policies")).isGreaterThanOrEqualTo(2);
      assertThat(report.integer("questions")).isGreaterThan(30);

      flippedEntries(node);
      strangers(node, client);
      assertThat(wrong(node)).isEmpty();

      var key = Objects.requireNonNull(entryOf(8080));
      try (var policies = map("policy_map")) {
        policies.update(
            bytes(PolicyKey.CODEC, key),
            bytes(PolicyValue.CODEC, new PolicyValue(Verdict.DENY, 2, 0)));
      }
      assertThat(wrong(node)).isNotEmpty();
      NodeFixture.await("told", () -> node.readLog().contains("ALARM"));
      node.stopAgent();
      node.startAgent();
      assertThat(wrong(node)).isEmpty();
    }
  }

  /** An entry of the port for one class, where the rule is. */
  private PolicyKey entryOf(int port) {
    var found = new PolicyKey[1];
    try (var policies = map("policy_map")) {
      policies.forEach(
          (key, _) -> {
            var read = PolicyKey.CODEC.read(key, 0);
            if (read.port() == port && read.portBits() == 16 && read.protocol() == 6) {
              found[0] = read;
            }
          });
    }
    return found[0];
  }

  private void flippedEntries(NodeFixture node) throws IOException {
    var before = new HashMap<PolicyKey, PolicyValue>();
    try (var policies = map("policy_map")) {
      policies.forEach(
          (key, value) ->
              before.put(PolicyKey.CODEC.read(key, 0), PolicyValue.CODEC.read(value, 0)));
      var key = Objects.requireNonNull(entryOf(8080));
      var value = Objects.requireNonNull(before.get(key));
      // Another verdict, another rule, none at all; and one that no rule has.
      policies.update(
          bytes(PolicyKey.CODEC, key),
          bytes(PolicyValue.CODEC, new PolicyValue(Verdict.DENY, value.match(), value.rule())));
      assertThat(wrong(node))
          .hasSize(1)
          .first()
          .asString()
          .contains("shop/web", "port 8080", "the kernel says DENY", "policies say ALLOW", ALLOWED);
      policies.update(
          bytes(PolicyKey.CODEC, key),
          bytes(PolicyValue.CODEC, new PolicyValue(value.verdict(), value.match(), 0)));
      assertThat(wrong(node)).hasSize(1).first().asString().contains("by []");
      policies.delete(bytes(PolicyKey.CODEC, key));
      assertThat(wrong(node)).hasSize(1).first().asString().contains("the kernel says DEFAULT");
      policies.update(bytes(PolicyKey.CODEC, key), bytes(PolicyValue.CODEC, value));
      var stray = PolicyKey.port(key.policy(), key.identityClass(), PolicyKey.INGRESS, 6, 12_345);
      policies.update(bytes(PolicyKey.CODEC, stray), bytes(PolicyValue.CODEC, value));
      assertThat(wrong(node)).hasSize(1).first().asString().contains("port 12345", "says ALLOW");
      policies.delete(bytes(PolicyKey.CODEC, stray));
    }
  }

  private void strangers(NodeFixture node, NodeFixture.Pod client) throws IOException {
    try (var ipcache = map("ipcache");
        var classes = map("class_map")) {
      var somebody = IpcacheKey.of(InetAddress.ofLiteral("198.51.100.77"));
      var address = IpcacheKey.of(InetAddress.ofLiteral(client.address));
      var own = Objects.requireNonNull(ipcache.lookup(bytes(IpcacheKey.CODEC, address)));
      ipcache.update(bytes(IpcacheKey.CODEC, somebody), own);
      assertThat(wrong(node))
          .containsExactly("198.51.100.77/32 is in ipcache, and nobody knows of it");
      ipcache.delete(bytes(IpcacheKey.CODEC, somebody));

      int identity = IpcacheValue.CODEC.read(MemorySegment.ofArray(own), 0).identity();
      var number = ByteBuffer.allocate(4).order(java.nio.ByteOrder.nativeOrder());
      var key = number.putInt(0, identity).array().clone();
      var itsClass = Objects.requireNonNull(classes.lookup(key));
      classes.delete(key);
      assertThat(wrong(node))
          .anyMatch(text -> text.contains("identity " + identity + " is not in class_map"));
      var world = Objects.requireNonNull(classes.lookup(number.putInt(0, 2).array().clone()));
      classes.update(key, world);
      assertThat(wrong(node))
          .anyMatch(text -> text.contains("shares class") && text.contains("policies tell apart"));
      classes.update(key, itsClass);
    }
  }
}
