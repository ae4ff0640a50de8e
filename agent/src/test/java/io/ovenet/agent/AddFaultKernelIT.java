package io.ovenet.agent;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.ovenet.bpf.AttachMode;
import io.ovenet.bpf.Link;
import io.ovenet.bpf.Netlink;
import io.ovenet.datapath.Datapath;
import io.ovenet.datapath.Endpoint;
import io.ovenet.kubernetes.JsonObject;
import io.ovenet.policy.Labels;
import io.ovenet.policy.PolicyEngine;
import io.ovenet.policy.PolicySettings;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Each step of ADD fails, on the real kernel, and nothing of the ADD is left. */
class AddFaultKernelIT {
  @TempDir Path directory;

  /** Everything that an ADD changes. */
  private record Traces(
      List<String> links, Map<?, ?> addresses, Map<?, ?> ipcache, int free, List<Path> files) {}

  @ParameterizedTest
  @ValueSource(strings = {"", "tcx", "clsact"})
  void everyStepIsUndone(String attach) throws Exception {
    var before = System.getProperty(AttachMode.PROPERTY, "");
    System.setProperty(AttachMode.PROPERTY, attach);
    try (var node = new NodeFixture(directory)) {
      var pod = node.pod("shop", "web", Map.of("app", "web"));
      in(node, parts -> failEachStep(parts, pod));
    } finally {
      System.setProperty(AttachMode.PROPERTY, before);
    }
  }

  @Test
  void usedUpIdsAreToldLeaveNothingAndAreUsedAgain() throws Exception {
    try (var node = new NodeFixture(directory)) {
      var pod = node.pod("shop", "web", Map.of("app", "web"));
      var late = node.pod("shop", "late", Map.of("app", "web"));
      in(node, parts -> useUpIds(parts, pod, late));
    }
  }

  private void useUpIds(Parts parts, NodeFixture.Pod pod, NodeFixture.Pod late) throws Exception {
    for (int id = 1; id < Endpoint.MAX_ENDPOINTS - 1; id++) {
      parts.store.reserveId();
    }
    parts.lifecycle.call(request("ADD", pod));
    int last = parts.store.all().getFirst().id();
    var before = traces(parts, late);
    for (int again = 0; again < 3; again++) {
      assertThatThrownBy(() -> parts.lifecycle.call(request("ADD", late)))
          .isInstanceOfSatisfying(
              CniException.class,
              refusal -> assertThat(refusal.code()).isEqualTo(CniException.TRY_AGAIN))
          .hasMessageContaining("endpoint ids of this node are in use");
      assertThat(traces(parts, late)).isEqualTo(before);
    }
    assertThat(parts.lifecycle.call(request("CHECK", pod))).isNull();
    assertThat(parts.lifecycle.call(request("DEL", pod))).isNull();
    assertThat(parts.lifecycle.call(request("ADD", late))).isNotNull();
    assertThat(parts.store.all()).extracting(LocalEndpoint::id).containsExactly(last);
    assertThat(parts.lifecycle.call(request("CHECK", late))).isNull();
    assertThat(parts.lifecycle.call(request("DEL", late))).isNull();
  }

  /** An agent's parts that make endpoints, in this process. */
  private record Parts(
      Datapath datapath,
      EndpointStore store,
      Tables tables,
      Realizer realizer,
      Steering steering,
      Ipam ipam,
      AtomicReference<EndpointLifecycle.@Nullable Step> failing,
      EndpointLifecycle lifecycle) {}

  private interface Body {
    void run(Parts parts) throws Exception;
  }

  private void in(NodeFixture node, Body body) throws Exception {
    node.namespace.call(
        () -> {
          withParts(node, body);
          return true;
        });
  }

  private void withParts(NodeFixture node, Body body) throws Exception {
    var config =
        AgentConfig.parse(
            List.of("--node-name=n", "--bpf-root=" + directory.resolve("bpf").toAbsolutePath()));
    try (var datapath = NodeSetup.open(config)) {
      var store = new EndpointStore(directory.resolve("endpoints"));
      var tables = Tables.of(datapath);
      var engine = new PolicyEngine(PolicySettings.defaults("default"));
      var realizer = new Realizer(tables, engine, new RuleNumbers(1), List.of());
      var failing = new AtomicReference<EndpointLifecycle.@Nullable Step>();
      var ipam = new Ipam(NodeFixture.CIDR);
      try (var steering = new Steering(realizer, _ -> {}, new PoliciesInForce())) {
        var lifecycle =
            new EndpointLifecycle(
                store,
                datapath.endpoints(),
                new PodNetwork(datapath),
                steering,
                new Pods("default", node.api),
                identities(),
                listener(),
                step -> {
                  if (step == failing.get()) {
                    throw new IllegalStateException("injected at " + step);
                  }
                },
                1500);
        lifecycle.ready(ipam);
        steering.begin().get();
        body.run(new Parts(datapath, store, tables, realizer, steering, ipam, failing, lifecycle));
      }
    }
  }

