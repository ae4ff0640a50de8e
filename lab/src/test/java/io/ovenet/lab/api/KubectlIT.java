package io.ovenet.lab.api;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The real kubectl, without flags, against a real server. */
final class KubectlIT {
  private static final String POD =
      """
      apiVersion: v1
      kind: Pod
      metadata:
        name: web
        labels: {app: web}
      spec:
        containers:
        - name: web
          image: lab
          command: [httpd, -f]
          ports: [{containerPort: 80}]
      """;

  @TempDir Path directory;
  private ApiServer api;

  @BeforeEach
  void start() throws Exception {
    boolean there = false;
    for (String folder : System.getenv().getOrDefault("PATH", "").split(":", -1)) {
      there |= Files.isExecutable(Path.of(folder.isEmpty() ? "." : folder, "kubectl"));
    }
    if (!there) {
      System.err.println(
          "KubectlIT is skipped: kubectl is not in the PATH (ovenet test installs it)");
    }
    Assumptions.assumeTrue(there, "kubectl is not in the PATH");
    PodLogs logs =
        (request, out) -> {
          String line =
              "%s/%s/%s tail=%d\n"
                  .formatted(
                      request.namespace(), request.pod(), request.container(), request.tailLines());
          out.write(line.getBytes(StandardCharsets.UTF_8));
          if (request.follow()) {
            out.write("followed\n".getBytes(StandardCharsets.UTF_8));
          }
        };
    Review review =
        (resource, object, warnings) -> {
          if (object.at("/metadata/annotations/warn").asBoolean()) {
            warnings.add("field \"spec.odd\" is not supported yet");
          }
        };
    api =
        ApiServer.start(
            directory.resolve("data"),
            ApiServer.Options.DEFAULT.withLogs(logs).withReviews(List.of(review)));
    Files.writeString(directory.resolve("config"), api.kubeconfig());
  }

  @AfterEach
  void stop() throws Exception {
    if (api != null) {
      api.close();
    }
  }

  /** What a command printed (both streams) and how it ended. */
  private record Result(int code, String output) {}

  private ProcessBuilder command(String... arguments) {
    List<String> command = new ArrayList<>(List.of("kubectl"));
    command.addAll(List.of(arguments));
    ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
    builder.environment().put("KUBECONFIG", directory.resolve("config").toString());
    builder.environment().put("HOME", directory.toString());
    return builder;
  }

  private Result kubectl(String... arguments) throws Exception {
    Path output = Files.createTempFile(directory, "out", ".txt");
    Process process = command(arguments).redirectOutput(output.toFile()).start();
    process.getOutputStream().close();
    if (!process.waitFor(120, TimeUnit.SECONDS)) {
      process.destroyForcibly().waitFor();
      throw new AssertionError(
          "kubectl " + List.of(arguments) + " hangs: " + Files.readString(output));
    }
    return new Result(process.exitValue(), Files.readString(output));
  }

  private String succeed(String... arguments) throws Exception {
    Result result = kubectl(arguments);
    assertThat(result.code()).as("kubectl %s: %s", List.of(arguments), result.output()).isZero();
    return result.output();
  }

  private String file(String yaml) throws IOException {
    Path file = Files.createTempFile(directory, "object", ".yaml");
    Files.writeString(file, yaml);
    return file.toString();
  }

