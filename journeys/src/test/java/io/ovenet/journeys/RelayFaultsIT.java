package io.ovenet.journeys;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/**
 * Followers of the relay over two nodes while one of them is flooded and its agent killed: the
 * other node's flows go on, the killed one's come again in the same stream, which is told that they
 * were away, a follower that stands still costs no other, and what is exported on the flooded node
 * are whole lines from before and after.
 */
class RelayFaultsIT {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final String AGENT = "io.ovenet.agent.Main";
  private static final String QUIET = "node-1";
  private static final String FLOODED = "node-2";

  private static void pod(RunningLab lab, String name, String node) {
    lab.apply(
        """
        apiVersion: v1
        kind: Pod
        metadata: {name: %s, namespace: default}
        spec:
          nodeName: %s
          containers:
          - {name: sleeper, image: busybox, command: ["sleep", "1000000"]}
        """
            .formatted(name, node));
  }

  private static Optional<ProcessHandle> agentOf(RunningLab lab, String node) {
    return lab.processes(AGENT).stream()
        .filter(process -> process.info().commandLine().orElse("").contains("--node-name " + node))
        .findFirst();
  }

  @Test
  void oneNodesTroublesAreNotTheOthers() throws Exception {
    try (RunningLab lab =
        RunningLab.up(
            "--nodes=2",
            "-c",
            "hubble-export-file-path=/var/run/cilium/flows.log",
            "-c",
            "hubble-export-fieldmask=verdict")) {
      for (String node : List.of(QUIET, FLOODED)) {
        pod(lab, "from-" + node, node);
        pod(lab, "to-" + node, node);
      }
      JsonNode quietly = lab.running("default", "from-" + QUIET);
      JsonNode to = lab.running("default", "to-" + QUIET);
      JsonNode flooding = lab.running("default", "from-" + FLOODED);
      JsonNode flooded = lab.running("default", "to-" + FLOODED);
      Path said = lab.file("said", "");
      try (FlowReader reader = new FlowReader(lab.ovenet(), said);
          FlowReader still = new FlowReader(lab.ovenet(), lab.file("still-said", ""));
          NumberedDatagrams quiet = new NumberedDatagrams(quietly, to, 7001);
          Flood flood = new Flood(flooding, flooded)) {
        Eventually.holds("flows of both", () -> reader.of(QUIET) > 0 && reader.of(FLOODED) > 1_000);
        Eventually.holds("the other reads, too", () -> still.of(FLOODED) > 0);
        still.signal("STOP");

        ProcessHandle agent = agentOf(lab, FLOODED).orElseThrow();
        Instant killed = Instant.now();
        assertThat(agent.destroyForcibly()).isTrue();
        Eventually.holds(
            "it is told that the node is away", () -> Files.readString(said).contains(FLOODED));
        long before = reader.of(QUIET);
        Eventually.holds("the other node's go on", () -> reader.of(QUIET) > before);
        Eventually.holds(
            "another agent is there",
            () -> agentOf(lab, FLOODED).map(ProcessHandle::pid).orElse(agent.pid()) != agent.pid());
        long again = reader.of(FLOODED);
        Eventually.holds("its flows come again", () -> reader.of(FLOODED) > again + 1_000);
        assertThat(reader.isAlive()).as("in the same stream").isTrue();
        assertThat(quiet.received()).isPositive();

        Path export =
            Path.of(lab.status().at("/nodes/1/hubbleSocket").asText()).resolveSibling("flows.log");
        Eventually.holds("it is exported again", () -> wholeLines(export, killed) > 1_000);
        long stood = still.of(FLOODED);
        still.signal("CONT");
        Eventually.holds("who stood still reads on", () -> still.of(FLOODED) > stood);
        assertThat(flood.sent()).isGreaterThan(1_000);
      }
    }
  }

  /** Each line of the export's files has to be whole; how many are younger than the moment. */
  private static long wholeLines(Path export, Instant moment) throws Exception {
    long younger = 0;
    boolean older = false;
    try (Stream<Path> files = Files.list(export.getParent())) {
      for (Path file :
          files.filter(each -> each.getFileName().toString().startsWith("flows")).toList()) {
        List<String> lines = Files.readAllLines(file);
        // The last line may be being written.
        for (String line : lines.subList(0, Math.max(0, lines.size() - 1))) {
          JsonNode told = parsed(file, line);
          Instant time = Instant.parse(told.path("time").asText());
          younger += time.isAfter(moment) ? 1 : 0;
          older |= time.isBefore(moment);
        }
      }
    }
    assertThat(older).as("what was written before is there").isTrue();
    return younger;
  }

  private static JsonNode parsed(Path file, String line) {
    try {
      return JSON.readTree(line);
    } catch (JsonProcessingException e) {
      throw new AssertionError(file + " has no whole line: " + line, e);
    }
  }
}