  private void failEachStep(Parts parts, NodeFixture.Pod pod) throws Exception {
    var lifecycle = parts.lifecycle;
    var before = traces(parts, pod);
    for (var step : EndpointLifecycle.Step.values()) {
      parts.failing.set(step);
      assertThatThrownBy(() -> lifecycle.call(request("ADD", pod)))
          .isInstanceOf(CniException.class)
          .hasMessageContaining("injected at " + step);
      parts.steering.realized(_ -> {}).get();
      assertThat(traces(parts, pod)).as("after a failure at %s", step).isEqualTo(before);
      assertThat(parts.realizer.endpoints()).isEmpty();
    }
    parts.failing.set(null);
    var result = lifecycle.call(request("ADD", pod));
    assertThat(JsonObject.of(result).objects("ips")).hasSize(1);
    assertThat(lifecycle.call(request("CHECK", pod))).isNull();
    putsBackWhatWasTakenOff(parts.datapath, parts.store, lifecycle, pod);
    assertThat(lifecycle.call(request("DEL", pod))).isNull();
    parts.steering.realized(_ -> {}).get();
    assertThat(traces(parts, pod)).isEqualTo(before);
    assertThatThrownBy(() -> lifecycle.call(request("ADD", missingNamespace(pod))))
        .isInstanceOf(CniException.class);
    assertThat(traces(parts, pod)).isEqualTo(before);
  }

  private static void putsBackWhatWasTakenOff(
      Datapath datapath, EndpointStore store, EndpointLifecycle lifecycle, NodeFixture.Pod pod)
      throws CniException {
    var endpoint = store.all().getFirst();
    for (boolean settle : new boolean[] {false, true}) {
      lifecycle.tend(endpoint, settle);
      assertThat(datapath.isEndpointSettled(endpoint.hostIfindex()) || !settle).isTrue();
      assertThat(lifecycle.call(request("CHECK", pod))).isNull();
      datapath.detachEndpoint(endpoint.hostIfindex());
      assertThatThrownBy(() -> lifecycle.call(request("CHECK", pod)))
          .hasMessageContaining("programs are missing");
      try (var watch = new AttachmentWatch(store, lifecycle)) {
        watch.tendAll();
      }
      assertThat(lifecycle.call(request("CHECK", pod))).isNull();
    }
  }

  private NodeFixture.Pod missingNamespace(NodeFixture.Pod pod) {
    return pod.at(directory.resolve("no-such-namespace"));
  }

  private Traces traces(Parts parts, NodeFixture.Pod pod) throws Exception {
    var links = new ArrayList<String>();
    try (var here = Netlink.open();
        var inside = Netlink.open(pod.inside)) {
      here.links().list().stream().map(Link::name).forEach(links::add);
      inside.links().list().stream().map(Link::name).forEach(links::add);
    }
    var files = new ArrayList<Path>();
    for (var under : List.of(directory.resolve("endpoints"), directory.resolve("bpf"))) {
      try (var walk = Files.walk(under)) {
        walk.forEach(files::add);
      }
    }
    return new Traces(
        links,
        parts.tables.endpointsByAddress().dump(),
        parts.tables.ipcache().dump(),
        parts.ipam.free(),
        files);
  }

  private static CniRequest request(String command, NodeFixture.Pod pod) throws CniException {
    return CniRequest.parse(
        ("CNI_COMMAND="
                + command
                + "\0CNI_CONTAINERID="
                + pod.name
                + "\0CNI_IFNAME=eth0\0CNI_NETNS="
                + pod.netns
                + "\0CNI_ARGS=K8S_POD_NAMESPACE="
                + pod.podNamespace
                + ";K8S_POD_NAME="
                + pod.name
                + "\0\0{\"cniVersion\":\"1.0.0\"}")
            .getBytes(StandardCharsets.UTF_8));
  }

  private static Identities identities() {
    return new Identities() {
      @Override
      public int known(Labels labels) {
        return 4711;
      }

      @Override
      public boolean means(int number, Labels labels) {
        return number == known(labels);
      }

      @Override
      public int allocate(Labels labels) {
        return 4711;
      }
    };
  }

  private static EndpointLifecycle.Listener listener() {
    return new EndpointLifecycle.Listener() {
      @Override
      public void added(LocalEndpoint endpoint) {}

      @Override
      public void removed(LocalEndpoint endpoint) {}
    };
  }
}
