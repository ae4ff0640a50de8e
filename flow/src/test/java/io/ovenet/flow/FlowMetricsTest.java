package io.ovenet.flow;

import static org.assertj.core.api.Assertions.assertThat;

import io.ovenet.datapath.FlowEvent;
import io.ovenet.metrics.Histogram;
import io.ovenet.metrics.MetricsServer;
import io.ovenet.metrics.MetricsText;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What is counted of flows, and how it is read. */
@Timeout(60)
final class FlowMetricsTest {
  private static final int ICMP_REQUEST = 8 << 8;

  private static Event trace() {
    return Flows.trace().flags(FlowEvent.HAS_L3 | FlowEvent.HAS_PORTS | FlowEvent.REPLY_KNOWN);
  }

  private static String text(FlowMetrics metrics) {
    var text = new MetricsText(false);
    metrics.write(text);
    return text.finish();
  }

  private static FlowMetrics counted(String config, Event... events) {
    var metrics = new FlowMetrics(MetricsConfig.parse(config), Flows.UUIDS);
    for (Event event : events) {
      metrics.count(Flows.record(event));
    }
    return metrics;
  }

  @Test
  void theMissionsList() {
    // As YAML folds it.
    FlowMetrics metrics =
        counted("dns:query;ignoreAAAA drop tcp\n  flow icmp http\n", trace(), Flows.drop());
    assertThat(metrics.warnings())
        .hasSize(1)
        .allSatisfy(warning -> assertThat(warning).contains("no source yet"));
    assertThat(text(metrics).lines())
        .contains(
            "# TYPE hubble_drop_total counter",
            "hubble_drop_total{reason=\"POLICY_DENIED\",protocol=\"TCP\"} 1",
            "hubble_tcp_flags_total{flag=\"SYN\",family=\"IPv4\"} 1",
            "hubble_flows_processed_total{protocol=\"TCP\",type=\"Trace\",subtype=\"to-endpoint\","
                + "verdict=\"FORWARDED\"} 1",
            "hubble_flows_processed_total{protocol=\"TCP\",type=\"Drop\",subtype=\"\","
                + "verdict=\"DROPPED\"} 1",
            "hubble_lost_events_total{source=\"perf_event_ring_buffer\"} 0");
  }

  @Test
  void whoseFlowItWas() {
    String text =
        text(
            counted(
                "drop:sourceContext=workload-name|reserved-identity;destinationContext=pod"
                    + " flow:labelsContext=source_namespace,destination_workload_kind,"
                    + "traffic_direction"
                    + " port-distribution:sourceIngressContext=app;sourceEgressContext=ip",
                Flows.drop(),
                trace()));
    assertThat(text)
        .contains("source=\"web\",destination=\"app-database-prod/virt-launcher-database-vm")
        .contains(
            "source_namespace=\"app-web-prod\","
                + "destination_workload_kind=\"VirtualMachineInstance\","
                + "traffic_direction=\"ingress\"")
        .contains("hubble_port_distribution_total{protocol=\"TCP\",port=\"80\",source=\"web\"} 1");
  }

  @Test
  void whatCountsAndWhatDoesNot() {
    String text =
        text(
            counted(
                "icmp port-distribution policy tcp",
                Flows.drop(),
                Flows.trace(), // reply or not: unknown
                trace().protocol(1).ports(ICMP_REQUEST, 0)));
    assertThat(text)
        .contains("hubble_icmp_total{family=\"IPv4\",type=\"EchoRequest\"} 1")
        .contains("hubble_port_distribution_total{protocol=\"ICMPv4\",port=\"0\"} 1")
        .contains("hubble_tcp_flags_total{flag=\"SYN\",family=\"IPv4\"} 1")
        .doesNotContain("hubble_policy_verdicts_total{")
        .doesNotContain("port=\"80\"");
  }

  @Test
  void whosePolicyDropped() {
    FlowMetrics metrics =
        counted(
            "drop",
            Flows.drop().rule(10), // two policies, one of them by two rules
            Flows.drop().rule(10),
            Flows.drop(),
            Flows.drop().rule(9),
            Flows.trace().rule(9));
    assertThat(text(metrics).lines().filter(line -> line.startsWith("ovenet_policy_drops_total{")))
        .containsExactlyInAnyOrder(
            "ovenet_policy_drops_total{kind=\"NetworkPolicy\",namespace=\"shop\",policy=\"web\","
                + "direction=\"ingress\"} 2",
            "ovenet_policy_drops_total{kind=\"CiliumClusterwideNetworkPolicy\",namespace=\"\","
                + "policy=\"all\",direction=\"ingress\"} 2",
            "ovenet_policy_drops_total{kind=\"CiliumNetworkPolicy\",namespace=\"app-web-prod\","
                + "policy=\"vm-web-policy\",direction=\"ingress\"} 1");
  }

