package io.ovenet.cli.hubble;

import io.ovenet.api.observer.GetAgentEventsRequest;
import io.ovenet.api.observer.GetAgentEventsResponse;
import io.ovenet.api.observer.ObserverGrpc;
import java.io.PrintWriter;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** {@code ovenet hubble observe agent-events}. */
@Command(
    name = "agent-events",
    description = "Shows what an agent did: policies, endpoints, addresses.",
    mixinStandardHelpOptions = true,
    sortOptions = false)
final class AgentEventsCommand implements Callable<Integer> {
  @Mixin private EventOptions options = new EventOptions();
  @Spec private CommandSpec spec = CommandSpec.create();

  @Override
  public Integer call() {
    var request =
        GetAgentEventsRequest.newBuilder()
            .setNumber(options.number())
            .setFollow(options.range.follow);
    var since = options.since();
    var until = options.until();
    if (since != null) {
      request.setSince(since);
    }
    if (until != null) {
      request.setUntil(until);
    }
    PrintWriter out = spec.commandLine().getOut();
    try (HubbleClient client = options.server.connect();
        EventPrinter printer = options.printer(out)) {
      client.stream(
          () -> ObserverGrpc.newBlockingStub(client.channel()).getAgentEvents(request.build()),
          (GetAgentEventsResponse response) -> {
            printer.print(response);
            if (options.range.follow) {
              out.flush();
            }
            return !out.checkError();
          });
    }
    return 0;
  }
}