  @Test
  void appliesShowsChangesAndDeletes() throws Exception {
    String web = file(POD);
    assertThat(succeed("apply", "-f", web)).isEqualTo("pod/web created\n");
    assertThat(succeed("apply", "-f", web)).isEqualTo("pod/web unchanged\n");
    String changed = file(POD.replace("image: lab", "image: other"));
    assertThat(succeed("diff", "-f", web)).isEmpty();
    assertThat(succeed("apply", "-f", changed)).isEqualTo("pod/web configured\n");
    assertThat(succeed("get", "pod", "web", "-o", "jsonpath={.spec.containers[0].image}"))
        .isEqualTo("other");
    assertThat(succeed("get", "pods"))
        .containsPattern("NAME +READY +STATUS +RESTARTS +AGE\nweb +0/1 +Pending +0 +\\d+s");
    assertThat(succeed("get", "pods", "-o", "wide")).containsPattern("IP +NODE");
    assertThat(succeed("get", "pods", "-A", "-l", "app=web")).contains("default     web");
    assertThat(succeed("label", "pod", "web", "tier=front")).isEqualTo("pod/web labeled\n");
    assertThat(succeed("annotate", "pod", "web", "a=b")).isEqualTo("pod/web annotated\n");
    String patch = "{\"spec\":{\"containers\":[{\"name\":\"web\",\"image\":\"third\"}]}}";
    assertThat(succeed("patch", "pod", "web", "-p", patch)).isEqualTo("pod/web patched\n");
    assertThat(
            succeed(
                "patch",
                "pod",
                "web",
                "--type=merge",
                "-p",
                "{\"metadata\":{\"labels\":{\"x\":\"y\"}}}"))
        .isEqualTo("pod/web patched\n");
    assertThat(
            succeed(
                "patch",
                "pod",
                "web",
                "--type=json",
                "-p",
                "[{\"op\":\"remove\",\"path\":\"/metadata/labels/x\"}]"))
        .isEqualTo("pod/web patched\n");
    assertThat(succeed("describe", "pod", "web"))
        .contains("tier=front")
        .contains("Port:       80/TCP");
    assertThat(succeed("logs", "web", "--tail=5")).isEqualTo("default/web/web tail=5\n");
    assertThat(succeed("logs", "-f", "web")).endsWith("followed\n");
    assertThat(succeed("delete", "pod", "web")).contains("\"web\" deleted");
    assertThat(kubectl("get", "pod", "web").output())
        .isEqualTo("Error from server (NotFound): pods \"web\" not found\n");
    assertThat(succeed("auth", "can-i", "create", "pods")).isEqualTo("yes\n");
    assertThat(succeed("get", "all", "-A")).contains("No resources found");
  }

  @Test
  void watchesAndWaits() throws Exception {
    succeed("apply", "-f", file(POD));
    Process watch = command("get", "pods", "-w").start();
    try (BufferedReader lines =
        new BufferedReader(new InputStreamReader(watch.getInputStream(), StandardCharsets.UTF_8))) {
      assertThat(lines.readLine()).startsWith("NAME");
      assertThat(lines.readLine()).contains("Pending");
      String phase = "[{\"op\":\"replace\",\"path\":\"/status/phase\",\"value\":\"Running\"}]";
      succeed("patch", "pod", "web", "--subresource=status", "--type=json", "-p", phase);
      assertThat(lines.readLine()).contains("Running");
      Process wait = command("wait", "pod/web", "--for=condition=Ready", "--timeout=60s").start();
      String ready = "{\"status\":{\"conditions\":[{\"type\":\"Ready\",\"status\":\"True\"}]}}";
      succeed("patch", "pod", "web", "--subresource=status", "--type=merge", "-p", ready);
      assertThat(wait.waitFor(60, TimeUnit.SECONDS)).isTrue();
      assertThat(wait.exitValue()).isZero();
      succeed("delete", "pod", "web");
      succeed("wait", "pod/web", "--for=delete", "--timeout=60s");
    } finally {
      watch.destroyForcibly().waitFor();
    }
  }

