package io.ovenet.cli.hubble;

import io.grpc.StatusRuntimeException;
import io.grpc.health.v1.HealthCheckRequest;
import io.grpc.health.v1.HealthCheckResponse.ServingStatus;
import io.grpc.health.v1.HealthGrpc;
import io.ovenet.api.observer.ObserverGrpc;
import io.ovenet.api.observer.ServerStatusRequest;
import io.ovenet.api.observer.ServerStatusResponse;
import io.ovenet.cli.text.Table;
import io.ovenet.cli.text.Terminal;
import io.ovenet.flow.FlowJson;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** {@code ovenet hubble status}. */
@Command(
    name = "status",
    description = "Says whether a Hubble server is well and how many flows it holds.",
    mixinStandardHelpOptions = true)
final class StatusCommand implements Callable<Integer> {
  private static final String HEALTH_SERVICE = "hubble.server.Observer";
  private static final String UNKNOWN = "N/A";
  private static final double NANOS_PER_SECOND = 1e9;

  @Mixin private FormOptions output = new FormOptions();

  @Mixin private HubbleServerOptions server = new HubbleServerOptions();
  @Spec private CommandSpec spec = CommandSpec.create();

  @Override
  public Integer call() {
    PrintWriter out = spec.commandLine().getOut();
    try (HubbleClient client = server.connect()) {
      ServingStatus health;
      ServerStatusResponse status;
      try {
        health =
            HealthGrpc.newBlockingStub(client.channel())
                .withDeadlineAfter(HubbleClient.CALL_SECONDS, TimeUnit.SECONDS)
                .check(HealthCheckRequest.newBuilder().setService(HEALTH_SERVICE).build())
                .getStatus();
        if (output.form().equals("compact")) {
          out.println(
              "Healthcheck (via "
                  + client.server()
                  + "): "
                  + (health == ServingStatus.SERVING ? "Ok" : "Unavailable: " + health));
        }
        if (health != ServingStatus.SERVING) {
          throw new HubbleException(
              "the Hubble server at " + client.server() + " says that it is " + health);
        }
        status =
            ObserverGrpc.newBlockingStub(client.channel())
                .withDeadlineAfter(HubbleClient.CALL_SECONDS, TimeUnit.SECONDS)
                .serverStatus(ServerStatusRequest.getDefaultInstance());
      } catch (StatusRuntimeException e) {
        throw ServerOptions.explain(client.server(), e);
      }
      print(status, output.form(), out);
    }
    out.flush();
    return 0;
  }

  static void print(ServerStatusResponse status, String form, PrintWriter out) {
    switch (form.toLowerCase(Locale.ROOT)) {
      case "compact" -> compact(status, out);
      case "json", "jsonpb" -> out.println(FlowJson.of(status));
      case "dict" -> {
        var labels =
            List.of(
                "          NUM FLOWS",
                "          MAX FLOWS",
                "         SEEN FLOWS",
                "   FLOWS PER SECOND",
                "             UPTIME",
                "NUM CONNECTED NODES",
                " NUM UNAVAIL. NODES",
                "            VERSION");
        var values = values(status);
        for (int i = 0; i < labels.size(); i++) {
          out.println(labels.get(i) + ": " + Terminal.safe(values[i]));
        }
      }
      case "tab", "table" -> {
        var table = new Table(3);
        table.row(
            "NUM FLOWS",
            "MAX FLOWS",
            "SEEN FLOWS",
            "FLOWS PER SECOND",
            "UPTIME",
            "NUM CONNECTED NODES",
            "NUM UNAVAILABLE NODES",
            "VERSION");
        table.row(values(status));
        table.print(out);
      }
      default ->
          throw new HubbleException(
              "-o " + form + ": the forms are compact, dict, json, jsonpb and table");
    }
  }

  private static String[] values(ServerStatusResponse status) {
    return new String[] {
      grouped(status.getNumFlows()),
      grouped(status.getMaxFlows()),
      grouped(status.getSeenFlows()),
      status.getFlowsRate() > 0
          ? String.format(Locale.ROOT, "%.2f", status.getFlowsRate())
          : UNKNOWN,
      GoDuration.of(status.getUptimeNs()),
      status.hasNumConnectedNodes() ? "" + status.getNumConnectedNodes().getValue() : UNKNOWN,
      status.hasNumUnavailableNodes() ? "" + status.getNumUnavailableNodes().getValue() : UNKNOWN,
      status.getVersion()
    };
  }

  private static String grouped(long number) {
    return String.format(Locale.ROOT, "%,d", number);
  }

  private static void compact(ServerStatusResponse status, PrintWriter out) {
    out.print(
        "Current/Max Flows: "
            + grouped(status.getNumFlows())
            + "/"
            + grouped(status.getMaxFlows()));
    if (status.getMaxFlows() > 0) {
      double share = 100.0 * status.getNumFlows() / status.getMaxFlows();
      out.print(String.format(Locale.ROOT, " (%.2f%%)", share));
    }
    out.println();
    String rate = UNKNOWN;
    if (status.getFlowsRate() > 0) {
      rate = String.format(Locale.ROOT, "%.2f", status.getFlowsRate());
    } else if (status.getUptimeNs() > 0) {
      double seconds = status.getUptimeNs() / NANOS_PER_SECOND;
      rate = String.format(Locale.ROOT, "%.2f", status.getSeenFlows() / seconds);
    }
    out.println("Flows/s: " + rate);
    if (status.hasNumConnectedNodes()) {
      int connected = status.getNumConnectedNodes().getValue();
      out.println(
          "Connected Nodes: "
              + connected
              + (status.hasNumUnavailableNodes()
                  ? "/" + (connected + status.getNumUnavailableNodes().getValue())
                  : ""));
    }
    int unavailable = status.getNumUnavailableNodes().getValue();
    if (unavailable > 0) {
      out.println("Unavailable Nodes: " + unavailable);
      var names = new ArrayList<>(status.getUnavailableNodesList());
      names.sort(null);
      names.forEach(name -> out.println("  - " + Terminal.safe(name)));
      if (!names.isEmpty() && unavailable > names.size()) {
        out.println("  - and " + (unavailable - names.size()) + " more...");
      }
    }
  }
}
