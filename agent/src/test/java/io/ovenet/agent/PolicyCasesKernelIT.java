package io.ovenet.agent;

import static org.assertj.core.api.Assertions.assertThat;

import io.ovenet.bpf.IpPrefix;
import io.ovenet.bpf.LinkSpec;
import io.ovenet.bpf.Netlink;
import io.ovenet.bpf.NetworkNamespace;
import io.ovenet.bpf.Route;
import io.ovenet.kubernetes.ApiException;
import io.ovenet.kubernetes.JsonObject;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Policies as users write them against real packets, case by case from files: the constructs of
 * CiliumNetworkPolicy, and what Kubernetes' own suites for NetworkPolicy ask.
 */
class PolicyCasesKernelIT {
  private static final Duration CEILING = Duration.ofSeconds(60);
  private static final Map<String, ?> CONTAINER =
      NodeFixture.yaml(
          """
          name: c
          image: none
          ports:
          - {name: www, containerPort: 80, protocol: TCP}
          - {name: dns, containerPort: 81, protocol: UDP}
          """);

  private static final String OTHER_NODE =
      """
      apiVersion: cilium.io/v2
      kind: CiliumNode
      metadata: {name: node-2}
      spec: {addresses: [{type: InternalIP, ip: 198.51.100.50}], ipam: {podCIDRs: [10.111.1.0/24]}}
      """;

  @TempDir Path directory;

  @Test
  void realPacketsMeetWhatPoliciesSay() throws Exception {
    run(PolicyCase.of(PolicyCase.FILES));
  }

  /** Routed, so that a node's packets come as they are, and a tunnel has no other end. */
  @Test
  void ofOtherNodesToo() throws Exception {
    run(
        PolicyCase.of(PolicyCase.NODES),
        "--routing-mode=native",
        "--ipv4-native-routing-cidr=10.0.0.0/8");
  }

  private void run(List<PolicyCase> cases, String... flags) throws Exception {
    try (var node = new NodeFixture(directory, flags);
        var outside = NetworkNamespace.create()) {
      wire(node.namespace, outside);
      if (flags.length > 0) {
        node.create("/apis/cilium.io/v2/ciliumnodes", OTHER_NODE);
      }
      node.startAgent();
      try (var follower = new FlowFollower(directory.resolve("hubble.sock"));
          var net = new ProbeNet(follower)) {
        populate(node, net);
        net.add("outside", new ProbeNet.Place(outside, ProbeNet.address("198.51.100.7")));
        net.add("outside-2", new ProbeNet.Place(outside, ProbeNet.address("198.51.100.99")));
        net.add("node-2", new ProbeNet.Place(outside, ProbeNet.address("198.51.100.50")));
        net.add("host", new ProbeNet.Place(node.namespace, ProbeNet.address("198.51.100.1")));
        var wrong = new ArrayList<String>();
        for (var each : cases) {
          System.out.println("PolicyCasesKernelIT: " + each.name());
          wrong.addAll(run(node, net, each));
        }
        assertThat(wrong).as("%d cases", cases.size()).isEmpty();
      }
    }
  }

  /** A machine outside the cluster, which knows the way to the pods. */
  private static void wire(NetworkNamespace node, NetworkNamespace outside) throws Exception {
    try (var here = Netlink.open(node);
        var there = Netlink.open(outside)) {
      here.links().createVeth(LinkSpec.named("uplink"), LinkSpec.named("eth0").in(outside));
      int uplink = Objects.requireNonNull(here.links().get("uplink")).ifindex();
      int eth0 = Objects.requireNonNull(there.links().get("eth0")).ifindex();
      here.addresses().add(uplink, IpPrefix.parse("198.51.100.1/24"));
      there.addresses().add(eth0, IpPrefix.parse("198.51.100.7/24"));
      there.addresses().add(eth0, IpPrefix.parse("198.51.100.50/24"));
      there.addresses().add(eth0, IpPrefix.parse("198.51.100.99/24"));
      here.links().setUp(uplink);
      there.links().setUp(1);
      there.links().setUp(eth0);
      there
          .routes()
          .add(Route.via(IpPrefix.parse(NodeFixture.CIDR), ProbeNet.address("198.51.100.1"), eth0));
    }
  }

