package io.ovenet.agent;

import static org.assertj.core.api.Assertions.assertThat;

import io.ovenet.bpf.IpPrefix;
import io.ovenet.bpf.LinkSpec;
import io.ovenet.bpf.Netlink;
import io.ovenet.bpf.NetworkNamespace;
import io.ovenet.bpf.Route;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Objects that go away under those that name them, and policies far larger than anybody writes: the
 * agent goes on, and nothing passes that was not allowed, at no moment.
 */
class ChangingInputKernelIT {
  private static final String GROUPS = "/apis/cilium.io/v2/ciliumcidrgroups";

  @TempDir Path directory;

  private static String from(String... apps) {
    var text = new StringBuilder("endpointSelector: {matchLabels: {app: web}}\ningress:\n");
    for (var app : apps) {
      text.append("- fromEndpoints: [{matchLabels: {app: ").append(app).append("}}]\n");
    }
    return text.toString();
  }

  @Test
  void aNamespaceThatIsDeletedUnderItsPoliciesOpensNothing() throws Exception {
    try (var node = new NodeFixture(directory)) {
      node.startAgent();
      var web = node.addedPod("shop", "web", Map.of("app", "web"));
      var client = node.addedPod("shop", "client", Map.of("app", "client"));
      var stranger = node.addedPod("other", "stranger", Map.of("app", "stranger"));
      node.policy("shop", "web", from("client"));
      try (var allowed = new NumberedDatagrams(client, web, 7001)) {
        NodeFixture.await("allowed", () -> allowed.received() > 20);
        try (var probe = new NumberedDatagrams(stranger, web, 7003)) {
          NodeFixture.await("in force", probe::stands);
        }
        try (var denied = new NumberedDatagrams(stranger, web, 7002)) {
          node.api.delete("/api/v1/namespaces/shop", Map.of());
          NodeFixture.await("policies are gone", () -> isGone(node, "/api/v1/namespaces/shop"));
          NodeFixture.await(
              "the agent has heard of it",
              () -> node.readLog().contains("went with its namespace"));
          long sent = denied.sent();
          long seen = allowed.received();
          NodeFixture.await("much was tried", () -> denied.sent() > sent + 200);
          NodeFixture.await("what is allowed goes on", () -> allowed.received() > seen + 100);
          assertThat(denied.received()).as("leaked").isZero();

          node.killAgent();
          node.startAgent();
          long restarted = denied.sent();
          NodeFixture.await("much was tried", () -> denied.sent() > restarted + 200);
          assertThat(denied.received()).as("leaked by a restart").isZero();

          assertThat(client.cni("DEL", "eth0", "1.0.0").code()).isZero();
          long then = denied.sent();
          NodeFixture.await("much was tried", () -> denied.sent() > then + 200);
          assertThat(denied.received()).as("leaked while one pod was left").isZero();
        }
      }
      assertThat(web.cni("DEL", "eth0", "1.0.0").code()).isZero();
      // Whoever comes next under the same names has no policy.
      var next = node.addedPod("shop", "next", Map.of("app", "web"));
      next.serve(80);
      NodeFixture.await("nothing is left", () -> stranger.reaches(next, 80));
    }
  }

