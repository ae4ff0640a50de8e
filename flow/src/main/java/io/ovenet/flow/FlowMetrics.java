package io.ovenet.flow;

import io.ovenet.api.flow.TrafficDirection;
import io.ovenet.api.flow.Verdict;
import io.ovenet.datapath.EventKind;
import io.ovenet.datapath.FlowEvent;
import io.ovenet.metrics.MetricsText;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;

/**
 * Hubble's metrics of flows: one plugin for each item of {@code hubble-metrics}. Counts on the
 * thread that reads events; read by any.
 */
public final class FlowMetrics {
  /** Combinations of labels of one metric. */
  public static final int SERIES_LIMIT = 10_000;

  private static final int HOST = 1;
  private static final String[] MATCHES = {
    "none", "l3-only", "l3-l4", "l4-only", "all", "l3-proto", "proto-only"
  };

  /** Counts a flow. */
  @FunctionalInterface
  private interface Plugin {
    void count(FlowRecord flow);
  }

  private final List<Plugin> plugins = new ArrayList<>();
  private final List<MetricSeries> series = new ArrayList<>();
  private final List<String> warnings = new ArrayList<>();
  private final int limit;
  private final FlowUuids uuids;
  private final AtomicLong lostInKernel = new AtomicLong();
  private final AtomicLong noDns = new AtomicLong();

  /**
   * Without any count so far.
   *
   * @param uuids what flows are called where they are read
   */
  public FlowMetrics(MetricsConfig config, FlowUuids uuids) {
    this(config, uuids, SERIES_LIMIT);
  }

  FlowMetrics(MetricsConfig config, FlowUuids uuids, int limit) {
    this.limit = limit;
    this.uuids = uuids;
    for (MetricsConfig.Item item : config.items()) {
      add(item);
    }
    policyDrops();
  }

  private void add(MetricsConfig.Item item) {
    Consumer<String> warn = warnings::add;
    switch (item.name()) {
      case "drop" -> drop(MetricContext.of(item, warn));
      case "tcp" -> tcp(MetricContext.of(item, warn));
      case "flow" -> flow(MetricContext.of(item, warn));
      case "icmp" -> icmp(MetricContext.of(item, warn));
      case "port-distribution" -> ports(MetricContext.of(item, warn));
      case "policy" -> policy(MetricContext.of(item, warn));
      case "dns" -> dns(item, MetricContext.of(item, warn));
      case "http", "httpV2", "kafka" ->
          warn.accept(item.name() + ": no source yet: no flow is of that protocol");
      default -> warn.accept(item.name() + ": no such metric");
    }
  }

  /** What of the configuration has no effect, and why. */
  public List<String> warnings() {
    return List.copyOf(warnings);
  }

  /** Counts a flow; by the thread that reads events. */
  void count(FlowRecord flow) {
    for (int i = 0; i < plugins.size(); i++) {
      plugins.get(i).count(flow);
    }
  }

  /** Counts what went to or came from DNS' port and is none, or answers nothing. */
  void noDns() {
    noDns.lazySet(noDns.getPlain() + 1);
  }

  /** Counts what the kernel had no room for; by the same thread. */
  void lost(long events) {
    lostInKernel.addAndGet(events);
  }

  private MetricSeries series(String name, String help, MetricContext context, String... own) {
    var labels = new ArrayList<>(List.of(own));
    labels.addAll(context.names());
    var made = new MetricSeries("hubble_" + name, help, labels, limit);
    series.add(made);
    return made;
  }

  private void drop(MetricContext context) {
    MetricSeries counter = series("drop", "Drops by reason.", context, "reason", "protocol");
    plugins.add(
        flow -> {
          if (flow.verdict() == Verdict.DROPPED_VALUE) {
            String[] values = counter.values();
            values[0] = flow.dropReasonEnum().name();
            values[1] = protocol(flow);
            context.fill(flow, values, 2);
            counter.count(flow);
          }
        });
  }