  @Test
  void definesExplainsAndJudgesCustomResources() throws Exception {
    succeed("apply", "-f", file(RawHttpIT.WIDGET_CRD));
    succeed("wait", "crd/widgets.example.com", "--for=condition=Established", "--timeout=60s");
    String widget =
        """
        apiVersion: example.com/v1
        kind: Widget
        metadata: {name: two}
        spec: {size: 3}
        """;
    assertThat(succeed("apply", "-f", file(widget))).isEqualTo("widget.example.com/two created\n");
    assertThat(succeed("apply", "-f", file(widget.replace("3", "4"))))
        .isEqualTo("widget.example.com/two configured\n");
    assertThat(succeed("get", "wd")).containsPattern("NAME +SIZE +READY\ntwo +4");
    assertThat(succeed("explain", "widget.spec.size")).contains("size <integer>", "How big.");
    assertThat(succeed("explain", "pod.spec.containers.ports")).contains("containerPort");
    assertThat(kubectl("apply", "-f", file(widget.replace("3", "big"))).output())
        .contains(
            "The Widget \"two\" is invalid: spec.size: Invalid value: \"string\": spec.size in body"
                + " must be of type integer: \"string\"");
    assertThat(
            kubectl("apply", "-f", file(widget.replace("size: 3", "size: 3, extra: 1"))).output())
        .contains("strict decoding error: unknown field \"spec.extra\"");
    assertThat(succeed("delete", "crd", "widgets.example.com")).contains("deleted");
    assertThat(kubectl("get", "widgets").code()).isNotZero();
  }

  @Test
  void passesWarningsOn() throws Exception {
    String warned = POD.replace("metadata:\n", "metadata:\n  annotations: {warn: 'true'}\n");
    assertThat(succeed("apply", "-f", file(warned)))
        .contains("Warning: field \"spec.odd\" is not supported yet");
  }

  private static String settings(String data) {
    return "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings}\ndata: " + data + "\n";
  }

  private Result serverSide(String manager, String yaml, String... more) throws Exception {
    List<String> arguments =
        new ArrayList<>(
            List.of("apply", "--server-side", "--field-manager", manager, "-f", file(yaml)));
    arguments.addAll(List.of(more));
    return kubectl(arguments.toArray(String[]::new));
  }

  private String data() throws Exception {
    return succeed("get", "configmap", "settings", "-o", "jsonpath={.data}");
  }

  private String managers(String object) throws Exception {
    return succeed(
        "get",
        object,
        "--show-managed-fields",
        "-o",
        "jsonpath={range .metadata.managedFields[*]}{.manager} {.operation} {.fieldsV1}\n{end}");
  }

  @Test
  void appliesOnTheServerSideWithManagersOfFields() throws Exception {
    String first = succeed("apply", "--server-side", "-f", file(settings("{a: '1', b: '2'}")));
    assertThat(first).isEqualTo("configmap/settings serverside-applied\n");
    assertThat(managers("cm/settings"))
        .isEqualTo("kubectl Apply {\"f:data\":{\"f:a\":{},\"f:b\":{}}}\n");

    // The same value may have two managers, another one is a conflict.
    assertThat(serverSide("other", settings("{a: '1'}")).code()).isZero();
    Result conflict = serverSide("other", settings("{a: '1', b: '3', c: '4'}"));
    assertThat(conflict.code()).isNotZero();
    assertThat(conflict.output())
        .contains("Apply failed with 1 conflict: conflict with \"kubectl\": .data.b");
    assertThat(data()).isEqualTo("{\"a\":\"1\",\"b\":\"2\"}");
    Result forced = serverSide("other", settings("{a: '1', b: '3', c: '4'}"), "--force-conflicts");
    assertThat(forced.code()).as(forced.output()).isZero();
    assertThat(data()).isEqualTo("{\"a\":\"1\",\"b\":\"3\",\"c\":\"4\"}");

    // What a manager doesn't name any more goes if nobody else has it.
    assertThat(serverSide("other", settings("{c: '4'}")).code()).isZero();
    assertThat(data()).isEqualTo("{\"a\":\"1\",\"c\":\"4\"}");
    succeed("patch", "cm", "settings", "--type=merge", "-p", "{\"data\":{\"c\":\"5\"}}");
    assertThat(managers("cm/settings"))
        .contains("kubectl Apply {\"f:data\":{\"f:a\":{}}}")
        .contains("kubectl-patch Update {\"f:data\":{\"f:c\":{}}}");
    assertThat(serverSide("other", settings("{c: '4'}")).output())
        .contains("conflict with \"kubectl-patch\" using v1: .data.c");
    assertThat(succeed("diff", "--server-side", "-f", file(settings("{a: '1'}")))).isEmpty();
  }