  private static void populate(NodeFixture node, ProbeNet net) throws Exception {
    for (var namespace : List.of("x", "y")) {
      node.create(
          "/api/v1/namespaces",
          "{apiVersion: v1, kind: Namespace, metadata: {name: %s, labels: {ns: %s}}}"
              .formatted(namespace, namespace));
      for (var name : List.of("a", "b", "c")) {
        var labels = Map.of("pod", name, "tier", name.equals("c") ? "back" : "front");
        var pod = node.pod(namespace, namespace + "-" + name, labels);
        node.api.patch(
            "/api/v1/namespaces/" + namespace + "/pods/" + pod.name,
            Map.of("spec", Map.of("containers", List.of(CONTAINER))));
        var exit = pod.add("eth0");
        assertThat(exit.code()).as(exit.stdout()).isZero();
        net.add(
            namespace + "/" + name, new ProbeNet.Place(pod.inside, ProbeNet.address(pod.address)));
      }
    }
  }

  /** What is wrong with it in the end; it has a while to come into force. */
  private static List<String> run(NodeFixture node, ProbeNet net, PolicyCase each)
      throws Exception {
    var paths = new ArrayList<String>();
    for (var object : each.objects()) {
      paths.add(create(node, object));
    }
    long end = System.nanoTime() + CEILING.toNanos();
    List<String> wrong;
    do {
      wrong = new ArrayList<>();
      for (var text : each.passes()) {
        var outcome = net.send(ProbeNet.Probe.parse(text));
        if (!outcome.passed()) {
          wrong.add(each.name() + ": " + text + " is to pass, but: " + outcome.flow());
        }
      }
      for (var text : each.dropped()) {
        var outcome = net.send(ProbeNet.Probe.parse(text));
        if (outcome.passed()) {
          wrong.add(each.name() + ": " + text + " is not to pass, but: " + outcome.flow());
        }
      }
    } while (!wrong.isEmpty() && System.nanoTime() < end);
    // Besides what packets could ask: every class of peers, protocol and port.
    for (var difference : node.ask("policy-verify").strings("wrong")) {
      wrong.add(each.name() + ": " + difference);
    }
    for (var path : paths) {
      node.api.delete(path, Map.of());
    }
    return wrong;
  }

  private static String create(NodeFixture node, Map<String, ?> object) throws IOException {
    var read = JsonObject.of(object);
    var metadata = read.object("metadata");
    var namespace = metadata.string("namespace");
    var collection =
        switch (read.string("kind")) {
          case "NetworkPolicy" ->
              "/apis/networking.k8s.io/v1/namespaces/" + namespace + "/networkpolicies";
          case "CiliumNetworkPolicy" ->
              "/apis/cilium.io/v2/namespaces/" + namespace + "/ciliumnetworkpolicies";
          case "CiliumClusterwideNetworkPolicy" ->
              "/apis/cilium.io/v2/ciliumclusterwidenetworkpolicies";
          case "Service" -> "/api/v1/namespaces/" + namespace + "/services";
          case "EndpointSlice" ->
              "/apis/discovery.k8s.io/v1/namespaces/" + namespace + "/endpointslices";
          case "CiliumCIDRGroup" -> "/apis/cilium.io/v2/ciliumcidrgroups";
          default -> throw new IllegalArgumentException("no kind " + read.string("kind"));
        };
    var whole = new LinkedHashMap<String, Object>();
    whole.put(
        "apiVersion",
        switch (read.string("kind")) {
          case "NetworkPolicy" -> "networking.k8s.io/v1";
          case "Service" -> "v1";
          case "EndpointSlice" -> "discovery.k8s.io/v1";
          default -> "cilium.io/v2";
        });
    object.forEach(whole::put);
    try {
      node.api.create(collection, whole);
    } catch (ApiException e) {
      throw new IOException(read + ": " + e.getMessage(), e);
    }
    return collection + "/" + metadata.string("name");
  }
}
