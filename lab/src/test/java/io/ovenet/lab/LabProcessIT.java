package io.ovenet.lab;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

/** The lab's own process by its commands: started, killed, found dead, taken down. */
class LabProcessIT {
  private static final String NAME = "ovt-lab-process-" + ProcessHandle.current().pid();

  @TempDir private Path temporary;

  private int lab(StringWriter out, String... arguments) {
    CommandLine commands = Main.commandLine();
    PrintWriter writer = new PrintWriter(out, true);
    String[] all = new String[arguments.length + 4];
    all[0] = arguments[0];
    all[1] = "--state-dir=" + temporary;
    all[2] = "--name=" + NAME;
    System.arraycopy(arguments, 1, all, 3, arguments.length - 1);
    String[] given = java.util.Arrays.copyOf(all, arguments.length + 2);
    return commands.setOut(writer).setErr(writer).execute(given);
  }

  @AfterEach
  void clean() throws Exception {
    assertThat(lab(new StringWriter(), "down")).isZero();
  }

  @Test
  void upKilledUpAgainAndDownLeavesNothing() throws Exception {
    List<String> mounts = Files.readAllLines(Path.of("/proc/self/mountinfo"));
    String links = Invocation.of("ip", "-br", "link").succeed();
    StringWriter out = new StringWriter();
    assertThat(lab(out, "up", "--nodes=2")).as(out.toString()).isZero();
    assertThat(out.toString()).contains("making node-2", "ready: KUBECONFIG=");
    LabDirectory directory = LabDirectory.of(temporary, NAME);
    LabStatus status = LabStatus.read(directory.status()).orElseThrow();
    assertThat(status.nodes()).extracting(LabStatus.Node::name).containsExactly("node-1", "node-2");
    assertThat(
            Invocation.of("kubectl", "--kubeconfig", status.kubeconfig(), "get", "nodes", "-oname")
                .succeed())
        .isEqualTo("node/node-1\nnode/node-2\n");
    StringWriter second = new StringWriter();
    assertThat(lab(second, "up")).isNotZero();
    assertThat(second.toString()).contains("up already").contains("lab down");

    ProcessHandle serving = ProcessHandle.of(status.pid()).orElseThrow();
    serving.destroyForcibly();
    serving.onExit().get();
    // Its nodes outlived it; no command takes it for a lab.
    assertThat(ProcessHandle.of(status.nodes().getFirst().pid())).isPresent();
    StringWriter asked = new StringWriter();
    assertThat(lab(asked, "status")).isNotZero();
    assertThat(asked.toString()).contains("is gone").contains("lab down");

    StringWriter again = new StringWriter();
    assertThat(lab(again, "up")).as(again.toString()).isZero();
    assertThat(again.toString()).contains("that was killed");
    for (LabStatus.Node node : status.nodes()) {
      Eventually.holds(node.name() + " is gone", () -> ProcessHandle.of(node.pid()).isEmpty());
    }
    long pid = LabStatus.read(directory.status()).orElseThrow().pid();
    assertThat(lab(new StringWriter(), "down")).isZero();
    Eventually.holds("the lab's process is gone", () -> ProcessHandle.of(pid).isEmpty());
    assertThat(temporary).isEmptyDirectory();
    assertThat(ControlGroup.ofLab(NAME).exists()).isFalse();
    assertThat(Files.readAllLines(Path.of("/proc/self/mountinfo"))).isEqualTo(mounts);
    assertThat(Invocation.of("ip", "-br", "link").succeed()).isEqualTo(links);
  }
}
