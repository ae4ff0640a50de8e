package io.ovenet.agent;

import static org.assertj.core.api.Assertions.assertThat;

import io.ovenet.bpf.IpPrefix;
import io.ovenet.bpf.LinkSpec;
import io.ovenet.bpf.Netlink;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Modes of a whole node, by real packets; policies are there before the agent is. */
class PolicyModesKernelIT {
  private static final String HOST = "198.51.100.1";
  private static final String POLICIES = "/apis/cilium.io/v2/namespaces/shop/ciliumnetworkpolicies";

  @TempDir Path directory;

  /** What passes of a list of probes between pods a and b and the host. */
  private List<String> passing(String policy, List<String> probes, String... flags)
      throws Exception {
    try (var node = new NodeFixture(directory, flags)) {
      try (var netlink = Netlink.open(node.namespace)) {
        netlink.links().createDummy(LinkSpec.named("uplink"));
        int uplink = Objects.requireNonNull(netlink.links().get("uplink")).ifindex();
        netlink.addresses().add(uplink, IpPrefix.parse(HOST + "/32"));
        netlink.links().setUp(uplink);
      }
      node.create(
          "/api/v1/namespaces", "{apiVersion: v1, kind: Namespace, metadata: {name: shop}}");
      node.create(
          POLICIES,
          """
          apiVersion: cilium.io/v2
          kind: CiliumNetworkPolicy
          metadata: {name: p, namespace: shop}
          spec: %s
          """
              .formatted(policy));
      node.startAgent();
      try (var follower = new FlowFollower(directory.resolve("hubble.sock"));
          var net = new ProbeNet(follower)) {
        net.add("host", new ProbeNet.Place(node.namespace, ProbeNet.address(HOST)));
        for (var name : List.of("a", "b")) {
          var pod = node.addedPod("shop", name, Map.of("pod", name));
          net.add(name, new ProbeNet.Place(pod.inside, ProbeNet.address(pod.address)));
        }
        var passing = new java.util.ArrayList<String>();
        for (var text : probes) {
          if (net.send(ProbeNet.Probe.parse(text)).passed()) {
            passing.add(text);
          }
        }
        assertThat(node.ask("policy-verify").strings("wrong")).isEmpty();
        return passing;
      }
    }
  }

  @Test
  void alwaysIsolatesWhomNoPolicySelects() throws Exception {
    assertThat(
            passing(
                """
                {endpointSelector: {matchLabels: {pod: a}}, egress: [{toEndpoints: [{}]}],
                 ingress: [{fromEndpoints: [{}], toPorts: [{ports: [{port: "80"}]}]}]}
                """,
                List.of("a > b tcp 80", "b > a tcp 80", "host > b tcp 80", "host > a tcp 81"),
                "--enable-policy=always"))
        .containsExactly("host > b tcp 80", "host > a tcp 81");
  }

  @Test
  void neverHeedsNoPolicy() throws Exception {
    var probes = List.of("a > b tcp 80", "b > a udp 80", "host > a tcp 80", "b > a icmp");
    assertThat(
            passing(
                "{endpointSelector: {}, ingressDeny: [{fromEntities: [all]}], egress: [{}]}",
                probes,
                "--enable-policy=never"))
        .isEqualTo(probes);
  }

  @Test
  void theHostComesInByPolicyAloneWhereToldSo() throws Exception {
    assertThat(
            passing(
                """
                {endpointSelector: {}, ingress: [
                  {fromEndpoints: [{}]},
                  {fromEntities: [host], toPorts: [{ports: [{port: "81", protocol: TCP}]}]}]}
                """,
                List.of("a > b tcp 80", "host > b tcp 80", "host > b tcp 81"),
                "--allow-localhost=policy"))
        .containsExactly("a > b tcp 80", "host > b tcp 81");
  }
}
