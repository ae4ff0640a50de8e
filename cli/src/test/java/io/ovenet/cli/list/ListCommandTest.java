package io.ovenet.cli.list;

import static org.assertj.core.api.Assertions.assertThat;

import io.ovenet.kubernetes.Json;
import io.ovenet.kubernetes.JsonObject;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;
import picocli.CommandLine.Command;

class ListCommandTest {
  @Command
  private static final class Root {}

  private static final String CONNECTION =
      """
      {"protocol":"TCP","source":{"address":"10.0.0.2","port":4000,"namespace":"a","pod":"client"},\
      "destination":{"address":"10.0.1.2","port":8080,"namespace":"a",\
      "pod":"virt-launcher-db-x1","workload":"VirtualMachineInstance/db"},"verdict":"DENY",\
      "dropReason":"POLICY_DENY","state":"NEW","egressRules":[],\
      "ingressRules":["NetworkPolicy a/none"],"packets":1,"packetsBack":0,"ageSeconds":3.25,\
      "expiresInSeconds":-1}
      """;

  @TempDir Path directory;

  private Path dump(String node, String name, String... lines) throws IOException {
    var file = directory.resolve("dump.zip");
    try (var zip = new ZipOutputStream(Files.newOutputStream(file))) {
      zip.putNextEntry(new ZipEntry("nodes/" + node + "/" + name));
      for (String line : lines) {
        zip.write((line.strip() + "\n").getBytes(StandardCharsets.UTF_8));
      }
    }
    return file;
  }

  private record Answer(int code, String out, String err) {}

  private static Answer run(String... words) {
    var out = new StringWriter();
    var err = new StringWriter();
    var commands = new CommandLine(new Root());
    ListCommand.addTo(commands);
    int code =
        commands
            .setCaseInsensitiveEnumValuesAllowed(true)
            .setOut(new PrintWriter(out))
            .setErr(new PrintWriter(err))
            .execute(words);
    return new Answer(code, out.toString(), err.toString());
  }

  /** Cells are two blanks apart, and none has two in it. */
  private static List<List<String>> rows(Answer answer) {
    return answer.out().lines().map(line -> List.of(line.split(" {2,}", -1))).toList();
  }

  @Test
  void aConnectionIsARowOfNames() throws IOException {
    var dump = dump("node-1", "list-ct.jsonl", CONNECTION, "{\"entries\":1}");
    var answer = run("ct", "list", "-f", dump.toString());
    assertThat(answer.err()).isEmpty();
    assertThat(answer.code()).isZero();
    assertThat(rows(answer))
        .containsExactly(
            List.of(
                "NODE",
                "PROTOCOL",
                "SOURCE",
                "DESTINATION",
                "VERDICT",
                "STATE",
                "AGE",
                "EXPIRES",
                "PACKETS",
                "BY"),
            List.of(
                "node-1",
                "TCP",
                "a/client (10.0.0.2:4000)",
                "a/virt-launcher-db-x1 (10.0.1.2:8080)",
                "DENY (POLICY_DENY)",
                "NEW",
                "3.3s",
                "over",
                "1 / 0",
                "NetworkPolicy a/none"));
  }

  @Test
  void podsAndMachinesAreFoundAtEitherEnd() throws IOException {
    var dump = dump("node-1", "list-ct.jsonl", CONNECTION, "{\"entries\":1}").toString();
    for (String pod : List.of("a/cli", "client", "/client", "a/virt-launcher-db")) {
      assertThat(rows(run("ct", "list", "-f", dump, "--pod", pod))).hasSize(2);
    }
    for (String pod : List.of("b/client", "lient")) {
      assertThat(rows(run("ct", "list", "-f", dump, "--pod", pod))).hasSize(1);
    }
    assertThat(rows(run("ct", "list", "-f", dump, "--vm", "a/db"))).hasSize(2);
    assertThat(rows(run("ct", "list", "-f", dump, "--vm", "a/d"))).hasSize(1);
  }

  @Test
  void jsonIsALineEachWithTheNode() throws IOException {
    var dump = dump("node-1", "list-ct.jsonl", CONNECTION, "{\"entries\":1}").toString();
    var lines = run("ct", "list", "-o", "json", "-f", dump).out().lines().toList();
    assertThat(lines).hasSize(1);
    var entry = Json.parse(lines.getFirst().getBytes(StandardCharsets.UTF_8));
    assertThat(entry.string("node")).isEqualTo("node-1");
    assertThat(entry.object("source").string("pod")).isEqualTo("client");
  }

  @Test
  void aListThatIsNotWholeSaysSoAndFails() throws IOException {
    var cut = dump("node-1", "list-ct.jsonl", CONNECTION).toString();
    assertThat(run("ct", "list", "-f", cut))
        .satisfies(answer -> assertThat(rows(answer)).hasSize(2))
        .satisfies(answer -> assertThat(answer.err()).contains("ends after 1 entries"))
        .returns(1, Answer::code);
    var missing = dump("node-1", "list-ct.jsonl", CONNECTION, "{\"entries\":2}").toString();
    assertThat(run("ct", "list", "-f", missing).err()).contains("2 entries were sent, 1 came");
    var failed = dump("node-1", "list-ct.jsonl", "{\"error\":\"no such map\"}").toString();
    assertThat(run("ct", "list", "-f", failed).err()).contains("no such map");
    assertThat(run("nat", "list", "-f", failed).err()).contains("it keeps no list-nat.jsonl");
    assertThat(run("ct", "list", "--node", "node-2", "-f", cut).code()).isEqualTo(1);
  }

  @Test
  void namesCommandNoTerminal() throws IOException {
    var hostile = CONNECTION.replace("client", "cl\\u001b[2Jient");
    var dump = dump("node-1", "list-ct.jsonl", hostile, "{\"entries\":1}").toString();
    assertThat(run("ct", "list", "-f", dump).out())
        .contains("a/cl^[[2Jient")
        .doesNotContain("\u001b");
  }

  @Test
  void longListsAreWhole() throws IOException {
    var lines = new ArrayList<>(Collections.nCopies(1000, CONNECTION));
    lines.add("{\"entries\":1000}");
    var dump = dump("node-1", "list-ct.jsonl", lines.toArray(String[]::new)).toString();
    assertThat(rows(run("ct", "list", "-f", dump))).hasSize(1001);
  }

  @Test
  void everyListHasHelpAndAsksWhatAgentsOffer() {
    for (Listed each : Listed.values()) {
      var help = run(each.word(), "list", "--help");
      assertThat(help.code()).isZero();
      assertThat(help.out()).contains(each.description().substring(0, 20));
      assertThat(each.cells(JsonObject.EMPTY)).hasSameSizeAs(each.header());
    }
  }
}
