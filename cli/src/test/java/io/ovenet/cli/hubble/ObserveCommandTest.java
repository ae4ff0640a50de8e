package io.ovenet.cli.hubble;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.TextFormat;
import io.ovenet.api.flow.FlowFilter;
import io.ovenet.api.observer.GetFlowsRequest;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import picocli.CommandLine;

/** What each command line asks of the server. */
final class ObserveCommandTest {
  private static final Instant NOW = Instant.parse("2026-01-02T03:04:05Z");

  private static GetFlowsRequest request(String... arguments) {
    var command = new ObserveCommand();
    new CommandLine(command).parseArgs(arguments);
    return command.request(FlowPrinter.Form.JSON, NOW);
  }

  private static List<FlowFilter> filters(String... texts) throws TextFormat.ParseException {
    var filters = new ArrayList<FlowFilter>();
    for (String text : texts) {
      filters.add(TextFormat.parse(text, FlowFilter.class));
    }
    return filters;
  }

  @Test
  void theMissionsCommandLines() throws Exception {
    assertThat(request("--namespace", "app-web-prod").getWhitelistList())
        .isEqualTo(filters("source_pod: 'app-web-prod/'", "destination_pod: 'app-web-prod/'"));
    assertThat(request("--verdict", "DENIED").getWhitelistList())
        .isEqualTo(request("--verdict=denied").getWhitelistList())
        .isEqualTo(
            filters(
                "verdict: DROPPED drop_reason_desc: POLICY_DENIED drop_reason_desc: POLICY_DENY"
                    + " drop_reason_desc: AUTH_REQUIRED",
                "verdict: DROPPED event_type: {type: 129}"));
    assertThat(request("--pod", "vm-database-vm-xxx").getWhitelistList())
        .isEqualTo(
            filters(
                "source_pod: '/vm-database-vm-xxx' source_pod: '/virt-launcher-database-vm-xxx'",
                "source_pod: '/virt-launcher-database-vm-' source_workload: {name: 'database-vm'}",
                "destination_pod: '/vm-database-vm-xxx'"
                    + " destination_pod: '/virt-launcher-database-vm-xxx'",
                "destination_pod: '/virt-launcher-database-vm-'"
                    + " destination_workload: {name: 'database-vm'}"));
  }

  @Test
  void podsAndNamespaces() throws Exception {
    assertThat(request("--pod", "web").getWhitelistList())
        .isEqualTo(filters("source_pod: '/web'", "destination_pod: '/web'"));
    assertThat(request("--pod", "a/web").getWhitelistList())
        .isEqualTo(filters("source_pod: 'a/web'", "destination_pod: 'a/web'"));
    assertThat(request("-n", "a", "--pod", "web").getWhitelistList())
        .isEqualTo(filters("source_pod: 'a/web'", "destination_pod: 'a/web'"));
    assertThat(request("--from-namespace", "a", "--to-pod", "b/db").getWhitelistList())
        .isEqualTo(filters("source_pod: 'a/' destination_pod: 'b/db'"));
    assertThat(request("--namespace", "a", "--to-pod", "db").getWhitelistList())
        .isEqualTo(filters("source_pod: 'a/' destination_pod: '/db'", "destination_pod: 'a/db'"));
    assertThat(request("--vm", "a/db").getWhitelistList())
        .isEqualTo(
            filters(
                "source_pod: 'a/virt-launcher-db-' source_workload: {name: 'db'}",
                "destination_pod: 'a/virt-launcher-db-' destination_workload: {name: 'db'}"));
    assertThatThrownBy(() -> request("-n", "a", "--pod", "b/web"))
        .hasMessageContaining("another namespace");
    assertThatThrownBy(() -> request("--namespace", "a", "--from-pod", "b/x", "--to-pod", "b/y"))
        .hasMessageContaining("exclude each other");
  }

  @Test
  void optionsAreAConjunctionAndTheirValuesADisjunction() throws Exception {
    assertThat(
            request("--port", "80", "--port", "443", "--protocol", "tcp", "--from-ip", "10.0.0.1")
                .getWhitelistList())
        .isEqualTo(
            filters(
                "source_port: '80' source_port: '443' protocol: 'tcp' source_ip: '10.0.0.1'",
                "destination_port: '80' destination_port: '443' protocol: 'tcp'"
                    + " source_ip: '10.0.0.1'"));
    assertThat(
            request("-t", "trace:to-endpoint", "-t", "drop", "--identity", "world")
                .getWhitelistList())
        .isEqualTo(
            filters(
                "event_type: {type: 4 match_sub_type: true} event_type: {type: 1}"
                    + " source_identity: 2",
                "event_type: {type: 4 match_sub_type: true} event_type: {type: 1}"
                    + " destination_identity: 2"));
  }

