package io.ovenet.relay;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.lang.ProcessBuilder.Redirect;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The relay as a process. */
class MainTest {
  private static final Duration CEILING = Duration.ofMinutes(1);

  @TempDir Path directory;

  private Process relay(String... arguments) throws IOException {
    var command = new ArrayList<String>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(List.of("-cp", System.getProperty("java.class.path"), Main.class.getName()));
    command.addAll(List.of(arguments));
    return new ProcessBuilder(command)
        .redirectErrorStream(true)
        .redirectOutput(Redirect.to(directory.resolve("log").toFile()))
        .start();
  }

  private String log() throws IOException {
    return Files.readString(directory.resolve("log"));
  }

  /** By SIGTERM, as whoever runs it stops it. */
  @Test
  void leavesNothingWhenItIsStopped() throws IOException, InterruptedException {
    Path socket = directory.resolve("relay.sock");
    Process relay =
        relay(
            "--listen-address=",
            "--socket-path=" + socket,
            "--peer-service=unix://" + directory.resolve("nobody.sock"));
    try {
      Instant deadline = Instant.now().plus(CEILING);
      while (!log().contains("the relay listens") && Instant.now().isBefore(deadline)) {
        TimeUnit.MILLISECONDS.sleep(20);
      }
      assertThat(socket).as(log()).exists();
      relay.destroy();
      assertThat(relay.waitFor(CEILING.toSeconds(), TimeUnit.SECONDS)).as(log()).isTrue();
      assertThat(socket).doesNotExist();
    } finally {
      relay.destroyForcibly().waitFor();
    }
  }

  @Test
  void aWordThatItDoesNotKnowEndsItWithTwo() throws IOException, InterruptedException {
    Process relay = relay("--no-such-word=1");
    assertThat(relay.waitFor(CEILING.toSeconds(), TimeUnit.SECONDS)).isTrue();
    assertThat(relay.exitValue()).isEqualTo(2);
    assertThat(log()).contains("no-such-word").contains("--help");
  }
}
