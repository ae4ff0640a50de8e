package io.ovenet.bench;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * The machine's last processor for this process, at the highest priority that isn't real-time, and
 * the others for those that are named. Given back when closed.
 */
final class Processors implements AutoCloseable {
  private static final Path AUTOGROUP = Path.of("/proc/self/autogroup");
  private static final Pattern NICE = Pattern.compile("nice (-?\\d+)");
  private static final int FIRST = -20;

  private final String last = Integer.toString(Runtime.getRuntime().availableProcessors() - 1);
  private final int groupNice;

  /** Takes the last processor. */
  Processors() throws IOException, InterruptedException {
    // The session's weight among sessions (sched_autogroup), in which nice counts only within.
    Matcher nice = NICE.matcher(Files.exists(AUTOGROUP) ? Files.readString(AUTOGROUP) : "");
    groupNice = nice.find() ? Integer.parseInt(nice.group(1)) : 0;
    set(last, FIRST, FIRST);
  }

  private static long self() {
    return ProcessHandle.current().pid();
  }

  /** Puts every thread of other processes on the other processors, where there are any. */
  void keepAway(Collection<Long> processes) throws IOException, InterruptedException {
    if (last.equals("0")) {
      Output.note("one processor only: both ends and who reads the flows share it");
      return;
    }
    for (long process : processes) {
      run("taskset", "-acp", "0-" + (Integer.parseInt(last) - 1), Long.toString(process));
    }
  }

  private void set(String processors, int nice, int group)
      throws IOException, InterruptedException {
    run("taskset", "-acp", processors, Long.toString(self()));
    if (Files.exists(AUTOGROUP)) {
      Files.writeString(AUTOGROUP, Integer.toString(group));
    }
    List<String> renice = new ArrayList<>(List.of("renice", "-n", Integer.toString(nice), "-p"));
    try (Stream<Path> threads = Files.list(Path.of("/proc/self/task"))) {
      threads.forEach(thread -> renice.add(thread.getFileName().toString()));
    }
    run(renice.toArray(String[]::new));
  }

  private static void run(String... command) throws IOException, InterruptedException {
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    byte[] said = process.getInputStream().readAllBytes();
    if (process.waitFor() != 0) {
      throw new IOException(
          String.join(" ", command) + ": " + new String(said, StandardCharsets.UTF_8).strip());
    }
  }

  @Override
  public void close() throws IOException {
    try {
      set("0-" + last, 0, groupNice);
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
    }
  }
}
