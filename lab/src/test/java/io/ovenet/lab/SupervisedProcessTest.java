package io.ovenet.lab;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SupervisedProcessTest {
  /** More than the pauses of a process that can't run would leave room for. */
  private static final int KILLS = 12;

  @TempDir private Path directory;

  private List<String> starts() {
    try {
      Path log = directory.resolve("log");
      return Files.exists(log) ? Files.readAllLines(log) : List.of();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Test
  void oneThatIsKilledIsStartedAgainEachTime() throws Exception {
    // As on a node: the program itself is a child of what was started, which tells how it ended.
    List<String> command =
        List.of(
            "sh", "-c", "exec 2>/dev/null; sh -c 'echo $$; exec sleep 100000'; kill -9 $$; exit 1");
    ProcessHandle last;
    try (SupervisedProcess _ =
        SupervisedProcess.start("sleeper", command, directory.resolve("log"))) {
      for (int kill = 1; kill <= KILLS; kill++) {
        int started = kill;
        Eventually.holds("start " + kill, () -> starts().size() == started);
        ProcessHandle.of(Long.parseLong(starts().getLast())).orElseThrow().destroyForcibly();
      }
      Eventually.holds("the last start", () -> starts().size() == KILLS + 1);
      last = ProcessHandle.of(Long.parseLong(starts().getLast())).orElseThrow();
    }
    Eventually.holds("gone once closed", () -> !last.isAlive());
    assertThat(starts()).hasSize(KILLS + 1).doesNotHaveDuplicates();
  }

  @Test
  void oneThatEndsByItselfIsStartedAgain() throws Exception {
    try (SupervisedProcess _ =
        SupervisedProcess.start(
            "failing", List.of("sh", "-c", "echo $$; exit 3"), directory.resolve("log"))) {
      Eventually.holds("three starts", () -> starts().size() >= 3);
    }
  }
}
