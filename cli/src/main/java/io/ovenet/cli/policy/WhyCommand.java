package io.ovenet.cli.policy;

import io.ovenet.kubernetes.Json;
import io.ovenet.kubernetes.question.EndExpression;
import io.ovenet.kubernetes.question.SideText;
import io.ovenet.kubernetes.question.Target;
import io.ovenet.kubernetes.question.YamlText;
import io.ovenet.kubernetes.world.ClusterState;
import io.ovenet.policy.TrafficDirection;
import io.ovenet.policy.question.Judge;
import io.ovenet.policy.question.Party;
import io.ovenet.policy.question.Proposal;
import io.ovenet.policy.question.Why;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code ovenet policy why}. */
@Command(
    name = "why",
    description = {
      "Says whether a connection passes on each side, by which rule, and what would let it pass.",
      "An end is a pod (shop/web-1), a virtual machine (vm/shop/db), labels (app=web,tier=front),"
          + " another node (node/worker-1), an address or prefix, or an entity (host, world, …)."
    },
    mixinStandardHelpOptions = true,
    exitCodeListHeading = "%nExit status:%n",
    exitCodeList = {
      "0:all connections that are meant pass",
      "1:it could not be found out",
      "2:wrong arguments",
      "3:some are denied"
    })
final class WhyCommand implements Callable<Integer> {
  private static final int MOST_PAIRS = 100;

  private record Finding(Party from, Party to, int port, List<Why.Side> sides) {
    boolean passes() {
      return sides.stream().allMatch(Why.Side::passes);
    }
  }

  @Spec private CommandSpec spec = CommandSpec.create();
  @Mixin private StateOptions options = new StateOptions();

  @Parameters(index = "0", paramLabel = "FROM", description = "Who opens the connection.")
  private String from = "";

  @Parameters(
      index = "1",
      paramLabel = "TO:PORT[/PROTOCOL]",
      description = "To whom, and what: shop/web:80/TCP, shop/web:http, 10.0.0.1:8/ICMP.")
  private String to = "";

  @Mixin private FileOptions files = new FileOptions();

  @Option(
      names = {"-n", "--namespace"},
      paramLabel = "NAMESPACE",
      description = "Namespace of names that have none, and of labels; any by default.")
  private String namespace = "";

  @Option(
      names = {"-o", "--output"},
      paramLabel = "FORMAT",
      description = "text, json, or yaml: only what would let it pass, for kubectl apply -f -.")
  private Output output = Output.TEXT;

  /** How to answer. */
  enum Output {
    TEXT,
    JSON,
    YAML
  }

  @Override
  public Integer call() throws IOException {
    ClusterState state = options.read(files.files());
    Target target;
    List<Party> sources;
    List<Party> destinations;
    List<Finding> findings = new ArrayList<>();
    try {
      EndExpression ends = new EndExpression(state, namespace);
      target = Target.parse(to);
      sources = ends.parties(from);
      destinations = ends.parties(target.end());
      if (sources.size() * destinations.size() > MOST_PAIRS) {
        throw new IllegalArgumentException(
            sources.size()
                + " sources and "
                + destinations.size()
                + " destinations are too many to explain: name fewer, or ask `ovenet policy reach`");
      }
      Judge judge = state.judge();
      Why why = state.why(judge);
      for (Party source : sources) {
        for (Party destination : destinations) {
          int port = target.number(destination);
          findings.add(
              new Finding(
                  source,
                  destination,
                  port,
                  List.of(
                      why.side(
                          source, TrafficDirection.EGRESS, destination, target.protocol(), port),
                      why.side(
                          destination,
                          TrafficDirection.INGRESS,
                          source,
                          target.protocol(),
                          port))));
        }
      }
    } catch (IllegalArgumentException e) {
      throw new ParameterException(spec.commandLine(), String.valueOf(e.getMessage()), e);
    }
    PrintWriter out = spec.commandLine().getOut();
    switch (output) {
      case JSON ->
          out.println(
              new String(Json.write(json(state, target, findings)), StandardCharsets.UTF_8));
      case YAML ->
          proposals(findings).forEach(p -> out.print("---\n" + YamlText.write(p.document())));
      case TEXT -> text(state, target, findings, out);
    }
    out.flush();
    return findings.stream().allMatch(Finding::passes) ? 0 : 3;
  }

  private static List<Proposal> proposals(List<Finding> findings) {
    Map<Map<String, Object>, Proposal> distinct = new LinkedHashMap<>();
    for (Finding finding : findings) {
      for (Why.Side side : finding.sides()) {
        if (side.proposal() != null) {
          distinct.putIfAbsent(side.proposal().document(), side.proposal());
        }
      }
    }
    return List.copyOf(distinct.values());
  }

  private static void text(
      ClusterState state, Target target, List<Finding> findings, PrintWriter out) {
    for (Finding finding : findings) {
      out.println(
          finding.from().name()
              + " → "
              + finding.to().name()
              + " "
              + target.text(finding.port())
              + ": "
              + (finding.passes() ? "allowed" : "denied"));
      for (Why.Side side : finding.sides()) {
        out.println(
            "  "
                + (side.direction() == TrafficDirection.EGRESS ? "egress of " : "ingress of ")
                + side.subject().name()
                + ": "
                + SideText.verdict(side));
        SideText.details(state, side).forEach(line -> out.println("    " + line));
      }
      out.println();
    }
    List<Proposal> proposals = proposals(findings);
    for (Proposal proposal : proposals) {
      out.println("This would let it pass; it opens " + proposal.opens() + ":");
      out.println();
      out.println(YamlText.write(proposal.document()));
    }
    if (proposals.size() > 1) {
      out.println("All of them: the same with -o yaml, piped to kubectl apply -f -");
    }
  }

  private static Map<String, Object> json(
      ClusterState state, Target target, List<Finding> findings) {
    List<Object> connections = new ArrayList<>();
    for (Finding finding : findings) {
      Map<String, Object> connection = new LinkedHashMap<>();
      connection.put("from", finding.from().name());
      connection.put("to", finding.to().name());
      connection.put("port", target.text(finding.port()));
      connection.put("allowed", finding.passes());
      List<Object> sides = new ArrayList<>();
      for (Why.Side side : finding.sides()) {
        sides.add(SideText.json(state, side));
      }
      connection.put("sides", sides);
      connections.add(connection);
    }
    return Map.of("connections", connections);
  }
}
