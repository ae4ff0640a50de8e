package io.ovenet.flow;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.ovenet.api.flow.FlowFilter;
import io.ovenet.api.flow.Verdict;
import io.ovenet.metrics.MetricsText;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.regex.Pattern;
import java.util.zip.GZIPInputStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Flows on their way into files: filtered, turned, compressed, and where the disk is full. */
@Timeout(120)
final class FlowExportersTest {
  private static final FlowFilter DROPPED =
      FlowFilter.newBuilder().addVerdict(Verdict.DROPPED).build();

  @TempDir Path directory = Path.of("");
  private final FlowRing ring = new FlowRing(4095);
  private final FlowExporters exporters =
      new FlowExporters(ring, Flows.UUIDS, "default/node1", () -> Flows.BOOT);

  @AfterEach
  void stop() {
    exporters.close();
  }

  private FlowLogConfig config(String name, Path path, long maxBytes, boolean compress) {
    return new FlowLogConfig(
        name,
        path.toString(),
        List.of(),
        List.of(),
        Duration.ZERO,
        List.of(),
        List.of(),
        maxBytes,
        3,
        compress,
        Long.MAX_VALUE);
  }

  /** Flow i has source port i; each third is a drop. */
  private void write(int count) {
    for (int i = 0; i < count; i++) {
      int n = (int) ring.next();
      Event event = (n % 3 == 0 ? Flows.drop() : Flows.trace()).ports(n, 80);
      ring.write(Flows.record(event.time(n + 1L), n));
    }
    ring.wake();
  }

  private static void until(Callable<Boolean> condition) throws Exception {
    long deadline = System.nanoTime() + Duration.ofSeconds(60).toNanos();
    while (!condition.call()) {
      assertThat(System.nanoTime()).as("in time").isLessThan(deadline);
      Thread.sleep(20);
    }
  }

  private double metric(String name) {
    var text = new MetricsText(false);
    exporters.write(text);
    return text.finish()
        .lines()
        .filter(line -> line.startsWith(name))
        .mapToDouble(line -> Double.parseDouble(line.substring(line.lastIndexOf(' ') + 1)))
        .sum();
  }

  private static List<String> lines(Path file) throws IOException {
    try (var in = Files.newInputStream(file)) {
      byte[] bytes =
          file.toString().endsWith(".gz")
              ? new GZIPInputStream(in).readAllBytes()
              : in.readAllBytes();
      return new String(bytes, UTF_8).lines().toList();
    }
  }

  private List<Path> files() throws IOException {
    try (var all = Files.list(directory)) {
      return all.sorted().toList();
    }
  }

  @Test
  void whatTheFiltersLetThroughIsInTheFile() throws Exception {
    Path all = directory.resolve("all.log");
    Path some = directory.resolve("deep/some.log");
    write(5); // before: not exported
    exporters.set(
        List.of(
            config("all", all, 1 << 20, false),
            new FlowLogConfig(
                "some",
                some.toString(),
                List.of("verdict", "l4.TCP.source_port"),
                List.of(),
                Duration.ZERO,
                List.of(DROPPED),
                List.of(FlowFilter.newBuilder().addSourcePort("6").build()),
                1 << 20,
                3,
                false,
                Long.MAX_VALUE)));
    until(() -> metric("hubble_dynamic_exporter_up") == 2);
    write(9);
    until(() -> metric("ovenet_exported_flows_total{name=\"all\"}") >= 9);
    until(() -> metric("ovenet_exported_flows_total{name=\"some\"}") >= 2);
    assertThat(lines(all))
        .hasSize(9)
        .allSatisfy(line -> assertThat(line).startsWith("{\"flow\":{"));
    assertThat(lines(all).get(0)).contains("\"source_port\":5,").contains("\"node_name\":");
    assertThat(lines(some))
        .hasSize(2)
        .first()
        .asString()
        .startsWith(
            "{\"flow\":{\"verdict\":\"DROPPED\",\"l4\":{\"TCP\":{\"source_port\":9}}},"
                + "\"node_name\":\"default/node1\"");
    exporters.set(List.of(config("all", all, 1 << 20, false)));
    assertThat(metric("hubble_dynamic_exporter_up{name=\"some\"}")).isZero();
    write(1);
    until(() -> metric("ovenet_exported_flows_total{name=\"all\"}") >= 10);
    assertThat(metric("ovenet_exported_flows_total{name=\"some\"}")).as("stays").isEqualTo(2);
  }

