package io.ovenet.cli.hubble;

import io.ovenet.api.peer.ChangeNotification;
import io.ovenet.api.peer.NotifyRequest;
import io.ovenet.api.peer.PeerGrpc;
import io.ovenet.cli.text.Terminal;
import java.io.PrintWriter;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** {@code ovenet hubble watch}. */
@Command(
    name = "watch",
    description = "Watches which nodes serve flows.",
    mixinStandardHelpOptions = true,
    synopsisSubcommandLabel = "COMMAND")
final class WatchCommand implements Runnable {
  @Spec private CommandSpec spec = CommandSpec.create();

  @Override
  public void run() {
    throw new CommandLine.ParameterException(spec.commandLine(), "watch what? peers");
  }

  @Command(
      name = "peers",
      aliases = "peer",
      description = "Nodes as an agent knows them, then each change.",
      mixinStandardHelpOptions = true)
  int peers(@Mixin HubbleServerOptions server) {
    PrintWriter out = spec.commandLine().getOut();
    try (HubbleClient client = server.connect()) {
      client.stream(
          () ->
              PeerGrpc.newBlockingStub(client.channel()).notify(NotifyRequest.getDefaultInstance()),
          (ChangeNotification change) -> {
            out.println(line(change));
            return !out.checkError();
          });
    }
    return 0;
  }

  private static String line(ChangeNotification change) {
    String type = change.getType().name();
    String tls =
        change.hasTls() ? " (TLS.ServerName: " + change.getTls().getServerName() + ")" : "";
    return Terminal.safe(
        type
            + " ".repeat(Math.max(0, 12 - type.length()))
            + " "
            + change.getAddress()
            + " "
            + change.getName()
            + tls);
  }
}
