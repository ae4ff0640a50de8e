package io.ovenet.lab;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayOutputStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

/** What people type, and what they are told. */
class CommandsTest {
  @TempDir private Path directory;

  @Test
  void withoutALabTheErrorNamesTheRemedy() {
    StringWriter errors = new StringWriter();
    CommandLine commands = Main.commandLine().setErr(new PrintWriter(errors, true));
    assertThat(commands.execute("status", "--state-dir", directory.toString())).isNotZero();
    assertThat(errors.toString()).contains("ovenet lab up").hasLineCount(1);
  }

  @Test
  void downWithoutALabIsDone() {
    assertThat(Main.commandLine().execute("down", "--state-dir", directory.toString())).isZero();
    assertThat(directory.resolve("run")).doesNotExist();
  }

  @Test
  void aProcessThatIsGoneIsNoLab() throws Exception {
    LabDirectory lab = LabDirectory.of(directory, null);
    // The process id is this one's, but it began at another time.
    new LabLease(lab.name(), ProcessHandle.current().pid(), 1).write(lab);
    assertThat(LabLease.read(lab).orElseThrow().isAlive()).isFalse();
    LabLease.ofThisProcess(lab.name()).write(lab);
    assertThat(LabLease.read(lab).orElseThrow().isAlive()).isTrue();
  }

  @Test
  void labsSideBySideHaveNamesOfTheirOwn() {
    assertThat(LabDirectory.of(Path.of("/tmp/My_Lab.1"), null).name()).isEqualTo("my-lab-1");
    assertThat(LabDirectory.of(Path.of("/tmp/x"), "other").name()).isEqualTo("other");
    assertThatThrownBy(() -> LabDirectory.of(Path.of("/tmp/x"), "../../other"))
        .hasMessageContaining("no name");
  }

  @Test
  void aPodIsFoundByItsNameIfOnlyOneHasIt() throws Exception {
    List<LabStatus.Pod> pods = List.of(pod("a", "web"), pod("b", "web"), pod("b", "db"));
    LabStatus status =
        new LabStatus("lab", "ready", 1, List.of(), null, null, null, List.of(), pods, List.of());
    assertThat(Lookup.pod(status, "db").namespace()).isEqualTo("b");
    assertThat(Lookup.pod(status, "a/web").namespace()).isEqualTo("a");
    assertThatThrownBy(() -> Lookup.pod(status, "web")).hasMessageContaining("namespace/web");
    assertThatThrownBy(() -> Lookup.pod(status, "a/db")).hasMessageContaining("b/db");
  }

  private static LabStatus.Pod pod(String namespace, String name) {
    return new LabStatus.Pod(namespace, name, null, null, null, "Running", 1, "", "", null);
  }

  @Test
  void theStatusFileSurvivesARoundTrip() throws Exception {
    LabStatus status =
        new LabStatus(
            "lab",
            "ready",
            1,
            List.of("x"),
            null,
            new LabStatus.Api("/k", 7, null),
            new LabStatus.Outside(8, "192.0.2.1"),
            List.of(),
            List.of(pod("a", "b")),
            List.of());
    Path file = directory.resolve("status.json");
    status.write(file);
    assertThat(LabStatus.read(file)).contains(status);
    assertThat(LabStatus.read(directory.resolve("none"))).isEmpty();
  }

  @Test
  void aGuestsCommandKeepsItsWords() throws Exception {
    List<String> words = List.of("printf", "%s|", "it's", "two words", "$HOME", "", "a\nb");
    String script =
        new String(Base64.getDecoder().decode(GuestCommands.encode(words)), StandardCharsets.UTF_8);
    assertThat(Invocation.of("/bin/sh", "-c", script).succeed())
        .isEqualTo("it's|two words|$HOME||a\nb|");
  }

  @Test
  void referencesInACommandAreReplaced() {
    Map<String, String> environment = Map.of("POD_IP", "10.0.0.1");
    assertThat(ContainerSpec.expand("--ip=$(POD_IP) $(OTHER) $$(POD_IP) $5", environment))
        .isEqualTo("--ip=10.0.0.1 $(OTHER) $(POD_IP) $5");
  }

  @Test
  void aFileThatGrowsIsReadToItsEnd() throws Exception {
    Path file = directory.resolve("log");
    AtomicInteger looks = new AtomicInteger();
    ByteArrayOutputStream read = new ByteArrayOutputStream();
    try (FileFollower follower =
        new FileFollower(
            file,
            2,
            () -> {
              if (looks.incrementAndGet() > 3) {
                return false;
              }
              try {
                Files.writeString(
                    file, "line\n", StandardOpenOption.CREATE, StandardOpenOption.APPEND);
              } catch (java.io.IOException e) {
                throw new java.io.UncheckedIOException(e);
              }
              return looks.get() < 3;
            })) {
      follower.drain(read::writeBytes);
    }
    assertThat(read.toString(StandardCharsets.UTF_8)).isEqualTo("ne\nline\nline\n");
    assertThat(PodLogFiles.startOfTail(file, 2)).isEqualTo(5);
    assertThat(PodLogFiles.startOfTail(file, 9)).isZero();
    assertThat(PodLogFiles.startOfTail(file, 0)).isEqualTo(15);
  }

  @Test
  void aProgramThatTakesTooLongIsKilledWithItsChildren() {
    assertThatThrownBy(
            () ->
                Invocation.of("/bin/sh", "-c", "sleep 1000; true")
                    .limit(java.time.Duration.ofMillis(100))
                    .run())
        .hasMessageContaining("longer");
  }
}
