package io.ovenet.cli.sysdump;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.ovenet.cli.node.NodeAgent;
import io.ovenet.kubernetes.Json;
import io.ovenet.kubernetes.JsonObject;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;
import java.util.zip.ZipOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SysdumpTest {
  @TempDir Path directory;

  /** An agent of which one list breaks off, or that isn't there at all. */
  private record BrokenAgent(String node, Path root, boolean there) implements NodeAgent {
    @Override
    public Path hubbleSocket() {
      return root.resolve("none.sock");
    }

    @Override
    public List<Path> logs() {
      return List.of(root.resolve("agent.log"));
    }

    @Override
    public JsonObject ask(String name, Map<String, ?> arguments) throws IOException {
      if (!there) {
        throw new IOException("nobody listens");
      }
      return Json.parse("{\"problems\":[\"one\"]}".getBytes(StandardCharsets.UTF_8));
    }

    @Override
    public long list(String name, Entry each) throws IOException {
      each.take(Json.parse("{\"a\":1}".getBytes(StandardCharsets.UTF_8)));
      if (name.equals("list-ct")) {
        throw new IOException("breaks off");
      }
      return 1;
    }
  }

  private Path dump(NodeAgent... agents) throws IOException {
    var file = directory.resolve("d.zip");
    Files.writeString(directory.resolve("agent.log"), "something happened\n");
    try (var dump =
        new Sysdump(Files.newOutputStream(file), new PrintWriter(Writer.nullWriter()))) {
      for (var agent : agents) {
        dump.node(agent);
      }
      assertThat(dump.failures()).isPositive();
    }
    return file;
  }

  private static String text(Path file, String entry) throws IOException {
    try (var zip = new ZipFile(file.toFile())) {
      var found = zip.getEntry(entry);
      assertThat(found).as("%s in %s", entry, Collections.list(zip.entries())).isNotNull();
      return new String(zip.getInputStream(found).readAllBytes(), StandardCharsets.UTF_8);
    }
  }

  @Test
  void whatBreaksOffIsSaidAndHoldsUpNothingElse() throws IOException {
    var file = dump(new BrokenAgent("n1", directory, true));
    assertThat(text(file, "nodes/n1/status.json")).isEqualTo("{\"problems\":[\"one\"]}");
    assertThat(text(file, "nodes/n1/list-nat.jsonl")).isEqualTo("{\"a\":1}\n{\"entries\":1}\n");
    assertThat(text(file, "nodes/n1/list-ct.jsonl")).isEqualTo("{\"a\":1}\n");
    assertThat(text(file, "nodes/n1/logs/agent.log")).isEqualTo("something happened\n");
    assertThat(text(file, "nodes/n1/failures.txt"))
        .contains("nodes/n1/list-ct.jsonl: breaks off")
        .contains("nodes/n1/drops.jsonl: Hubble: ");
  }

  @Test
  void anAgentThatIsNotThereIsSaidAndItsLogKept() throws IOException {
    var file =
        dump(new BrokenAgent("n1", directory, false), new BrokenAgent("n2", directory, true));
    assertThat(text(file, "nodes/n1/failures.txt"))
        .contains("status: nobody listens")
        .contains("the kernel's maps: ");
    assertThat(text(file, "nodes/n1/logs/agent.log")).isEqualTo("something happened\n");
    assertThat(text(file, "nodes/n2/status.json")).contains("one");
  }

  @Test
  void policiesAndPodsAreReadFromIt() throws IOException {
    var file = directory.resolve("c.zip");
    try (var zip = new ZipOutputStream(Files.newOutputStream(file))) {
      zip.putNextEntry(new ZipEntry("config.json"));
      zip.write("{\"cluster-name\":\"east\"}".getBytes(StandardCharsets.UTF_8));
      zip.putNextEntry(new ZipEntry("objects/pods.jsonl"));
      zip.write(
          ("{\"kind\":\"Pod\",\"metadata\":{\"name\":\"a\",\"namespace\":\"s\"},\"spec\":{},"
                  + "\"status\":{\"podIP\":\"10.0.0.1\"}}\n")
              .getBytes(StandardCharsets.UTF_8));
    }
    var state = DumpedCluster.read(file);
    assertThat(state.settings().cluster()).isEqualTo("east");
    assertThat(state.workloads()).hasSize(1);
  }

  @Test
  void anotherFileIsNoDump() throws IOException {
    var file = directory.resolve("x.zip");
    Files.writeString(file, "not a zip");
    assertThatThrownBy(() -> DumpedCluster.read(file))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("name what `ovenet sysdump` wrote");
  }
}