  @Test
  void appliesListsByTheirKeysAndWhatWasThereBefore() throws Exception {
    succeed("apply", "-f", file(POD));
    String environment =
        """
        apiVersion: v1
        kind: Pod
        metadata: {name: web, finalizers: [example.com/held]}
        spec:
          containers:
          - name: web
            env: [{name: A, value: a}]
        """;
    Result added = serverSide("env", environment);
    assertThat(added.code()).as(added.output()).isZero();
    assertThat(
            succeed(
                "get",
                "pod",
                "web",
                "-o",
                "jsonpath={.spec.containers[0].image} {.spec.containers[0].env[0].value}"
                    + " {.metadata.finalizers}"))
        .isEqualTo("lab a [\"example.com/held\"]");
    assertThat(managers("pod/web"))
        .contains("before-first-apply Update ")
        .contains("\"k:{\\\"name\\\":\\\"web\\\"}\":{\".\":{}");
    Result conflict =
        serverSide("env", environment.replace("    env:", "    image: other\n    env:"));
    assertThat(conflict.output())
        .contains(
            "conflict with \"before-first-apply\" using v1:"
                + " .spec.containers[name=\"web\"].image");
    // Held by its finalizer until the one who wants it lets go.
    succeed("delete", "pod", "web", "--wait=false");
    assertThat(succeed("get", "pod", "web", "-o", "jsonpath={.metadata.deletionTimestamp}"))
        .isNotEmpty();
    Result released =
        serverSide("env", environment.replace(", finalizers: [example.com/held]", ""));
    assertThat(released.code()).as(released.output()).isZero();
    assertThat(kubectl("get", "pod", "web").code()).isNotZero();
  }

  /** {@code kubectl create} sends kinds that it was built with as protobuf. */
  @Test
  void createsBuiltInKindsFromTheirOptions() throws Exception {
    assertThat(succeed("create", "namespace", "shop")).isEqualTo("namespace/shop created\n");
    succeed("config", "set-context", "--current", "--namespace", "shop");
    assertThat(succeed("create", "configmap", "settings", "--from-literal=a=b"))
        .isEqualTo("configmap/settings created\n");
    assertThat(succeed("get", "configmap", "settings", "-o", "jsonpath={.data}"))
        .isEqualTo("{\"a\":\"b\"}");
    succeed("create", "secret", "generic", "key", "--from-literal=password=x");
    assertThat(succeed("get", "secret", "key", "-o", "jsonpath={.type} {.data.password}"))
        .isEqualTo("Opaque eA==");
    succeed("create", "serviceaccount", "robot");
    succeed("create", "service", "clusterip", "web", "--tcp=80:8080");
    assertThat(
            succeed("get", "service", "web", "-o", "jsonpath={.spec.type} {.spec.ports[0].port}"))
        .isEqualTo("ClusterIP 80");
    assertThat(succeed("get", "service", "web", "-o", "jsonpath={.spec.ports[0].targetPort}"))
        .isEqualTo("8080");
    succeed("create", "deployment", "web", "--image=any", "--replicas=2", "--port=80");
    assertThat(
            succeed("get", "deployment", "web", "-o", "jsonpath={.spec.replicas} {.spec.selector}"))
        .isEqualTo("2 {\"matchLabels\":{\"app\":\"web\"}}");
    assertThat(succeed("delete", "configmap", "settings")).contains("deleted");
  }

  @Test
  void makesAndEmptiesNamespaces() throws Exception {
    succeed("apply", "-f", file("apiVersion: v1\nkind: Namespace\nmetadata: {name: shop}\n"));
    succeed("apply", "-n", "shop", "-f", file(POD));
    assertThat(succeed("get", "ns", "shop", "--show-labels"))
        .contains("kubernetes.io/metadata.name=shop");
    succeed("delete", "ns", "shop");
    Awaits.until(Duration.ofSeconds(20), () -> kubectl("get", "ns", "shop").code() != 0);
    assertThat(kubectl("get", "pods", "-n", "shop").output()).contains("No resources found");
  }
}
