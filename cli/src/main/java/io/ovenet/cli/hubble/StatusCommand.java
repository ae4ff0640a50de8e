package io.ovenet.cli.hubble;

import io.grpc.StatusRuntimeException;
import io.grpc.health.v1.HealthCheckRequest;
import io.grpc.health.v1.HealthCheckResponse.ServingStatus;
import io.grpc.health.v1.HealthGrpc;
import io.ovenet.api.observer.ObserverGrpc;
import io.ovenet.api.observer.ServerStatusRequest;
import io.ovenet.api.observer.ServerStatusResponse;
import java.io.PrintWriter;
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
  private static final double NANOS_PER_SECOND = 1e9;

  @Mixin private ServerOptions server = new ServerOptions();
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
        out.println(
            "Healthcheck (via "
                + client.server()
                + "): "
                + (health == ServingStatus.SERVING ? "Ok" : "Unavailable"));
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
      print(status, out);
    }
    out.flush();
    return 0;
  }

  static void print(ServerStatusResponse status, PrintWriter out) {
    out.print("Current/Max Flows: ");
    if (status.getMaxFlows() > 0) {
      out.println(
          String.format(
              Locale.ROOT,
              "%,d/%,d (%.2f%%)",
              status.getNumFlows(),
              status.getMaxFlows(),
              100.0 * status.getNumFlows() / status.getMaxFlows()));
    } else {
      out.println("N/A");
    }
    double rate =
        status.getFlowsRate() > 0 || status.getUptimeNs() == 0
            ? status.getFlowsRate()
            : status.getSeenFlows() / (status.getUptimeNs() / NANOS_PER_SECOND);
    out.println(
        "Flows/s: "
            + (status.getUptimeNs() == 0 ? "N/A" : String.format(Locale.ROOT, "%.2f", rate)));
    if (status.hasNumConnectedNodes()) {
      int connected = status.getNumConnectedNodes().getValue();
      int unavailable = status.getNumUnavailableNodes().getValue();
      out.println("Connected Nodes: " + connected + "/" + (connected + unavailable));
      if (unavailable > 0) {
        out.println("Unavailable Nodes: " + unavailable);
        for (String node : status.getUnavailableNodesList()) {
          out.println("  - " + Terminal.safe(node));
        }
      }
    }
  }
}