  private static boolean isGone(NodeFixture node, String path) {
    try {
      node.api.get(path);
      return false;
    } catch (io.ovenet.kubernetes.ApiException e) {
      return e.notFound();
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }

  @Test
  void aPolicyThatIsDeletedInALivingNamespaceGoes() throws Exception {
    try (var node = new NodeFixture(directory)) {
      node.startAgent();
      var web = node.addedPod("shop", "web", Map.of("app", "web"));
      var stranger = node.addedPod("shop", "stranger", Map.of("app", "stranger"));
      web.serve(80);
      for (int time = 0; time < 5; time++) {
        node.policy("shop", "web", from("client"));
        NodeFixture.await("in force", () -> !stranger.reaches(web, 80));
        node.api.delete("/apis/cilium.io/v2/namespaces/shop/ciliumnetworkpolicies/web", Map.of());
        NodeFixture.await("out of force", () -> stranger.reaches(web, 80));
      }
    }
  }

  private static void group(NodeFixture node, String name, String prefixes) throws IOException {
    node.create(
        GROUPS,
        "{apiVersion: cilium.io/v2, kind: CiliumCIDRGroup, metadata: {name: "
            + name
            + ", labels: {kind: partner}}, spec: {externalCIDRs: ["
            + prefixes
            + "]}}");
  }

  /** A machine outside, which knows the way to the pods and has two addresses. */
  private static void wire(NetworkNamespace node, NetworkNamespace outside) throws Exception {
    try (var here = Netlink.open(node);
        var there = Netlink.open(outside)) {
      here.links().createVeth(LinkSpec.named("uplink"), LinkSpec.named("eth0").in(outside));
      int uplink = Objects.requireNonNull(here.links().get("uplink")).ifindex();
      int eth0 = Objects.requireNonNull(there.links().get("eth0")).ifindex();
      here.addresses().add(uplink, IpPrefix.parse("198.51.100.1/24"));
      there.addresses().add(eth0, IpPrefix.parse("198.51.100.7/24"));
      here.links().setUp(uplink);
      there.links().setUp(eth0);
      there
          .routes()
          .add(Route.via(IpPrefix.parse(NodeFixture.CIDR), ProbeNet.address("198.51.100.1"), eth0));
    }
  }

  @Test
  void groupsThatComeAndGoAreFollowed() throws Exception {
    try (var node = new NodeFixture(directory);
        var outside = NetworkNamespace.create()) {
      wire(node.namespace, outside);
      node.startAgent();
      var web = node.addedPod("shop", "web", Map.of("app", "web"));
      var never = node.addedPod("shop", "never", Map.of("app", "never"));
      web.serve(80);
      never.serve(80);
      var world = node.new Pod("", "outside", "", Path.of(""), outside);
      world.address = "198.51.100.7";
      node.policy(
          "shop",
          "web",
          "{endpointSelector: {matchLabels: {app: web}}, ingress: [{fromCIDRSet:"
              + " [{cidrGroupRef: named}]}, {fromCIDRSet: [{cidrGroupSelector: {matchLabels: {kind:"
              + " partner}}, except: [198.51.100.64/26]}]}]}");
      // Whoever names a group that is not there means nobody.
      node.policy(
          "shop",
          "never",
          "{endpointSelector: {matchLabels: {app: never}}, ingress: [{fromCIDRSet: [{cidrGroupRef:"
              + " missing}]}]}");
      NodeFixture.await("in force", () -> !world.reaches(web, 80) && !world.reaches(never, 80));
      try (var leak = new NumberedDatagrams(world, never, 7002)) {
        for (int time = 0; time < 5; time++) {
          group(node, "named", "198.51.100.0/24");
          NodeFixture.await("it came", () -> world.reaches(web, 80));
          try (var established = world.connected(web, 80)) {
            node.api.delete(GROUPS + "/named", Map.of());
            NodeFixture.await("it went", () -> !NodeFixture.echoes(established));
          }
          assertThat(world.reaches(web, 80)).as("time %s", time).isFalse();
          // By their labels others count, too.
          group(node, "marker", "203.0.113.0/24");
          assertThat(world.reaches(web, 80)).as("of others, time %s", time).isFalse();
          group(node, "other", "198.51.100.0/24");
          NodeFixture.await("it came", () -> world.reaches(web, 80));
          try (var established = world.connected(web, 80)) {
            node.api.delete(GROUPS + "/other", Map.of());
            NodeFixture.await("it went", () -> !NodeFixture.echoes(established));
          }
          assertThat(world.reaches(web, 80)).as("time %s", time).isFalse();
          node.api.delete(GROUPS + "/marker", Map.of());
        }
        assertThat(leak.received()).isZero();
        assertThat(leak.sent()).isGreaterThan(100);
      }
      assertThat(node.ask("policy-verify").strings("wrong")).isEmpty();
    }
  }

  /** Rules for peers and ports of their own; the last one names the client. */
  private static String tenThousandRules() {
    var text = new StringBuilder("endpointSelector: {matchLabels: {app: web}}\ningress:\n");
    for (int i = 0; i < 10_000; i++) {
      text.append("- {fromEndpoints: [{matchLabels: {app: a")
          .append(i)
          .append("}}], toPorts: [{ports: [{port: \"")
          .append(1000 + i)
          .append("\", protocol: TCP}]}]}\n");
    }
    return text.append(
            "- {fromEndpoints: [{matchLabels: {app: client}}], toPorts: [{ports: [{port:")
        .append(" \"80\", protocol: TCP}]}]}\n")
        .toString();
  }

  private static String megabyteOfPrefixes() {
    var text = new StringBuilder("endpointSelector: {matchLabels: {app: web}}\ningress:\n");
    text.append("- fromEndpoints: [{matchLabels: {app: client}}]\n- fromCIDR:\n");
    for (int i = 0, length = 0; length < 1_000_000; i++) {
      var prefix = "%d.%d.%d.0/24".formatted(11 + i / 65_536, i / 256 % 256, i % 256);
      text.append("  - ").append(prefix).append('\n');
      length += prefix.length() + 3;
    }
    return text.toString();
  }

  private static String thousandValues(String operator) {
    var values = new ArrayList<String>();
    for (int i = 0; i < 1_000; i++) {
      values.add("v" + i);
    }
    values.add(operator.equals("In") ? "client" : "stranger");
    return "{endpointSelector: {matchLabels: {app: web}}, ingress: [{fromEndpoints:"
        + " [{matchExpressions: [{key: app, operator: "
        + operator
        + ", values: "
        + values
        + "}]}]}]}";
  }

  @Test
  void policiesFarTooLargeMeanWhatTheySay() throws Exception {
    try (var node = new NodeFixture(directory)) {
      node.usualHeap();
      node.startAgent();
      var web = node.addedPod("shop", "web", Map.of("app", "web"));
      var client = node.addedPod("shop", "client", Map.of("app", "client"));
      var stranger = node.addedPod("shop", "stranger", Map.of("app", "stranger"));
      for (int port : new int[] {80, 1000}) {
        web.serve(port);
      }
      node.policy("shop", "web", from("nobody"));
      NodeFixture.await("in force", () -> !client.reaches(web, 80) && !stranger.reaches(web, 80));
      try (var denied = new NumberedDatagrams(stranger, web, 7002)) {
        for (var policy :
            List.of(
                tenThousandRules(),
                thousandValues("In"),
                thousandValues("NotIn"),
                megabyteOfPrefixes())) {
          node.policy("shop", "web", policy);
          try {
            NodeFixture.await("in force", () -> client.reaches(web, 80));
          } catch (AssertionError e) {
            throw new AssertionError(node.readLog(), e);
          }
          assertThat(stranger.reaches(web, 80)).isFalse();
          assertThat(stranger.reaches(web, 1000)).isFalse();
          assertThat(node.ask("policy-verify").strings("wrong")).isEmpty();
          node.policy("shop", "web", from("nobody"));
          NodeFixture.await("the small one again", () -> !client.reaches(web, 80));
        }
        assertThat(denied.received()).as("leaked").isZero();
        assertThat(denied.sent()).isGreaterThan(100);
      }
      assertThat(node.agent().isAlive()).isTrue();
    }
  }
}