  /** Whose rule, or whose default deny, drops are by. */
  private void policyDrops() {
    var counter =
        new MetricSeries(
            "ovenet_policy_drops",
            "Drops, by each of the policies that say so or whose default deny it is.",
            List.of("kind", "namespace", "policy", "direction"),
            limit);
    series.add(counter);
    plugins.add(
        flow -> {
          if (!flow.isDropped()) {
            return;
          }
          List<PolicyRef> policies = flow.origin().policies();
          for (int i = 0; i < policies.size(); i++) {
            PolicyRef policy = policies.get(i);
            if (policies.subList(0, i).stream().anyMatch(policy::isOfSamePolicy)) {
              continue; // another rule of it
            }
            String[] values = counter.values();
            values[0] = policy.kind();
            values[1] = policy.namespace();
            values[2] = policy.name();
            values[3] = flow.direction() == TrafficDirection.INGRESS_VALUE ? "ingress" : "egress";
            counter.count(flow);
          }
        });
  }

  private static boolean passed(FlowRecord flow) {
    return flow.verdict() == Verdict.FORWARDED_VALUE || flow.verdict() == Verdict.REDIRECTED_VALUE;
  }

  private void tcp(MetricContext context) {
    MetricSeries counter = series("tcp_flags", "TCP flags seen.", context, "flag", "family");
    plugins.add(
        flow -> {
          if (!passed(flow) || !flow.hasPorts() || flow.protocol() != FlowRecord.TCP) {
            return;
          }
          String[] values = counter.values();
          values[1] = family(flow);
          context.fill(flow, values, 2);
          int flags = flow.tcpFlags();
          if ((flags & 1) != 0) {
            values[0] = "FIN";
            counter.count(flow);
          }
          if ((flags & 2) != 0) {
            values[0] = (flags & 16) != 0 ? "SYN-ACK" : "SYN";
            counter.count(flow);
          }
          if ((flags & 4) != 0) {
            values[0] = "RST";
            counter.count(flow);
          }
        });
  }

  private void flow(MetricContext context) {
    MetricSeries counter =
        series("flows_processed", "Flows.", context, "protocol", "type", "subtype", "verdict");
    plugins.add(
        flow -> {
          String[] values = counter.values();
          values[0] = protocol(flow);
          values[1] = type(flow);
          values[2] = flow.isKind(EventKind.TRACE) ? point(flow.subtype()) : "";
          values[3] = flow.verdictEnum().name();
          context.fill(flow, values, 4);
          counter.count(flow);
        });
  }

  private void icmp(MetricContext context) {
    MetricSeries counter = series("icmp", "ICMP messages.", context, "family", "type");
    plugins.add(
        flow -> {
          if (isIcmp(flow)) {
            String[] values = counter.values();
            values[0] = family(flow);
            values[1] = Summary.icmpType(flow);
            context.fill(flow, values, 2);
            counter.count(flow);
          }
        });
  }

  private void ports(MetricContext context) {
    MetricSeries counter =
        series("port_distribution", "Destination ports.", context, "protocol", "port");
    plugins.add(
        flow -> {
          boolean icmp = isIcmp(flow);
          if (passed(flow)
              && flow.dns() == null
              && flow.reply() == FlowRecord.REPLY_NO
              && (icmp || flow.hasPorts())) {
            String[] values = counter.values();
            values[0] = protocol(flow);
            values[1] = icmp ? "0" : Integer.toString(flow.destinationPort());
            context.fill(flow, values, 2);
            counter.count(flow);
          }
        });
  }

  private void policy(MetricContext context) {
    MetricSeries counter =
        series("policy_verdicts", "Verdicts of policy.", context, "direction", "match", "action");
    plugins.add(
        flow -> {
          if (flow.isKind(EventKind.POLICY_VERDICT) && flow.source().identity() != HOST) {
            String[] values = counter.values();
            values[0] = flow.direction() == TrafficDirection.INGRESS_VALUE ? "ingress" : "egress";
            int match = Byte.toUnsignedInt(flow.match());
            values[1] = match < MATCHES.length ? MATCHES[match] : "unknown";
            values[2] = flow.verdictEnum().name().toLowerCase(Locale.ROOT);
            context.fill(flow, values, 3);
            counter.count(flow);
          }
        });
  }