  @Test
  void whatIsNotKnownIsSaid() {
    assertThat(
            new FlowMetrics(
                    MetricsConfig.parse(
                        "drops drop:sourceContext=podd flow:labelsContext=source_ip,ip"),
                    Flows.UUIDS)
                .warnings())
        .hasSize(3)
        .anySatisfy(warning -> assertThat(warning).startsWith("drops:"))
        .anySatisfy(warning -> assertThat(warning).contains("podd"))
        .anySatisfy(warning -> assertThat(warning).contains("knows no ip"));
  }

  @Test
  void combinationsHaveALimitThatIsTold() {
    var metrics = new FlowMetrics(MetricsConfig.parse("port-distribution"), Flows.UUIDS, 3);
    for (int port = 1; port <= 10; port++) {
      metrics.count(Flows.record(trace().ports(40_000, port)));
      metrics.count(Flows.record(trace().ports(40_000, 1)));
    }
    assertThat(text(metrics))
        .contains("port=\"1\"} 11")
        .contains("port=\"3\"} 1")
        .doesNotContain("port=\"4\"}")
        .contains("ovenet_metric_series_cut_total{metric=\"hubble_port_distribution\"} 7");
  }

  @Test
  void valuesAreEscaped() {
    var text = new MetricsText(true);
    text.counter("a", "A.");
    text.sample("a_total", List.of("x"), new String[] {"q\"b\\n\nz"}, 0.5);
    var histogram = new Histogram("h", "H.", "kind", 0.1, 1);
    histogram.observe("k", 0.1);
    histogram.observe("k", 5);
    histogram.write(text);
    assertThat(text.finish())
        .isEqualTo(
            """
            # HELP a A.
            # TYPE a counter
            a_total{x="q\\"b\\\\n\\nz"} 0.5
            # HELP h H.
            # TYPE h histogram
            h_bucket{kind="k",le="0.1"} 1
            h_bucket{kind="k",le="1.0"} 1
            h_bucket{kind="k",le="+Inf"} 2
            h_sum{kind="k"} 5.1
            h_count{kind="k"} 2
            # EOF
            """);
  }

  @Test
  void servedByHttp() throws Exception {
    FlowMetrics metrics = counted("drop", Flows.drop());
    try (var server =
        new MetricsServer(
            new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), List.of(metrics::write))) {
      assertThat(get(server, "/metrics", ""))
          .startsWith("HTTP/1.1 200 OK\r\n")
          .contains("version=0.0.4")
          .contains("# TYPE hubble_drop_total counter")
          .doesNotContain("flow_uuid")
          .doesNotContain("# EOF");
      assertThat(get(server, "/metrics", "Accept: application/openmetrics-text; version=1.0.0\r\n"))
          .contains("application/openmetrics-text; version=1.0.0")
          .contains("# TYPE hubble_drop counter")
          .contains("\"} 1 # {flow_uuid=\"" + Flows.flow(Flows.drop()).getUuid() + "\"} 1\n")
          .contains("hubble_metrics_http_handler_requests_total{code=\"200\"} 1")
          .endsWith("# EOF\n");
      assertThat(get(server, "/other", "")).startsWith("HTTP/1.1 404 ");
      assertThat(get(server, "/metrics", "X: " + "y".repeat(100_000) + "\r\n")).isEmpty();
    }
  }

  private static String get(MetricsServer server, String path, String headers) throws Exception {
    try (var socket = new Socket(InetAddress.getLoopbackAddress(), server.port())) {
      socket.setSoTimeout((int) TimeUnit.SECONDS.toMillis(30));
      String request = "GET " + path + " HTTP/1.1\r\nHost: x\r\n" + headers + "\r\n";
      try (InputStream in = socket.getInputStream()) {
        socket.getOutputStream().write(request.getBytes(StandardCharsets.US_ASCII));
        return new String(in.readAllBytes(), StandardCharsets.UTF_8);
      } catch (java.net.SocketException e) {
        return ""; // it hung up, as on who says too much
      }
    }
  }
}
