package io.ovenet.journeys;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/** A `hubble observe --follow` whose flows are counted by their node as they come. */
final class FlowReader implements AutoCloseable {
  private final Process process;
  private final Map<String, Long> flows = new ConcurrentHashMap<>();

  /**
   * Starts it.
   *
   * @param errors where it tells what is no flow
   */
  FlowReader(Ovenet ovenet, Path errors) throws IOException {
    process =
        ovenet
            .prepare("hubble", "observe", "--follow", "-o", "json")
            .redirectError(errors.toFile())
            .start();
    Thread.ofPlatform().daemon().name("flows").start(this::read);
  }

  private void read() {
    try (BufferedReader lines = process.inputReader()) {
      for (String line = lines.readLine(); line != null; line = lines.readLine()) {
        for (String node : new String[] {"node-1", "node-2"}) {
          if (line.startsWith("{\"flow\"")
              && line.contains("\"node_name\":\"default/" + node + "\"")) {
            flows.merge(node, 1L, Long::sum);
          }
        }
      }
    } catch (IOException closed) {
      // The process has been ended.
    }
  }

  long of(String node) {
    return flows.getOrDefault(node, 0L);
  }

  boolean isAlive() {
    return process.isAlive();
  }

  /** Stops it where it stands, or lets it go on. */
  void signal(String name) throws Exception {
    Ovenet.run(java.util.List.of("kill", "-" + name, Long.toString(process.pid())), Map.of())
        .succeed();
  }

  @Override
  public void close() {
    process.destroyForcibly();
    process.onExit().join();
  }
}
