package io.ovenet.cli.hubble;

import io.grpc.StatusRuntimeException;
import io.ovenet.cli.UsualCluster;
import io.ovenet.cli.text.Terminal;
import io.ovenet.kubernetes.KubernetesApi;
import io.ovenet.kubernetes.question.Target;
import io.ovenet.trace.TraceAnswer;
import io.ovenet.trace.TraceEnds;
import io.ovenet.trace.TraceText;
import java.io.IOException;
import java.io.PrintWriter;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code ovenet trace}. */
@Command(
    name = "trace",
    description = {
      "Sends one real packet in a pod's place, through the kernel's own programs and over the"
          + " nodes' network, and tells each hop. It is dropped just before it would be delivered;"
          + " nothing is left of it.",
      "FROM is a pod (shop/web-1) or a virtual machine (vm/shop/db); TO one of these, a service"
          + " (svc/shop/web) or an IPv4 address."
    },
    mixinStandardHelpOptions = true,
    exitCodeListHeading = "%nExit status:%n",
    exitCodeList = {
      "0:it passes",
      "1:it could not be found out",
      "2:wrong arguments",
      "3:it is stopped on its way"
    })
public final class TraceCommand implements Callable<Integer> {
  @Spec private CommandSpec spec = CommandSpec.create();
  @Mixin private HubbleServerOptions server = new HubbleServerOptions();

  @Parameters(index = "0", paramLabel = "FROM", description = "Whose packet it is.")
  private String from = "";

  @Parameters(
      index = "1",
      paramLabel = "TO:PORT[/PROTOCOL]",
      description =
          "Where to: svc/shop/web:80/TCP, shop/web-1:http, 10.0.0.1:53/UDP, 10.0.0.1:ICMP.")
  private String to = "";

  @Option(
      names = {"-n", "--namespace"},
      paramLabel = "NAMESPACE",
      description = "Of names that have none.")
  private String namespace = "";

  @Override
  public Integer call() throws IOException {
    Target target;
    try {
      target = Target.parse(to);
    } catch (IllegalArgumentException e) {
      throw new ParameterException(spec.commandLine(), e.getMessage(), e);
    }
    TraceText text;
    try (TraceEnds ends = new TraceEnds(this::open, namespace)) {
      TraceEnds.Pod source = ends.source(from);
      TraceEnds.Destination destination = ends.destination(target);
      try (HubbleClient client = server.connect()) {
        text = new TraceText(ask(client, source, destination, target), source, destination, target);
      }
    } catch (IllegalArgumentException e) {
      throw new HubbleException(String.valueOf(e.getMessage()), e);
    }
    PrintWriter out = spec.commandLine().getOut();
    int number = 0;
    for (TraceText.Hop hop : text.hops()) {
      out.println(Terminal.safe(++number + ". " + hop.where() + ": " + hop.what()));
    }
    text.notes().forEach(note -> out.println(Terminal.safe(note)));
    out.flush();
    return switch (text.outcome()) {
      case PASSES -> 0;
      case UNKNOWN -> 1;
      case STOPPED -> 3;
    };
  }

  private static TraceAnswer ask(
      HubbleClient client, TraceEnds.Pod from, TraceEnds.Destination to, Target target) {
    try {
      return TraceAnswer.ask(client.channel(), from, to, target.protocol());
    } catch (StatusRuntimeException e) {
      throw ServerOptions.explain(client.server(), e);
    }
  }

  private KubernetesApi open() throws IOException {
    return KubernetesApi.open(UsualCluster.kubeconfig(server.kubeconfig()));
  }
}