  @Test
  void notTurnsTheNextOneRound() throws Exception {
    GetFlowsRequest request =
        request("--not", "--verdict", "FORWARDED", "-l", "app=web", "--not", "--to-port", "53");
    assertThat(request.getWhitelistList())
        .isEqualTo(filters("source_label: 'app=web'", "destination_label: 'app=web'"));
    assertThat(request.getBlacklistList())
        .isEqualTo(filters("verdict: FORWARDED destination_port: '53'"));
    assertThatThrownBy(() -> request("--not")).hasMessageContaining("--not");
  }

  @Test
  void howManyAndSinceWhen() {
    assertThat(request().getNumber()).isEqualTo(20);
    assertThat(request("--last", "5").getNumber()).isEqualTo(5);
    assertThat(request("--all").getNumber()).as("unsigned").isEqualTo(-1);
    assertThat(request("-f").getNumber()).isZero();
    assertThat(request("-f").getFollow()).isTrue();
    assertThat(request("--first", "3").getFirst()).isTrue();
    GetFlowsRequest since = request("--since", "1h30m", "--until", "2026-01-02T03:00:00+00:00");
    assertThat(since.getNumber()).isZero();
    assertThat(since.getSince().getSeconds()).isEqualTo(NOW.getEpochSecond() - 5400);
    assertThat(since.getUntil().getSeconds()).isEqualTo(NOW.getEpochSecond() - 245);
    assertThatThrownBy(() -> request("--first", "3", "-f")).hasMessageContaining("--first");
    assertThatThrownBy(() -> request("--since", "yesterday")).hasMessageContaining("5m");
  }

  @Test
  void rawFiltersAndMasks() throws Exception {
    GetFlowsRequest request =
        request(
            "--allowlist",
            "{\"source_pod\":[\"a/b\"],\"verdict\":[\"DROPPED\"],\"eventType\":[{\"type\":1}]}",
            "--field-mask",
            "time,source.pod_name");
    assertThat(request.getWhitelistList())
        .isEqualTo(filters("source_pod: 'a/b' verdict: DROPPED event_type: {type: 1}"));
    assertThat(request.getFieldMask().getPathsList()).containsExactly("time", "source.pod_name");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "--verdict=MAYBE",
        "--type=nonsense",
        "--type=trace:nonsense",
        "--tcp-flags=syn,what",
        "--identity=-1",
        "--drop-reason-desc=BECAUSE",
        "--namespace=a/b",
        "--allowlist={\"nonsense\":1}",
        "--allowlist={"
      })
  void whatMakesNoSenseIsSaid(String argument) {
    assertThatThrownBy(() -> request(argument)).isInstanceOf(RuntimeException.class);
  }

  @Test
  void theServerIsNamedFoundOrTheUsual(@TempDir Path directory) throws Exception {
    Path status = directory.resolve("status.json");
    var options = new ServerOptions();
    assertThat(options.address(Map.of(), status)).isEqualTo("localhost:4245");
    Files.writeString(
        status, "{\"nodes\":[{\"name\":\"n\",\"hubbleSocket\":\"/run/x/hubble.sock\"}]}");
    assertThat(options.address(Map.of(), status)).isEqualTo("unix:///run/x/hubble.sock");
    assertThat(options.address(Map.of("HUBBLE_SERVER", "h:1"), status)).isEqualTo("h:1");
    Files.writeString(
        status,
        "{\"nodes\":[{\"hubbleSocket\":\"/a\",\"relaySocket\":\"/r\"},{\"hubbleSocket\":\"/b\"}]}");
    assertThat(options.address(Map.of(), status)).isEqualTo("unix:///r");
    Files.writeString(status, "{");
    assertThatThrownBy(() -> options.address(Map.of(), status)).hasMessageContaining("--server");
    assertThatThrownBy(() -> new HubbleClient("h")).hasMessageContaining("HOST:PORT");
  }

  @Test
  void aServerThatIsNotThereIsAnErrorThatSaysWhatToDo(@TempDir Path directory) {
    var err = new StringWriter();
    for (String command : new String[] {"status", "observe"}) {
      assertThat(
              new CommandLine(new HubbleCommand())
                  .setErr(new PrintWriter(err))
                  .setExecutionExceptionHandler(
                      (failure, line, parsed) -> {
                        err.write(String.valueOf(failure.getMessage()));
                        return 1;
                      })
                  .execute(command, "--server", "unix://" + directory.resolve("none")))
          .isOne();
    }
    assertThat(err.toString()).contains("ovenet lab up").contains("--server");
  }
}
