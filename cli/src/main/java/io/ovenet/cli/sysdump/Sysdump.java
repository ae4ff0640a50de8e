package io.ovenet.cli.sysdump;

import io.ovenet.bpf.BpfException;
import io.ovenet.bpf.BpfMap;
import io.ovenet.cli.hubble.HubbleCommand;
import io.ovenet.cli.node.NodeAgent;
import io.ovenet.kubernetes.Json;
import io.ovenet.kubernetes.JsonObject;
import io.ovenet.kubernetes.KubernetesApi;
import io.ovenet.kubernetes.RecordKind;
import io.ovenet.kubernetes.world.LiveCluster;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import picocli.CommandLine;

/**
 * Writes the archive. What can't be had is said in it, in {@code failures.txt} of the node or of
 * the whole, and holds up nothing else. Of a node whose agent doesn't answer the kernel's maps are
 * kept as they are: they decide without it.
 */
final class Sysdump implements AutoCloseable {
  private static final List<String> QUESTIONS = List.of("status", "services", "endpoints");

  private static final List<String> LISTS =
      List.of(
          "list-endpoint",
          "list-ct",
          "list-nat",
          "list-ipcache",
          "list-ipcache-kernel",
          "list-node",
          "list-route",
          "list-route-kernel",
          "list-service-kernel");

  private static final List<RecordKind<?>> KINDS =
      List.of(
          RecordKind.NODES,
          RecordKind.NAMESPACES,
          RecordKind.PODS,
          RecordKind.SERVICES,
          RecordKind.ENDPOINT_SLICES,
          RecordKind.NETWORK_POLICIES,
          RecordKind.CILIUM_NETWORK_POLICIES,
          RecordKind.CILIUM_CLUSTERWIDE_NETWORK_POLICIES,
          RecordKind.CILIUM_CIDR_GROUPS,
          RecordKind.CILIUM_NODES,
          RecordKind.CILIUM_IDENTITIES,
          RecordKind.CILIUM_ENDPOINTS,
          RecordKind.CILIUM_ENDPOINT_SLICES,
          RecordKind.LOAD_BALANCER_POOLS,
          RecordKind.L2_ANNOUNCEMENT_POLICIES,
          RecordKind.LOCAL_REDIRECT_POLICIES);

  /** Of a log its end, where what went wrong stands. */
  private static final long LONGEST_LOG = 16L << 20;

  private final ZipOutputStream zip;
  private final PrintWriter progress;
  private final List<String> failures = new ArrayList<>();
  private int failed;

  /**
   * Begins an archive.
   *
   * @param progress told what is being done, a line each
   */
  Sysdump(OutputStream to, PrintWriter progress) {
    zip = new ZipOutputStream(to);
    this.progress = progress;
  }

  /** How much could not be had. */
  int failures() {
    return failed;
  }

  private interface Content {
    void write(OutputStream to) throws IOException;
  }

  /** Writes an entry; one that can't be had ends where it failed. */
  private void put(String name, Content content) throws IOException {
    zip.putNextEntry(new ZipEntry(name));
    try {
      content.write(zip);
    } catch (IOException | BpfException | Json.JsonException e) {
      fail(name, e);
    } finally {
      zip.closeEntry();
    }
  }

  private void fail(String what, Exception why) {
    failures.add(what + ": " + why.getMessage());
    failed++;
  }

  private static void line(OutputStream to, Map<String, ?> object) throws IOException {
    to.write(Json.write(object));
    to.write('\n');
  }

  /** What a node's agent answers, and its log if that is here. */
  void node(NodeAgent agent) throws IOException {
    String name = agent.node().isEmpty() ? "this-node" : agent.node();
    String place = "nodes/" + name + "/";
    progress.println("· node " + name);
    progress.flush();
    boolean answers = true;
    for (String question : QUESTIONS) {
      try {
        JsonObject answer = agent.ask(question, Map.of());
        put(place + question + ".json", to -> to.write(Json.write(answer.fields())));
      } catch (IOException e) {
        fail(question, e);
        if (question.equals("status")) {
          answers = false;
          break;
        }
      }
    }
    if (answers) {
      for (String list : LISTS) {
        put(
            place + list + ".jsonl",
            to -> {
              long entries = agent.list(list, entry -> line(to, entry.fields()));
              line(to, Map.of("entries", entries));
            });
      }
      put(place + "drops.jsonl", to -> drops(agent, to));
    } else {
      progress.println("  its agent does not answer; the kernel's maps are kept as they are");
      maps(agent.root().resolve("sys/fs/bpf/ovenet/maps"), place + "maps/");
    }
    for (Path log : agent.logs()) {
      put(place + "logs/" + log.getFileName(), to -> copyEnd(log, to));
    }
    tellFailures(place);
  }

