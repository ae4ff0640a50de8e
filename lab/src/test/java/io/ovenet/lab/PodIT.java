package io.ovenet.lab;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fabric8.kubernetes.client.LocalPortForward;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Pods on a node, by a real CNI plugin. */
class PodIT {
  @TempDir private static Path temporary;
  private static LabFixture fixture;

  @BeforeAll
  static void up() throws Exception {
    fixture = new LabFixture(temporary, 1);
  }

  @AfterAll
  static void down() throws Exception {
    if (fixture != null) {
      fixture.close();
    }
    assertThat(temporary).isEmptyDirectory();
  }

  private static String pod(String name, String command, String more) {
    return """
        apiVersion: v1
        kind: Pod
        metadata: {name: %s, namespace: default}
        spec:
          terminationGracePeriodSeconds: 10
          containers:
          - name: main
            image: any
            command: ["sh", "-c", "%s"]
            env:
            - name: GREETING
              value: hello
            - name: ADDRESS
              valueFrom: {fieldRef: {fieldPath: status.podIP}}
        %s
        """
        .formatted(name, command, more.indent(2));
  }

  @Test
  void podsRunTalkAndGo() throws Exception {
    // No plugin yet: the pod waits and says why.
    fixture.apply(
        pod(
            "server",
            "mkdir /www; echo $GREETING $ADDRESS >/www/index.html; echo started; trap 'echo bye; exit 0' TERM; httpd -p 80 -h /www; while :; do sleep 0.1; done",
            ""));
    Eventually.holds(
        "it says what it waits for",
        () -> {
          var status = fixture.pod("server").getStatus();
          return status != null
              && !status.getContainerStatuses().isEmpty()
              && String.valueOf(
                      status.getContainerStatuses().getFirst().getState().getWaiting().getMessage())
                  .contains("/etc/cni/net.d");
        });
    assertThat(ready("node-1")).isEqualTo("False");
    // The first ADD is refused with "try again": the sandbox is given back and made anew.
    Files.writeString(fixture.directory.node("node-1").resolve("lib/refuse"), "");
    fixture.installPlugin("node-1");
    String address = fixture.running("server").getStatus().getPodIP();
    List<String> calls = fixture.calls("node-1");
    assertThat(calls.stream().map(call -> call.split(" ", -1)[0]))
        .containsExactly("ADD", "DEL", "ADD");
    assertThat(sandbox(calls.get(1))).isEqualTo(sandbox(calls.get(0)));
    assertThat(sandbox(calls.get(2))).isNotEqualTo(sandbox(calls.get(0)));
    Eventually.holds("the node is ready", () -> ready("node-1").equals("True"));

    fixture.apply(pod("client", "sleep 100000", ""));
    fixture.running("client");
    assertThat(fixture.exec("client", "wget", "-q", "-O", "-", "http://" + address).output())
        .isEqualTo("hello " + address + "\n");
    assertThat(fixture.exec("client", "hostname").output()).isEqualTo("client\n");
    assertThat(fixture.exec("client", "sh", "-c", "exit 7").exitCode()).isEqualTo(7);
    assertThat(fixture.exec("client", "ls", "/sys/class/net").output().split("\n", -1))
        .contains("eth0", "lo");
    assertThat(fixture.client.pods().inNamespace("default").withName("server").getLog())
        .isEqualTo("started\n");
    assertThat(overForwardedPort("server", 80)).isEqualTo("hello " + address + "\n");
    assertThatThrownBy(() -> overForwardedPort("server", 81)).isInstanceOf(IOException.class);

    // Deletion: SIGTERM is heard, the plugin gets its DEL, nothing is left.
    Path log = fixture.directory.node("node-1").resolve("run/kubelet/logs");
    String uid = fixture.pod("server").getMetadata().getUid();
    fixture.client.pods().inNamespace("default").withName("server").delete();
    Eventually.holds("the pod is gone", () -> fixture.pod("server") == null);
    assertThat(Files.readString(log.resolve(uid + "/main.log"))).endsWith("bye\n");
    assertThat(fixture.calls("node-1").getLast())
        .startsWith("DEL ")
        .contains(sandbox(calls.get(2)));
    assertThat(fixture.node("node-1").run("kubelet/pods/" + uid)).doesNotExist();
    assertThat(fixture.node("node-1").group().child("kubepods").child("pod" + uid).exists())
        .isFalse();
    try (var namespaces = Files.list(fixture.node("node-1").run("netns"))) {
      assertThat(namespaces.count()).isEqualTo(1);
    }
  }

  private static String overForwardedPort(String pod, int port) throws IOException {
    try (LocalPortForward forward =
        fixture.client.pods().inNamespace("default").withName(pod).portForward(port)) {
      URI there = URI.create("http://127.0.0.1:" + forward.getLocalPort() + "/");
      try (InputStream page = there.toURL().openStream()) {
        return new String(page.readAllBytes(), StandardCharsets.UTF_8);
      }
    }
  }

  @Test
  void containersEndAndStartAgainAsTheirPolicySays() throws Exception {
    fixture.installPlugin("node-1");
    fixture.apply(pod("once", "echo done; exit 3", "restartPolicy: Never"));
    Eventually.holds(
        "it failed",
        () ->
            fixture.pod("once").getStatus() != null
                && "Failed".equals(fixture.pod("once").getStatus().getPhase()));
    assertThat(
            fixture
                .pod("once")
                .getStatus()
                .getContainerStatuses()
                .getFirst()
                .getState()
                .getTerminated()
                .getExitCode())
        .isEqualTo(3);
    fixture.apply(pod("again", "sleep 0.2; exit 0", "restartPolicy: Always"));
    Eventually.holds(
        "it was started again",
        () ->
            fixture.pod("again").getStatus() != null
                && !fixture.pod("again").getStatus().getContainerStatuses().isEmpty()
                && fixture
                        .pod("again")
                        .getStatus()
                        .getContainerStatuses()
                        .getFirst()
                        .getRestartCount()
                    >= 2);
    // Forced: no grace, and it is gone from the node as well.
    String uid = fixture.pod("again").getMetadata().getUid();
    fixture.client.pods().inNamespace("default").withName("again").withGracePeriod(0).delete();
    Eventually.holds(
        "its files are gone",
        () -> !Files.exists(fixture.node("node-1").run("kubelet/pods/" + uid)));
    fixture.client.pods().inNamespace("default").withName("once").delete();
    Eventually.holds("the pod is gone", () -> fixture.pod("once") == null);
  }

  @Test
  void theNodeHasItsConfigurationAndReachesTheApi() throws Exception {
    VirtualNode node = fixture.node("node-1");
    assertThat(
            node.namespaces()
                .in(VirtualNode.KINDS, List.of("cat", "/etc/ovenet/config/enable-hubble"))
                .succeed())
        .isEqualTo("true");
    assertThat(
            node.namespaces()
                .in(
                    VirtualNode.KINDS,
                    List.of("kubectl", "--kubeconfig", "/run/kubeconfig", "get", "nodes", "-oname"))
                .succeed())
        .isEqualTo("node/node-1\n");
  }

  private static String ready(String node) {
    return fixture.client.nodes().withName(node).get().getStatus().getConditions().stream()
        .filter(condition -> condition.getType().equals("Ready"))
        .findFirst()
        .orElseThrow()
        .getStatus();
  }

  private static String sandbox(String call) {
    return call.split(" ", -1)[1];
  }
}