  private void dns(MetricsConfig.Item item, MetricContext context) {
    boolean byName = item.has("query");
    boolean ignoreAaaa = item.has("ignoreaaaa");
    String[] own =
        byName
            ? new String[] {"rcode", "qtypes", "ips_returned", "query"}
            : new String[] {"rcode", "qtypes", "ips_returned"};
    MetricSeries queries = series("dns_queries", "DNS queries.", context, own);
    MetricSeries responses = series("dns_responses", "DNS responses.", context, own);
    MetricSeries types =
        byName
            ? series("dns_response_types", "Answers by type.", context, "type", "qtypes", "query")
            : series("dns_response_types", "Answers by type.", context, "type", "qtypes");
    plugins.add(
        flow -> {
          Dns dns = flow.dns();
          if (dns == null || (ignoreAaaa && dns.types().equals(List.of("AAAA")))) {
            return;
          }
          MetricSeries counter = dns.response() ? responses : queries;
          String asked = String.join(",", dns.types());
          String[] values = counter.values();
          values[0] = dns.response() ? dns.rcodeText() : "";
          values[1] = asked;
          values[2] = Integer.toString(dns.ips().size());
          if (byName) {
            values[3] = dns.query();
          }
          context.fill(flow, values, own.length);
          counter.count(flow);
          for (String type : dns.recordTypes()) {
            values = types.values();
            values[0] = type;
            values[1] = asked;
            if (byName) {
              values[2] = dns.query();
            }
            context.fill(flow, values, byName ? 3 : 2);
            types.count(flow);
          }
        });
  }

  private static boolean isIcmp(FlowRecord flow) {
    return flow.has(FlowEvent.HAS_PORTS)
        && (flow.protocol() == FlowRecord.ICMP || flow.protocol() == FlowRecord.ICMPV6);
  }

  private static String family(FlowRecord flow) {
    return flow.has(FlowEvent.IPV6) ? "IPv6" : "IPv4";
  }

  private static String protocol(FlowRecord flow) {
    if (flow.dns() != null) {
      return "DNS";
    }
    if (!flow.has(FlowEvent.HAS_PORTS)) {
      return "Unknown L4";
    }
    return switch (flow.protocol()) {
      case FlowRecord.TCP -> "TCP";
      case FlowRecord.UDP -> "UDP";
      case FlowRecord.SCTP -> "SCTP";
      case FlowRecord.ICMP -> "ICMPv4";
      case FlowRecord.ICMPV6 -> "ICMPv6";
      default -> "Unknown L4";
    };
  }

  private static String type(FlowRecord flow) {
    if (flow.kind() == FlowRecord.LAYER7) {
      return "L7";
    }
    if (flow.isKind(EventKind.DROP)) {
      return "Drop";
    }
    if (flow.isKind(EventKind.TRACE)) {
      return "Trace";
    }
    return flow.isKind(EventKind.POLICY_VERDICT) ? "PolicyVerdict" : "Unknown";
  }

  private static String point(int number) {
    return switch (number) {
      case 2 -> "to-host";
      case 3 -> "to-stack";
      case 4 -> "to-overlay";
      case 5 -> "from-endpoint";
      case 7 -> "from-host";
      case 9 -> "from-overlay";
      case 10 -> "from-network";
      case 11 -> "to-network";
      case FlowDecoder.TO_ENDPOINT -> "to-endpoint";
      default -> Integer.toString(number);
    };
  }

  /** Writes all of them. */
  public void write(MetricsText to) {
    for (MetricSeries each : series) {
      each.write(to, uuids);
    }
    to.counter("hubble_lost_events", "Events that were not delivered.");
    to.sample(
        "hubble_lost_events_total",
        List.of("source"),
        new String[] {"perf_event_ring_buffer"},
        (double) lostInKernel.get());
    to.counter(
        "ovenet_dns_messages_not_understood",
        "Datagrams of DNS' port that are no message, or answer no question that was seen.");
    to.sample("ovenet_dns_messages_not_understood_total", (double) noDns.get());
    to.counter("ovenet_metric_series_cut", "Counts that the limit of series left out.");
    for (MetricSeries each : series) {
      to.sample(
          "ovenet_metric_series_cut_total",
          List.of("metric"),
          new String[] {each.name()},
          (double) each.cut());
    }
  }
}