  /** The last dropped flows that Hubble has of the node. */
  private static void drops(NodeAgent agent, OutputStream to) throws IOException {
    var out = new PrintWriter(to, false, StandardCharsets.UTF_8);
    var errors = new StringWriter();
    int code =
        new CommandLine(new HubbleCommand())
            .setCaseInsensitiveEnumValuesAllowed(true)
            .setOut(out)
            .setErr(new PrintWriter(errors, true))
            .execute(
                "observe",
                "--server",
                "unix://" + agent.hubbleSocket(),
                "--verdict",
                "DROPPED",
                "--last",
                "1000",
                "-o",
                "jsonpb");
    out.flush();
    if (code != 0) {
      throw new IOException("Hubble: " + errors.toString().strip());
    }
  }

  private void maps(Path pins, String place) throws IOException {
    List<Path> files;
    try (var all = Files.list(pins)) {
      files = all.sorted().toList();
    } catch (IOException e) {
      fail("the kernel's maps", e);
      return;
    }
    for (Path pin : files) {
      put(
          place + pin.getFileName() + ".jsonl",
          to -> {
            try (BpfMap map = BpfMap.openPinned(pin)) {
              if (map.keySize() == 0) {
                line(to, Map.of("note", "a ring: what is in it is read once, by the agent"));
                return;
              }
              map.forEach((key, value) -> entry(to, key, value));
            } catch (UncheckedIOException e) {
              throw e.getCause();
            }
          });
    }
  }

  private static void entry(OutputStream to, MemorySegment key, MemorySegment value) {
    var hex = HexFormat.of();
    try {
      line(
          to,
          Map.of(
              "key",
              hex.formatHex(key.toArray(ValueLayout.JAVA_BYTE)),
              "value",
              hex.formatHex(value.toArray(ValueLayout.JAVA_BYTE))));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static void copyEnd(Path log, OutputStream to) throws IOException {
    try (var in = Files.newInputStream(log)) {
      in.skipNBytes(Math.max(0, Files.size(log) - LONGEST_LOG));
      in.transferTo(to);
    }
  }

  /** The API's objects, without what may be secret. Secrets themselves are never asked for. */
  void cluster(KubernetesApi api) throws IOException {
    progress.println("· objects of the cluster");
    progress.flush();
    put(
        DumpedCluster.CONFIG,
        to -> to.write(Json.write(Redaction.of(LiveCluster.configuration(api)))));
    for (RecordKind<?> kind : KINDS) {
      put(
          DumpedCluster.OBJECTS + kind.plural() + ".jsonl",
          to -> {
            try {
              LiveCluster.forEach(
                  api,
                  kind,
                  object -> {
                    try {
                      line(to, Redaction.of(object));
                    } catch (IOException e) {
                      throw new UncheckedIOException(e);
                    }
                  });
            } catch (UncheckedIOException e) {
              throw e.getCause();
            }
          });
    }
    tellFailures("");
  }

  /** What is known of the machine that the archive is made on. */
  void machine(String text) throws IOException {
    put("machine.txt", to -> to.write(text.getBytes(StandardCharsets.UTF_8)));
  }

  /** That there is no cluster to be asked. */
  void withoutCluster(IOException why) throws IOException {
    fail("objects of the cluster", why);
    tellFailures("");
  }

  private void tellFailures(String place) throws IOException {
    if (failures.isEmpty()) {
      return;
    }
    String text = String.join("\n", failures) + "\n";
    failures.clear();
    put(place + "failures.txt", to -> to.write(text.getBytes(StandardCharsets.UTF_8)));
  }

  @Override
  public void close() throws IOException {
    zip.close();
  }
}
