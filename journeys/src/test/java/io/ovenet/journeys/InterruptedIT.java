package io.ovenet.journeys;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SortedSet;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Commands that make things on the machine, ended while they do: nothing of it is left. INT goes to
 * all of a command's processes, as a terminal's Ctrl-C does, TERM to the command alone.
 */
class InterruptedIT {
  @TempDir Path directory;

  @ParameterizedTest
  @CsvSource({
    "lab up, INT, making the underlay",
    "lab up, TERM, starting the agent",
    "lab up, INT, waiting for the agents",
    "demo, INT, starting the API",
    "demo, INT, applying",
    "bench program, INT, filling half",
    "bench program, TERM, new connections",
    "bench path --seconds 0.01, INT, starting a lab",
    "bench path --seconds 0.01, TERM, round 0",
  })
  void leavesNothing(String command, String signal, String moment) throws Exception {
    SortedSet<String> before = Traces.withBenchmarks(directory);
    List<String> words = new ArrayList<>(List.of("setsid", "env", "--default-signal=INT"));
    ProcessBuilder builder = new Ovenet(directory).prepare(command.split(" ", -1));
    words.addAll(builder.command());
    builder.command(words).redirectErrorStream(true);
    Path temporary = Files.createDirectory(directory.resolve("t"));
    builder.environment().put("JAVA_TOOL_OPTIONS", "-Djava.io.tmpdir=" + temporary);
    Process process = builder.start();
    process.getOutputStream().close();
    StringBuilder said = new StringBuilder();
    boolean sent = false;
    try (BufferedReader lines = process.inputReader()) {
      for (String line = lines.readLine(); line != null; line = lines.readLine()) {
        said.append(line).append('\n');
        if (!sent && line.contains(moment)) {
          send(signal, process.pid());
          sent = true;
        }
      }
    }
    assertThat(sent).as("it came to \"%s\":%n%s", moment, said).isTrue();
    assertThat(process.waitFor(2, TimeUnit.MINUTES)).as(said.toString()).isTrue();
    assertThat(process.exitValue()).as(said.toString()).isNotZero();
    Files.delete(temporary); // empty, or this fails
    assertThat(Traces.withBenchmarks(directory)).as(said.toString()).isEqualTo(before);
  }

  private static void send(String signal, long pid) throws Exception {
    String target = signal.equals("INT") ? "-" + pid : Long.toString(pid);
    assertThat(new ProcessBuilder("kill", "-s", signal, "--", target).start().waitFor()).isZero();
  }
}