  @Test
  void aWrongFilterChangesNothing() {
    exporters.set(List.of(config("good", directory.resolve("good.log"), 1 << 20, false)));
    var bad =
        new FlowLogConfig(
            "bad",
            directory.resolve("bad.log").toString(),
            List.of("no.such.field"),
            List.of(),
            Duration.ZERO,
            List.of(),
            List.of(),
            1,
            1,
            false,
            Long.MAX_VALUE);
    assertThatThrownBy(() -> exporters.set(List.of(bad)))
        .hasMessageContaining("bad")
        .hasMessageContaining("no.such.field");
    assertThat(metric("hubble_dynamic_exporter_up{name=\"good\"}")).isEqualTo(1);
  }

  @Test
  void filesAreTurnedCompressedAndBounded() throws Exception {
    try (var file = new RotatedFile(directory.resolve("flows.log"), 1000, 3, true)) {
      for (int i = 0; i < 100; i++) {
        byte[] line = "line %04d %s\n".formatted(i, "x".repeat(90)).getBytes(UTF_8);
        file.write(line, line.length);
      }
    }
    List<Path> files = files();
    assertThat(files).hasSize(4);
    assertThat(files.getLast()).hasFileName("flows.log");
    var all = new ArrayList<String>();
    for (Path file : files) {
      assertThat(lines(file)).hasSizeLessThanOrEqualTo(9);
      all.addAll(lines(file));
    }
    assertThat(files.subList(0, 3)).allSatisfy(f -> assertThat(f.toString()).endsWith(".log.gz"));
    assertThat(all).isSorted();
    assertThat(all.getLast()).startsWith("line 0099");
    try (var again = new RotatedFile(directory.resolve("flows.log"), 1000, 3, true)) {
      again.write("more\n".getBytes(UTF_8), 5);
    }
    assertThat(lines(directory.resolve("flows.log"))).as("goes on").hasSizeGreaterThan(1);
  }

  @Test
  void whatAKilledWriterWasCompressingIsCleanedUp() throws Exception {
    Path part = directory.resolve("flows-2026-01-02T03-04-05.678.log.part");
    Files.writeString(part, "half");
    Path others = Files.writeString(directory.resolve("flows-of-others.log.part"), "kept");
    try (var file = new RotatedFile(directory.resolve("flows.log"), 1000, 3, true)) {
      for (int i = 0; i < 2; i++) {
        file.write(("x".repeat(899) + "\n").getBytes(UTF_8), 900);
      }
    }
    assertThat(part).doesNotExist();
    assertThat(others).exists();
  }

  /** /dev/full takes nothing, as a full disk does (null(4)). */
  @Test
  void whatAKilledWriterLeftOfALineIsTakenAway() throws Exception {
    Path file = directory.resolve("torn.log");
    Files.writeString(file, "{\"flow\":{}}\n{\"flow\":{\"time\":\"20");
    exporters.set(List.of(config("torn", file, 1 << 20, false)));
    until(() -> metric("hubble_dynamic_exporter_up") == 1);
    write(2);
    until(() -> metric("ovenet_exported_flows_total") == 2);
    assertThat(lines(file)).hasSize(3).allSatisfy(line -> assertThat(line).endsWith("}"));
    assertThat(lines(file).getFirst()).as("whole ones stay").isEqualTo("{\"flow\":{}}");
  }

