package io.ovenet.journeys;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/**
 * The lab's commands by the launcher, on a pod and a virtual machine, and what keeps it running.
 */
class LabCommandsIT {
  private static RunningLab lab;

  @BeforeAll
  static void up() throws Exception {
    lab = RunningLab.up();
  }

  @AfterAll
  static void down() throws Exception {
    if (lab != null) {
      lab.close();
    }
  }

  @Test
  void logsAreWhatThePodSaid() throws Exception {
    lab.apply(
        """
        apiVersion: v1
        kind: Pod
        metadata: {name: talker, namespace: default}
        spec:
          restartPolicy: Never
          containers:
          - name: main
            image: any
            command: ["sh", "-c", "echo first; echo second >&2; while [ ! -e /tmp/go ]; do sleep 0.1; done; echo last"]
        """);
    lab.running("default", "talker");
    Eventually.holds(
        "it has spoken",
        () -> lab.ovenet().run("lab", "logs", "talker").succeed().out().equals("first\nsecond\n"));
    Process following =
        lab.ovenet()
            .prepare("lab", "logs", "--follow", "default/talker")
            .redirectErrorStream(true)
            .start();
    lab.ovenet().run("lab", "exec", "talker", "--", "touch", "/tmp/go").succeed();
    assertThat(new String(following.getInputStream().readAllBytes(), StandardCharsets.UTF_8))
        .isEqualTo("first\nsecond\nlast\n");
    assertThat(following.waitFor(60, TimeUnit.SECONDS)).isTrue();
    assertThat(following.exitValue()).isZero();

    Ovenet.Result unknown = lab.ovenet().run("lab", "logs", "nobody");
    assertThat(unknown.exit()).isNotZero();
    assertThat(unknown.err()).contains("nobody").hasLineCount(1);
  }

  @Test
  void aConsoleAtATerminalIsTheGuestsOwn() throws Exception {
    lab.apply(
        """
        apiVersion: kubevirt.io/v1
        kind: VirtualMachine
        metadata: {name: guest, namespace: default}
        spec:
          runStrategy: Always
          template:
            spec:
              domain:
                devices:
                  interfaces:
                  - {name: default, masquerade: {}}
              networks:
              - {name: default, pod: {}}
        """);
    Eventually.holds(
        "the guest is up",
        () -> {
          for (var machine : lab.status().path("vms")) {
            if (machine.path("phase").asText().equals("Running")) {
              return true;
            }
          }
          return false;
        });
    // `script` gives the command a terminal of its own, which it hands its input to.
    try (Terminal terminal = new Terminal(lab.ovenet().prepare("lab", "console", "guest"))) {
      terminal.awaits("Ctrl-] leaves");
      terminal.insists("echo gre''eting-$((40 + 2))\n", "greeting-42");
      // Ctrl-C is for what runs in the guest, not for the console.
      terminal.insists("echo sl''eeping; sleep 100000\n", "sleeping");
      terminal.type("\u0003");
      terminal.awaits("^C");
      terminal.insists("echo st''ill here\n", "still here");
      terminal.type("\u001d");
      assertThat(terminal.exit()).isZero();
    }
  }

  @Test
  void aKilledOperatorIsStartedAgain() throws Exception {
    String word = "io.ovenet.operator.Main";
    for (int kill = 1; kill <= 3; kill++) {
      Eventually.holds("the operator runs", () -> lab.processes(word).size() == 1);
      ProcessHandle operator = lab.processes(word).getFirst();
      assertThat(operator.destroyForcibly()).isTrue();
      Eventually.holds("it is another", () -> !lab.processes(word).contains(operator));
    }
    lab.apply(
        """
        apiVersion: cilium.io/v2
        kind: CiliumNetworkPolicy
        metadata: {name: judged, namespace: default}
        spec:
          endpointSelector: {}
          ingress: [{}]
        """);
    Eventually.holds(
        "it does its work",
        () ->
            lab.kubectl(
                    "get",
                    "ciliumnetworkpolicy",
                    "judged",
                    "-o",
                    "jsonpath={.status.conditions[*].status}")
                .out()
                .equals("True"));
    assertThat(lab.kubectl("delete", "ciliumnetworkpolicy", "judged").exit()).isZero();
  }

  /** A command on a terminal. */
  private static final class Terminal implements AutoCloseable {
    private final Process process;
    private final OutputStream keys;
    private final ByteArrayOutputStream shown = new ByteArrayOutputStream();
    private final Thread reader;

    Terminal(ProcessBuilder command) throws IOException {
      command.command(
          List.of(
              "script",
              "--quiet",
              "--return",
              "--command",
              String.join(" ", command.command()),
              "/dev/null"));
      process = command.redirectErrorStream(true).start();
      keys = process.getOutputStream();
      reader = Thread.ofPlatform().daemon().name("terminal").start(this::read);
    }

    private void read() {
      byte[] buffer = new byte[4096];
      try (InputStream in = process.getInputStream()) {
        int count;
        while ((count = in.read(buffer)) > 0) {
          shown.write(buffer, 0, count);
        }
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }

    void type(String text) throws IOException {
      keys.write(text.getBytes(StandardCharsets.UTF_8));
      keys.flush();
    }

    /** Types a line again now and then: the guest's shell drops what comes between two prompts. */
    void insists(String line, String text) throws Exception {
      int[] looks = {0};
      Eventually.holds(
          "the terminal answers " + line.strip(),
          () -> {
            if (looks[0]++ % 250 == 0) {
              type(line);
            }
            return shown.toString(StandardCharsets.UTF_8).contains(text);
          });
    }

    void awaits(String text) throws Exception {
      try {
        Eventually.holds(
            "the terminal shows " + text,
            () -> shown.toString(StandardCharsets.UTF_8).contains(text));
      } catch (AssertionError e) {
        throw new AssertionError(
            e.getMessage() + "; it shows\n" + shown.toString(StandardCharsets.UTF_8), e);
      }
    }

    int exit() throws InterruptedException {
      assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
      return process.exitValue();
    }

    @Override
    public void close() {
      process.descendants().forEach(ProcessHandle::destroyForcibly);
      process.destroyForcibly();
      try {
        process.waitFor();
        reader.join();
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    }
  }
}
