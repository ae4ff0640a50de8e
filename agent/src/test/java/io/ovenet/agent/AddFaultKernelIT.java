package io.ovenet.agent;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.ovenet.bpf.AttachMode;
import io.ovenet.bpf.Link;
import io.ovenet.bpf.Netlink;
import io.ovenet.datapath.Datapath;
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
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Each step of ADD fails once, on the real kernel, and nothing of the ADD is left. */
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
      node.namespace.call(
          () -> {
            failEachStep(node, pod);
            return true;
          });
    } finally {
      System.setProperty(AttachMode.PROPERTY, before);
    }
  }

  private void failEachStep(NodeFixture node, NodeFixture.Pod pod) throws Exception {
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
      try (var steering = new Steering(realizer, _ -> {})) {
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
        var before = traces(tables, ipam, pod);
        for (var step : EndpointLifecycle.Step.values()) {
          failing.set(step);
          assertThatThrownBy(() -> lifecycle.call(request("ADD", pod)))
              .isInstanceOf(CniException.class)
              .hasMessageContaining("injected at " + step);
          steering.realized(_ -> {}).get();
          assertThat(traces(tables, ipam, pod)).as("after a failure at %s", step).isEqualTo(before);
          assertThat(realizer.endpoints()).isEmpty();
        }
        failing.set(null);
        var result = lifecycle.call(request("ADD", pod));
        assertThat(JsonObject.of(result).objects("ips")).hasSize(1);
        assertThat(lifecycle.call(request("CHECK", pod))).isNull();
        putsBackWhatWasTakenOff(datapath, store, lifecycle, pod);
        assertThat(lifecycle.call(request("DEL", pod))).isNull();
        steering.realized(_ -> {}).get();
        assertThat(traces(tables, ipam, pod)).isEqualTo(before);
        assertThatThrownBy(() -> lifecycle.call(request("ADD", missingNamespace(pod))))
            .isInstanceOf(CniException.class);
        assertThat(traces(tables, ipam, pod)).isEqualTo(before);
      }
    }
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

  private Traces traces(Tables tables, Ipam ipam, NodeFixture.Pod pod) throws Exception {
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
        links, tables.endpointsByAddress().dump(), tables.ipcache().dump(), ipam.free(), files);
  }

  private static CniRequest request(String command, NodeFixture.Pod pod) throws CniException {
    return CniRequest.parse(
        ("CNI_COMMAND="
                + command
                + "\0CNI_CONTAINERID=c1\0CNI_IFNAME=eth0\0CNI_NETNS="
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