  @Test
  void aFullDiskIsCountedAndHurtsNobodyElse() throws Exception {
    Path full = directory.resolve("full.log");
    Files.createSymbolicLink(full, Path.of("/dev/full"));
    Path good = directory.resolve("good.log");
    exporters.set(
        List.of(config("full", full, 1 << 20, false), config("good", good, 1 << 20, false)));
    until(() -> metric("hubble_dynamic_exporter_up") == 2);
    write(30);
    until(() -> metric("ovenet_export_lost_flows_total{name=\"full\"}") >= 30);
    until(() -> metric("ovenet_exported_flows_total{name=\"good\"}") >= 30);
    assertThat(metric("ovenet_export_lost_flows_total{name=\"good\"}")).isZero();
    assertThat(lines(good)).hasSize(30);
    Files.delete(full); // room again
    write(3);
    until(
        () -> {
          write(1);
          return metric("ovenet_exported_flows_total{name=\"full\"}") > 0;
        });
    assertThat(lines(full)).allSatisfy(line -> assertThat(line).endsWith("}"));
  }

  @Test
  void anExportEndsWhenItIsToldTo() throws Exception {
    Path file = directory.resolve("until.log");
    exporters.set(
        List.of(
            new FlowLogConfig(
                "until",
                file.toString(),
                List.of(),
                List.of(),
                Duration.ZERO,
                List.of(),
                List.of(),
                1 << 20,
                3,
                false,
                Flows.BOOT + 5)));
    until(() -> metric("hubble_dynamic_exporter_up") == 1);
    write(10);
    until(() -> metric("hubble_dynamic_exporter_up") == 0);
    assertThat(lines(file)).hasSize(5);
  }

  private static FlowLogConfig alike(String field, Path file, Duration interval, long end) {
    return new FlowLogConfig(
        "alike",
        file.toString(),
        List.of("verdict", field),
        List.of("verdict", field),
        interval,
        List.of(),
        List.of(),
        64 << 20,
        3,
        false,
        end);
  }

  /** Sixteen flows of two kinds: one line for each, as their first said it, with all counted. */
  @Test
  void flowsThatAreAlikeAreOneLine() throws Exception {
    Path file = directory.resolve("alike.log");
    exporters.set(
        List.of(alike("l4.TCP.destination_port", file, Duration.ofHours(1), Flows.BOOT + 16)));
    until(() -> metric("hubble_dynamic_exporter_up") == 1);
    write(17);
    until(() -> metric("hubble_dynamic_exporter_up") == 0);
    assertThat(lines(file)).hasSize(2);
    assertThat(lines(file).get(0))
        .contains("\"verdict\":\"DROPPED\"", "\"destination_port\":80")
        .doesNotContain("source_port");
    assertThat(lines(file).get(1)).contains("\"verdict\":\"FORWARDED\"");
    assertThat(counted(lines(file).get(0))).isEqualTo(6);
    assertThat(counted(lines(file).get(1))).isEqualTo(10);
  }

  private static int counted(String line) {
    var count = Pattern.compile("_flow_count\":(\\d+)").matcher(line);
    int sum = 0;
    while (count.find()) {
      sum += Integer.parseInt(count.group(1));
    }
    return sum;
  }

  @Test
  void eachIntervalHasLinesOfItsOwn() throws Exception {
    Path file = directory.resolve("often.log");
    exporters.set(
        List.of(alike("l4.TCP.destination_port", file, Duration.ofMillis(1), Long.MAX_VALUE)));
    until(() -> metric("hubble_dynamic_exporter_up") == 1);
    write(1);
    until(() -> metric("ovenet_exported_flows_total") == 1);
    write(3);
    until(() -> lines(file).stream().mapToInt(FlowExportersTest::counted).sum() == 4);
    assertThat(lines(file)).hasSizeGreaterThan(2);
  }

  /** So many kinds that they are not kept any longer, and nothing of them is lost. */
  @Test
  void manyKindsAreWrittenBeforeTheirTime() throws Exception {
    Path file = directory.resolve("many.log");
    var large = new FlowRing(32_767);
    try (var many = new FlowExporters(large, Flows.UUIDS, "default/node1", () -> Flows.BOOT)) {
      many.set(List.of(alike("l4", file, Duration.ofHours(1), Long.MAX_VALUE)));
      for (int n = 0; n < FlowAggregate.MOST; n++) {
        large.write(Flows.record(Flows.trace().ports(n, 80).time(n + 1L), n));
      }
      large.wake();
      until(() -> file.toFile().exists() && lines(file).size() == FlowAggregate.MOST);
      assertThat(lines(file)).noneMatch(line -> line.contains("lost"));
    }
  }
}
