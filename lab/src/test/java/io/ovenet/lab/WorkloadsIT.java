package io.ovenet.lab;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Commands in pods, deployments and probes, by the real kubectl. */
class WorkloadsIT {
  @TempDir private static Path temporary;
  private static LabFixture fixture;

  @BeforeAll
  static void up() throws Exception {
    fixture = new LabFixture(temporary, 1);
    fixture.installPlugin("node-1");
  }

  @AfterAll
  static void down() throws Exception {
    if (fixture != null) {
      fixture.close();
    }
    assertThat(temporary).isEmptyDirectory();
  }

  private static Invocation kubectl(String... arguments) {
    List<String> command = new ArrayList<>();
    command.addAll(List.of("kubectl", "--kubeconfig", fixture.directory.kubeconfig().toString()));
    command.addAll(List.of(arguments));
    return Invocation.of(command).limit(Duration.ofMinutes(2));
  }

  private static String pod(String name, String script, String more) {
    return """
    apiVersion: v1
    kind: Pod
    metadata: {name: %s, namespace: default}
    spec:
      terminationGracePeriodSeconds: 1
      containers:
      - name: main
        image: any
        command: ["sh", "-c", "%s"]
        env: [{name: GREETING, value: hello}]
    %s
    """
        .formatted(name, script, more.indent(4));
  }

  @Test
  void kubectlRunsCommandsInPods() throws Exception {
    fixture.apply(pod("shell", "exec sleep 100000", ""));
    fixture.running("shell");
    var ran =
        kubectl("exec", "shell", "--", "sh", "-c", "echo $GREETING; echo odd >&2; exit 7").run();
    assertThat(ran.output()).isEqualTo("hello\n");
    assertThat(ran.errors()).contains("odd").contains("exit code 7");
    assertThat(ran.exitCode()).isEqualTo(7);
    String input = "line\n".repeat(50_000);
    assertThat(kubectl("exec", "-i", "shell", "-c", "main", "--", "cat").input(input).succeed())
        .isEqualTo(input);
    assertThat(kubectl("exec", "shell", "--", "sh", "-c", "[ -t 0 ] || echo none").succeed())
        .isEqualTo("none\n");
    String command =
        String.join(" ", kubectl("exec", "-it", "shell", "--", "tty", "-s").arguments());
    var terminal =
        Invocation.of("script", "--quiet", "--return", "--command", command, "/dev/null").run();
    assertThat(terminal.exitCode()).as(terminal.output()).isZero();

    assertThat(kubectl("exec", "nobody", "--", "true").run().errors())
        .contains("pods \"nobody\" not found");
    assertThat(kubectl("exec", "shell", "-c", "side", "--", "true").run().errors())
        .contains("container side is not valid for pod shell");
    assertThat(kubectl("exec", "shell", "--", "no-such-program").run().exitCode()).isNotZero();
    fixture.client.pods().inNamespace("default").withName("shell").delete();
  }

  private static final String DEPLOYMENT =
      """
      apiVersion: apps/v1
      kind: Deployment
      metadata: {name: web, namespace: default}
      spec:
        replicas: 3
        selector: {matchLabels: {app: web}}
        template:
          metadata: {labels: {app: web}}
          spec:
            terminationGracePeriodSeconds: 1
            containers:
            - name: main
              image: any
              command: ["sh", "-c", "exec sleep 100000"]
              env: [{name: VERSION, value: "1"}]
      """;

  private static String versions() throws Exception {
    return kubectl(
            "get",
            "pods",
            "-l",
            "app=web",
            "-o",
            "jsonpath={range .items[?(@.status.phase==\"Running\")]}{.spec.containers[0].env[0].value}{end}")
        .succeed();
  }

  @Test
  void deploymentsRollOutAndBack() throws Exception {
    fixture.apply(DEPLOYMENT);
    rolledOut();
    assertThat(versions()).isEqualTo("111");
    kubectl("set", "env", "deployment/web", "VERSION=2").succeed();
    rolledOut();
    Eventually.holds("all are of the second version", () -> versions().equals("222"));
    assertThat(kubectl("rollout", "history", "deployment/web").succeed())
        .containsPattern("(?m)^1 ")
        .containsPattern("(?m)^2 ");
    kubectl("rollout", "undo", "deployment/web").succeed();
    rolledOut();
    Eventually.holds("all are of the first version", () -> versions().equals("111"));
    kubectl("scale", "deployment/web", "--replicas=1").succeed();
    assertThat(kubectl("scale", "deployment/web", "--replicas=-1").run().exitCode()).isNotZero();
    Eventually.holds("one is left", () -> versions().equals("1"));
    String left = kubectl("get", "pods", "-l", "app=web", "-o", "name").succeed();
    kubectl("delete", left.lines().findFirst().orElseThrow()).succeed();
    Eventually.holds("another one takes its place", () -> versions().equals("1"));
    kubectl("delete", "deployment", "web").succeed();
    Eventually.holds(
        "its pods and replica sets are gone",
        () ->
            kubectl("get", "pods,replicasets", "-l", "app=web", "-o", "name").succeed().isEmpty());
  }

  private static void rolledOut() throws Exception {
    assertThat(kubectl("rollout", "status", "deployment/web", "--timeout=90s").succeed())
        .contains("successfully rolled out");
  }

  @Test
  void probesDecideWhetherPodsAreReadyAndWhenTheyStartAgain() throws Exception {
    fixture.apply(
        pod(
            "probed",
            "rm -f /tmp/ready; mkdir -p /www; echo x >/www/ok; httpd -p 80 -h /www; exec sleep 100000",
            """
            ports: [{name: http, containerPort: 80}]
            startupProbe: {httpGet: {path: /ok, port: http}, periodSeconds: 1, failureThreshold: 60}
            readinessProbe: {exec: {command: [test, -f, /tmp/ready]}, periodSeconds: 1, failureThreshold: 1}
            livenessProbe: {tcpSocket: {port: 80}, periodSeconds: 1, failureThreshold: 2}
            """));
    Eventually.holds("it has started", () -> status("started").equals("true"));
    assertThat(status("ready")).isEqualTo("false");
    kubectl("exec", "probed", "--", "touch", "/tmp/ready").succeed();
    Eventually.holds("it is ready", () -> status("ready").equals("true"));
    assertThat(status("restartCount")).isEqualTo("0");
    kubectl("exec", "probed", "--", "rm", "/tmp/ready").succeed();
    Eventually.holds("it is not ready any more", () -> status("ready").equals("false"));
    kubectl("exec", "probed", "--", "killall", "httpd").succeed();
    Eventually.holds(
        "it was started again",
        () -> status("restartCount").equals("1") && status("started").equals("true"));
    fixture.client.pods().inNamespace("default").withName("probed").delete();

    fixture.apply(pod("odd", "exec sleep 100000", "readinessProbe: {tcpSocket: {port: nowhere}}"));
    Eventually.holds(
        "it says which field is wrong",
        () ->
            kubectl("get", "pod", "odd", "-o", "jsonpath={.status.containerStatuses[0].state}")
                .succeed()
                .contains("main.readinessProbe.tcpSocket.port: no port of the container is named"));
    fixture.client.pods().inNamespace("default").withName("odd").delete();
  }

  private static String status(String field) throws Exception {
    return kubectl(
            "get", "pod", "probed", "-o", "jsonpath={.status.containerStatuses[0]." + field + "}")
        .succeed();
  }
}
