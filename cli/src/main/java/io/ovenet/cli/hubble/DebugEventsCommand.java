package io.ovenet.cli.hubble;

import io.ovenet.api.flow.DebugEvent;
import io.ovenet.api.observer.GetDebugEventsRequest;
import io.ovenet.api.observer.GetDebugEventsResponse;
import io.ovenet.api.observer.ObserverGrpc;
import java.io.PrintWriter;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** {@code ovenet hubble observe debug-events}: those of other agents; this project's has none. */
@Command(
    name = "debug-events",
    description = "Shows debug messages of an agent's datapath; Ovenet's has none.",
    mixinStandardHelpOptions = true,
    sortOptions = false)
final class DebugEventsCommand implements Callable<Integer> {
  @Mixin private EventOptions options = new EventOptions();
  @Spec private CommandSpec spec = CommandSpec.create();

  @Override
  public Integer call() {
    var request =
        GetDebugEventsRequest.newBuilder()
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
          () -> ObserverGrpc.newBlockingStub(client.channel()).getDebugEvents(request.build()),
          (GetDebugEventsResponse response) -> {
            DebugEvent event = response.getDebugEvent();
            printer.print(
                response,
                response.getTime(),
                response.getNodeName(),
                Integer.toString(event.getType()),
                event.getMessage());
            return !out.checkError();
          });
    }
    return 0;
  }
}
