package io.ovenet.agent;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.ovenet.api.flow.FlowFilter;
import io.ovenet.flow.FlowExporters;
import io.ovenet.flow.FlowLogConfig;
import io.ovenet.flow.FlowRing;
import io.ovenet.flow.FlowUuids;
import io.ovenet.metrics.MetricsText;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The flowlogs file, and the keys. */
final class FlowLogsTest {
  private static final String FILE =
      """
      flowLogs:
      - name: drops
        filePath: /var/log/drops.log
        fieldMask: [source.namespace, verdict]
        fieldAggregate: [source, destination]
        aggregationInterval: 1m30s
        includeFilters:
        - source_pod: ["default/"]
          event_type: [{type: 1}]
        - verdict: [DROPPED]
        excludeFilters:
        - destination_pod: ["ingress/"]
        fileMaxSizeMb: 2
        fileMaxBackups: 7
        fileCompress: true
        end: "2023-10-09T23:59:59-07:00"
      - name: all
        filePath: stdout
        fieldAggregate: [source]
        somethingNew: 1
      """;

  @TempDir Path directory = Path.of("");

  @Test
  void asUpstreamsFileSaysIt() {
    FlowLogs logs = FlowLogs.parse(FILE);
    assertThat(logs.configs())
        .containsExactly(
            new FlowLogConfig(
                "drops",
                "/var/log/drops.log",
                List.of("source.namespace", "verdict"),
                List.of("source", "destination"),
                Duration.ofSeconds(90),
                List.of(
                    FlowFilter.newBuilder()
                        .addSourcePod("default/")
                        .addEventType(io.ovenet.api.flow.EventTypeFilter.newBuilder().setType(1))
                        .build(),
                    FlowFilter.newBuilder().addVerdict(io.ovenet.api.flow.Verdict.DROPPED).build()),
                List.of(FlowFilter.newBuilder().addDestinationPod("ingress/").build()),
                2 << 20,
                7,
                true,
                1_696_921_199_000_000_000L),
            new FlowLogConfig(
                "all",
                "stdout",
                List.of(),
                List.of(),
                Duration.ZERO,
                List.of(),
                List.of(),
                10 << 20,
                5,
                false,
                Long.MAX_VALUE));
    assertThat(logs.warnings())
        .hasSize(2)
        .anySatisfy(warning -> assertThat(warning).contains("flowLogs[1].fieldAggregate"))
        .anySatisfy(warning -> assertThat(warning).contains("flowLogs[1].somethingNew"));
    assertThat(FlowLogs.parse("").configs()).isEmpty();
    assertThat(FlowLogs.parse("flowLogs: []").configs()).isEmpty();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          - | the file
          flowLogs: 7 | flowLogs is no list
          flowLogs: [7] | flowLogs[0]
          flowLogs: [{filePath: x}] | flowLogs[0].name
          flowLogs: [{name: x}] | flowLogs[0].filePath
          flowLogs: [{name: x, filePath: y}, {name: x, filePath: z}] | flowLogs[1].name
          flowLogs: [{name: x, filePath: y}, {name: z, filePath: y}] | flowLogs[1].filePath
          flowLogs: [{name: x, filePath: y, fileMaxSizeMb: -1}] | fileMaxSizeMb
          flowLogs: [{name: x, filePath: y, fileCompress: maybe}] | fileCompress
          flowLogs: [{name: x, filePath: y, end: soon}] | flowLogs[0].end
          flowLogs: [{name: x, filePath: y, aggregationInterval: 5}] | flowLogs[0].aggregationInterval
          flowLogs: [{name: x, filePath: y, includeFilters: [{nonsense: 1}]}] | nonsense
          flowLogs: [ | no YAML
          """)
  void whatIsWrongIsNamed(String yaml, String named) {
    assertThatThrownBy(() -> FlowLogs.parse(yaml))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining(named);
  }

  @Test
  void filtersInTheKeys() {
    assertThat(
            FlowLogs.filtersOf(
                "k", " {\"source_pod\":[\"a}/\\\"\"]}\n{\"verdict\":[\"DROPPED\"]} "))
        .hasSize(2);
    assertThat(FlowLogs.filtersOf("k", "")).isEmpty();
    for (String wrong : List.of("x", "{", "{}}", "{\"nonsense\":1}", "[{}]")) {
      assertThatThrownBy(() -> FlowLogs.filtersOf("the-key", wrong))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("the-key");
    }
    assertThatThrownBy(
            () ->
                HubbleExport.Keys.take(
                    ConfigValues.read(
                        List.of("--hubble-export-file-path=/x", "--hubble-export-allowlist={"))))
        .isInstanceOf(ConfigException.class)
        .hasMessageContaining("hubble-export-allowlist");
  }

  private static String metrics(HubbleExport export) {
    var text = new MetricsText(false);
    export.write(text);
    return text.finish();
  }

  private static void shows(HubbleExport export, String line) throws InterruptedException {
    long deadline = System.nanoTime() + Duration.ofSeconds(60).toNanos();
    while (!metrics(export).contains(line)) {
      assertThat(System.nanoTime()).as(line).isLessThan(deadline);
      Thread.sleep(20);
    }
  }

  @Test
  @Timeout(240)
  void theFileIsReadAgainAsItChanges() throws Exception {
    Path file = directory.resolve("flowlogs.yaml");
    Files.writeString(file, one("first"));
    var keys =
        HubbleExport.Keys.take(
            ConfigValues.read(
                List.of(
                    "--hubble-export-file-path=" + directory.resolve("static.log"),
                    "--hubble-flowlogs-config-path=" + file)));
    var exporters =
        new FlowExporters(new FlowRing(63), new FlowUuids(), "default/n", System::nanoTime);
    try (var export = new HubbleExport(keys, exporters)) {
      shows(export, "hubble_dynamic_exporter_up{name=\"first\"} 1");
      shows(export, "hubble_dynamic_exporter_up{name=\"hubble-export-file-path\"} 1");
      Files.writeString(file, "flowLogs: [{name: first}]");
      shows(export, "ovenet_flowlogs_refused_total 1");
      shows(export, "hubble_dynamic_exporter_up{name=\"first\"} 1");
      Files.writeString(file, one("second"));
      shows(export, "hubble_dynamic_exporter_up{name=\"second\"} 1");
      shows(export, "hubble_dynamic_exporter_up{name=\"first\"} 0");
      shows(export, "hubble_dynamic_exporter_up{name=\"hubble-export-file-path\"} 1");
      Files.delete(file);
      shows(export, "ovenet_flowlogs_refused_total 2");
      shows(export, "hubble_dynamic_exporter_up{name=\"second\"} 1");
    }
  }

  private String one(String name) {
    return "flowLogs: [{name: " + name + ", filePath: " + directory.resolve(name + ".log") + "}]";
  }
}
