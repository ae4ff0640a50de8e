package io.ovenet.agent;

import static org.assertj.core.api.Assertions.assertThat;

import io.ovenet.bpf.BpfMap;
import io.ovenet.bpf.IpPrefix;
import io.ovenet.bpf.LinkSpec;
import io.ovenet.bpf.Netlink;
import io.ovenet.bpf.Route;
import io.ovenet.datapath.IpcacheKey;
import io.ovenet.datapath.IpcacheValue;
import io.ovenet.kubernetes.ApiException;
import io.ovenet.kubernetes.JsonObject;
import java.io.IOException;
import java.net.InetAddress;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a node is changes under its agent: its object, its pods' addresses, its own. */
class NodeChangesKernelIT {
  private static final String CILIUM_NODE = "/apis/cilium.io/v2/ciliumnodes/" + NodeFixture.NODE;
  private static final String SMALL = "10.111.0.0/29";
  private static final String MORE = "10.112.0.0/29";
  private static final String FIRST = "192.0.2.10";
  private static final String OTHER = "192.0.2.77";
  private static final InetAddress GATEWAY = InetAddress.ofLiteral("192.0.2.1");

  @TempDir Path directory;

  private static JsonObject ciliumNode(NodeFixture node) {
    try {
      return node.api.get(CILIUM_NODE);
    } catch (ApiException e) {
      if (e.notFound()) {
        return JsonObject.EMPTY;
      }
      throw new AssertionError(e);
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  private static List<String> podCidrs(NodeFixture node) {
    return ciliumNode(node).object("spec").object("ipam").strings("podCIDRs");
  }

  private static String addressOf(NodeFixture node, String type) {
    for (var address : ciliumNode(node).object("spec").objects("addresses")) {
      if (address.string("type").equals(type)) {
        return address.string("ip");
      }
    }
    return "";
  }

  private static String stateOf(NodeFixture node, String cidr) {
    var ipam = ciliumNode(node).object("status").object("ipam");
    return ipam.object("pod-cidrs").object(cidr).string("status");
  }

  /** What an operator writes. */
  private static void assign(NodeFixture node, String... cidrs) throws IOException {
    node.api.patch(CILIUM_NODE, Map.of("spec", Map.of("ipam", Map.of("podCIDRs", List.of(cidrs)))));
  }

  @Test
  void aCiliumNodeThatSomebodyDeletesIsMadeAgainWithItsPodCidrs() throws Exception {
    try (var node = new NodeFixture(directory)) {
      node.startAgent();
      var web = node.addedPod("shop", "web", Map.of("app", "web"));
      web.serve(8080);
      var client = node.addedPod("shop", "client", Map.of("app", "client"));
      var uid = ciliumNode(node).object("metadata").string("uid");
      node.api.delete(CILIUM_NODE, Map.of());
      NodeFixture.await(
          "it is there again",
          () -> {
            var now = ciliumNode(node).object("metadata").string("uid");
            return !now.isEmpty() && !now.equals(uid);
          });
      assertThat(podCidrs(node)).containsExactly(NodeFixture.CIDR);
      assertThat(addressOf(node, "CiliumInternalIP")).isEqualTo("10.111.0.1");
      assertThat(client.reaches(web, 8080)).isTrue();
      assertThat(node.status()).isZero();
    }
  }

  @Test
  void podsGetAddressesOfAnotherCidrWhenOneIsUsedUp() throws Exception {
    try (var node = new NodeFixture(directory)) {
      assign(node, SMALL);
      node.startAgent();
      var pods = new ArrayList<NodeFixture.Pod>();
      for (int i = 0; i < 5; i++) {
        pods.add(node.addedPod("shop", "pod-" + i, Map.of("app", "web")));
      }
      NodeFixture.await("it is told", () -> stateOf(node, SMALL).equals("depleted"));
      var sixth = node.pod("shop", "sixth", Map.of("app", "client"));
      var refused = sixth.add("eth0");
      assertThat(refused.code()).isNotZero();
      assertThat(refused.stdout()).contains("no free address in pod CIDR " + SMALL);

      assign(node, SMALL, MORE);
      NodeFixture.await("there is room", () -> sixth.add("eth0").code() == 0);
      assertThat(sixth.address).startsWith("10.112.0.");
      var web = pods.getFirst();
      web.serve(8080);
      sixth.serve(8080);
      assertThat(sixth.reaches(web, 8080)).isTrue();
      assertThat(web.reaches(sixth, 8080)).isTrue();
      NodeFixture.await("it is told", () -> stateOf(node, MORE).equals("in-use"));
      assertThat(stateOf(node, SMALL)).isEqualTo("in-use");
      assertThat(routes(node)).contains(IpPrefix.parse(SMALL), IpPrefix.parse(MORE));

      node.killAgent();
      node.startAgent();
      assertThat(node.readLog()).doesNotContain("not this node's to give");
      var seventh = node.addedPod("shop", "seventh", Map.of("app", "client"));
      assertThat(seventh.address).startsWith("10.112.0.").isNotEqualTo(sixth.address);
      assertThat(seventh.reaches(sixth, 8080)).isTrue();
    }
  }

  private static List<IpPrefix> routes(NodeFixture node) {
    try (var netlink = Netlink.open(node.namespace)) {
      return netlink.routes().list(Route.MAIN).stream().map(Route::destination).toList();
    }
  }

  /** A device towards other machines, by which the node has its first address. */
  private static int uplink(Netlink netlink) {
    netlink.links().createDummy(LinkSpec.named("up0"));
    int device = Objects.requireNonNull(netlink.links().get("up0")).ifindex();
    netlink.links().setUp(device);
    netlink.addresses().add(device, IpPrefix.parse(FIRST + "/24"));
    wayOut(netlink, device);
    return device;
  }

  private static void wayOut(Netlink netlink, int device) {
    netlink.routes().replace(Route.via(IpPrefix.parse("0.0.0.0/0"), GATEWAY, device));
  }

  /** The identity that the kernel knows an address by; 0: none of its own. */
  private int identityAt(String address) {
    var key = IpcacheKey.of(InetAddress.ofLiteral(address));
    var identity = new int[1];
    try (var ipcache = BpfMap.openPinned(directory.resolve("bpf/ovenet/maps/ipcache"))) {
      ipcache.forEach(
          (at, value) -> {
            if (IpcacheKey.CODEC.read(at, 0).equals(key)) {
              identity[0] = IpcacheValue.CODEC.read(value, 0).identity();
            }
          });
    }
    return identity[0];
  }

  @Test
  void anAddressThatTheNodeGetsIsTheHostsAndOneThatItLosesIsNot() throws Exception {
    try (var node = new NodeFixture(directory);
        var netlink = Netlink.open(node.namespace)) {
      int device = uplink(netlink);
      node.startAgent();
      assertThat(identityAt(FIRST)).isEqualTo(1);
      assertThat(identityAt(OTHER)).isZero();
      netlink.addresses().add(device, IpPrefix.parse(OTHER + "/32"));
      NodeFixture.await("it is the host's", () -> identityAt(OTHER) == 1);
      netlink.addresses().delete(device, IpPrefix.parse(OTHER + "/32"));
      NodeFixture.await("it is nobody's", () -> identityAt(OTHER) == 0);
      assertThat(identityAt(FIRST)).isEqualTo(1);
      assertThat(node.agent().isAlive()).isTrue();
    }
  }

  @Test
  void anotherAddressTowardsOthersEndsTheAgentAndTheNextOneTellsIt() throws Exception {
    try (var node = new NodeFixture(directory);
        var netlink = Netlink.open(node.namespace)) {
      int device = uplink(netlink);
      node.startAgent();
      var web = node.addedPod("shop", "web", Map.of("app", "web"));
      web.serve(8080);
      var client = node.addedPod("shop", "client", Map.of("app", "client"));
      NodeFixture.await("it is told", () -> nodeAddressOf(node, web).equals(FIRST));
      assertThat(addressOf(node, "InternalIP")).isEqualTo(FIRST);
      try (var connection = client.connected(web, 8080)) {
        netlink.addresses().delete(device, IpPrefix.parse(FIRST + "/24"));
        netlink.addresses().add(device, IpPrefix.parse(OTHER + "/24"));
        wayOut(netlink, device);
        assertThat(node.agent().waitFor(60, TimeUnit.SECONDS)).as(node.readLog()).isTrue();
        assertThat(node.agent().exitValue()).isZero();
        assertThat(node.readLog())
            .contains("the agent ends, to be started anew")
            .contains(FIRST + " at interface")
            .contains(OTHER + " at interface");
        assertThat(NodeFixture.echoes(connection)).isTrue();
        node.startAgent();
        assertThat(NodeFixture.echoes(connection)).isTrue();
      }
      NodeFixture.await("it is told", () -> addressOf(node, "InternalIP").equals(OTHER));
      NodeFixture.await("of pods, too", () -> nodeAddressOf(node, web).equals(OTHER));
    }
  }

  private static String nodeAddressOf(NodeFixture node, NodeFixture.Pod pod) {
    try {
      return node.api
          .get("/apis/cilium.io/v2/namespaces/shop/ciliumendpoints/" + pod.name)
          .object("status")
          .object("networking")
          .string("node");
    } catch (ApiException e) {
      if (e.notFound()) {
        return "";
      }
      throw new AssertionError(e);
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }
}
