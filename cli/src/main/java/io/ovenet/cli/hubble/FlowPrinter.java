package io.ovenet.cli.hubble;

import com.google.protobuf.Timestamp;
import io.ovenet.api.flow.Endpoint;
import io.ovenet.api.flow.Flow;
import io.ovenet.api.flow.LostEvent;
import io.ovenet.api.flow.Service;
import io.ovenet.api.observer.GetFlowsResponse;
import io.ovenet.api.relay.NodeStatusEvent;
import io.ovenet.cli.text.Table;
import io.ovenet.cli.text.Terminal;
import io.ovenet.flow.FlowJson;
import java.io.PrintWriter;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Writes flows in one of Hubble's forms. For one thread.
 *
 * @see #close for the table, which is as wide as its widest flow
 */
final class FlowPrinter implements AutoCloseable {
  static final String SEPARATOR = "------------";

  /** The forms. */
  enum Form {
    COMPACT,
    DICT,
    JSON,
    TABLE
  }

  private final Form form;
  private final TimeFormat times;
  private final boolean nodeName;
  private final boolean policyNames;
  private final boolean podNames;
  private final Paint paint;
  private final PrintWriter out;
  private final PrintWriter err;
  private final Table table = new Table(3);
  private long lines;

  FlowPrinter(
      Form form,
      TimeFormat times,
      boolean nodeName,
      boolean policyNames,
      boolean podNames,
      Paint paint,
      PrintWriter out,
      PrintWriter err) {
    this.form = form;
    this.times = times;
    this.nodeName = nodeName;
    this.policyNames = policyNames;
    this.podNames = podNames;
    this.paint = form == Form.TABLE ? Paint.of("never") : paint;
    this.out = out;
    this.err = err;
  }

  void print(GetFlowsResponse response) {
    switch (response.getResponseTypesCase()) {
      case FLOW -> flow(response, response.getFlow());
      case LOST_EVENTS -> lost(response, response.getLostEvents());
      case NODE_STATUS -> nodeStatus(response, response.getNodeStatus());
      case RESPONSETYPES_NOT_SET -> {}
    }
  }

  private void flow(GetFlowsResponse response, Flow flow) {
    switch (form) {
      case JSON -> out.println(FlowJson.of(response));
      case COMPACT -> out.println(compact(flow));
      case DICT ->
          dict(
              time(flow.getTime()),
              flow.getNodeName(),
              host(flow, true),
              host(flow, false),
              FlowWords.type(flow),
              verdict(flow),
              summary(flow));
      case TABLE ->
          row(
              time(flow.getTime()),
              flow.getNodeName(),
              host(flow, true),
              host(flow, false),
              FlowWords.type(flow),
              verdict(flow),
              summary(flow));
    }
    lines++;
  }

  private String compact(Flow flow) {
    String left = host(flow, true) + " " + identity(flow.getSource());
    String right = host(flow, false) + " " + identity(flow.getDestination());
    String arrow = "<>";
    if (flow.hasIsReply()) {
      boolean reply = flow.getIsReply().getValue();
      arrow = reply ? "<-" : "->";
      if (reply) {
        String swapped = left;
        left = right;
        right = swapped;
      }
    }
    return time(flow.getTime())
        + (nodeName ? " [" + Terminal.safe(flow.getNodeName()) + "]" : "")
        + ": "
        + left
        + " "
        + arrow
        + " "
        + right
        + " "
        + Terminal.safe(FlowWords.type(flow))
        + " "
        + verdict(flow)
        + " ("
        + summary(flow)
        + ")";
  }

  private String identity(Endpoint endpoint) {
    return paint.identity(FlowWords.identity(endpoint.getIdentity()));
  }

  private String verdict(Flow flow) {
    String word = Terminal.safe(FlowWords.verdict(flow, policyNames));
    return switch (flow.getVerdict()) {
      case FORWARDED, REDIRECTED -> paint.good(word);
      case DROPPED, ERROR -> paint.bad(word);
      case AUDIT, TRACED, TRANSLATED -> paint.noted(word);
      case VERDICT_UNKNOWN, UNRECOGNIZED -> word;
    };
  }

  private void dict(
      String time,
      String node,
      String source,
      String destination,
      String type,
      String verdict,
      String summary) {
    if (lines > 0) {
      out.println(SEPARATOR);
    }
    out.println("  TIMESTAMP: " + time);
    if (nodeName) {
      out.println("       NODE: " + Terminal.safe(node));
    }
    out.println("     SOURCE: " + source);
    out.println("DESTINATION: " + destination);
    out.println("       TYPE: " + Terminal.safe(type));
    out.println("    VERDICT: " + verdict);
    out.println("    SUMMARY: " + summary);
  }

  private void row(
      String time,
      String node,
      String source,
      String destination,
      String type,
      String verdict,
      String summary) {
    if (lines == 0) {
      if (nodeName) {
        table.row("TIMESTAMP", "NODE", "SOURCE", "DESTINATION", "TYPE", "VERDICT", "SUMMARY");
      } else {
        table.row("TIMESTAMP", "SOURCE", "DESTINATION", "TYPE", "VERDICT", "SUMMARY");
      }
    }
    if (nodeName) {
      table.row(time, node, source, destination, type, verdict, summary);
    } else {
      table.row(time, source, destination, type, verdict, summary);
    }
  }

  private void lost(GetFlowsResponse response, LostEvent lost) {
    String source = lost.getSource().name();
    String events = Long.toUnsignedString(lost.getNumEventsLost());
    String cpu = "CPU(" + lost.getCpu().getValue() + ")";
    String when =
        lost.hasFirst() && lost.hasLast()
            ? " (first: " + time(lost.getFirst()) + ", last: " + time(lost.getLast()) + ")"
            : "";
    String time = time(response.getTime());
    String node = response.getNodeName().isEmpty() ? "-" : response.getNodeName();
    switch (form) {
      case JSON -> out.println(FlowJson.of(response));
      case COMPACT ->
          out.println(time + " EVENTS LOST: " + source + " " + cpu + " " + events + when);
      case DICT -> {
        if (lines > 0) {
          out.println(SEPARATOR);
        }
        out.println("  TIMESTAMP: " + time);
        if (nodeName) {
          out.println("       NODE: " + Terminal.safe(node));
        }
        out.println("     SOURCE: " + source);
        out.println("       TYPE: EVENTS LOST");
        out.println("    VERDICT: -");
        out.println("    SUMMARY: " + cpu + " - " + events + when);
      }
      case TABLE -> row(time, node, source, "-", "EVENTS LOST", "-", cpu + " - " + events + when);
    }
    lines++;
  }

  /** What a relay says of its nodes: only what is wrong, and on the error stream. */
  private void nodeStatus(GetFlowsResponse response, NodeStatusEvent status) {
    String nodes = String.join(", ", status.getNodeNamesList());
    String said =
        switch (status.getStateChange()) {
          case NODE_UNAVAILABLE -> status.getNodeNamesCount() + " nodes are unavailable: " + nodes;
          case NODE_ERROR ->
              "Error \""
                  + status.getMessage()
                  + "\" on "
                  + status.getNodeNamesCount()
                  + " nodes: "
                  + nodes;
          case NODE_CONNECTED, NODE_GONE, UNKNOWN_NODE_STATE, UNRECOGNIZED -> "";
        };
    if (!said.isEmpty()) {
      if (form == Form.DICT && lines == 0) {
        lines++; // what comes first after it is set apart, as upstream does
      }
      err.println(
          form == Form.JSON
              ? FlowJson.of(response)
              : Terminal.safe(
                  time(response.getTime()) + " [" + response.getNodeName() + "]: " + said));
      err.flush();
    }
  }

  private String time(Timestamp time) {
    return times.format(time);
  }

  private String summary(Flow flow) {
    String summary =
        (String) flow.getField(Flow.getDescriptor().findFieldByNumber(Flow.SUMMARY_FIELD_NUMBER));
    String trace =
        flow.getIpTraceId().getTraceId() == 0
            ? ""
            : "IP Trace ID: " + Long.toUnsignedString(flow.getIpTraceId().getTraceId()) + "; ";
    String name = flow.getAuthTypeValue() == 0 ? "" : flow.getAuthType().name();
    String authentication =
        switch (flow.getAuthType()) {
          case DISABLED -> "";
          case TEST_ALWAYS_FAIL -> "; Auth: " + paint.bad(name);
          case SPIRE, UNRECOGNIZED -> "; Auth: " + paint.good(name);
        };
    return trace + Terminal.safe(summary) + authentication;
  }

  private String host(Flow flow, boolean source) {
    if (!flow.hasIP()) {
      if (!flow.hasEthernet()) {
        return "";
      }
      return paint.host(
          Terminal.safe(
              source ? flow.getEthernet().getSource() : flow.getEthernet().getDestination()));
    }
    String host = source ? flow.getIP().getSource() : flow.getIP().getDestination();
    if (podNames) {
      host =
          source
              ? named(
                  host,
                  flow.getSource(),
                  flow.hasSourceService() ? flow.getSourceService() : null,
                  flow.getSourceNamesList())
              : named(
                  host,
                  flow.getDestination(),
                  flow.hasDestinationService() ? flow.getDestinationService() : null,
                  flow.getDestinationNamesList());
    }
    host = Terminal.safe(host);
    int port = port(flow, source);
    if (port == 0) {
      return paint.host(host);
    }
    String bracketed = host.indexOf(':') < 0 ? host : "[" + host + "]";
    return paint.host(bracketed + ":" + paint.port(Integer.toString(port)));
  }

  /** A service's namespace stands, even an empty one, where there is a service. */
  private static String named(
      String ip, Endpoint endpoint, @Nullable Service service, List<String> names) {
    String namespace = service == null ? endpoint.getNamespace() : service.getNamespace();
    if (!endpoint.getPodName().isEmpty()) {
      return join(namespace, endpoint.getPodName());
    }
    if (service != null && !service.getName().isEmpty()) {
      return join(namespace, service.getName());
    }
    return names.isEmpty() ? ip : String.join(",", names);
  }

  private static String join(String namespace, String name) {
    return namespace.isEmpty() ? name : namespace + "/" + name;
  }

  private static int port(Flow flow, boolean source) {
    return switch (flow.getL4().getProtocolCase()) {
      case TCP ->
          source
              ? flow.getL4().getTCP().getSourcePort()
              : flow.getL4().getTCP().getDestinationPort();
      case UDP ->
          source
              ? flow.getL4().getUDP().getSourcePort()
              : flow.getL4().getUDP().getDestinationPort();
      case SCTP ->
          source
              ? flow.getL4().getSCTP().getSourcePort()
              : flow.getL4().getSCTP().getDestinationPort();
      case ICMPV4, ICMPV6, VRRP, IGMP, PROTOCOL_NOT_SET -> 0;
    };
  }

  @Override
  public void close() {
    table.print(out);
    out.flush();
  }
}
