package io.ovenet.cli.policy;

import io.ovenet.cli.node.NodeAgent;
import io.ovenet.cli.node.NodeOptions;
import io.ovenet.cli.text.OutputOptions;
import io.ovenet.kubernetes.Json;
import io.ovenet.kubernetes.JsonObject;
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
import picocli.CommandLine.Spec;

/** {@code ovenet policy verify}. */
@Command(
    name = "verify",
    description = {
      "Holds what the kernel of a node decides against what policies say. The kernel is asked by"
          + " its own lookups in its own maps, without a packet: nothing is left behind.",
      "The agent looks by itself every ten minutes and tells by a metric"
          + " (ovenet_policy_verification_differences) and its log."
    },
    mixinStandardHelpOptions = true,
    exitCodeListHeading = "%nExit status:%n",
    exitCodeList = {
      "0:the kernel decides as policies say",
      "1:it could not be found out",
      "2:wrong arguments",
      "3:it does not"
    })
final class VerifyCommand implements Callable<Integer> {
  private static final int TRIES = 3;

  @Spec private CommandSpec spec = CommandSpec.create();
  @Mixin private StateOptions options = new StateOptions();
  @Mixin private NodeOptions nodes = new NodeOptions();

  @Option(
      names = "--exhaustive",
      description = {
        "Also reads the policies anew from the API server, divides all questions there are about"
            + " the node's endpoints into classes that no rule tells apart, and has one of each"
            + " decided by the documents read sentence by sentence, by the compiled form and by the"
            + " kernel."
      })
  private boolean exhaustive;

  @Mixin private OutputOptions output = new OutputOptions();

  @Override
  public Integer call() throws IOException {
    PrintWriter out = spec.commandLine().getOut();
    List<Object> list = new ArrayList<>();
    boolean same = true;
    for (NodeAgent agent : nodes.agents()) {
      JsonObject report = agent.ask("policy-verify", Map.of());
      same &= report.integer("differences") == 0;
      Map<String, Object> fields = new LinkedHashMap<>();
      fields.put("node", agent.node());
      fields.put("verified", report.fields());
      ExhaustiveVerification.Outcome outcome = null;
      if (exhaustive) {
        outcome = decideAll(agent);
        same &= outcome.wrong().isEmpty();
        fields.put("exhaustive", outcome.fields());
      }
      list.add(fields);
      if (!output.isJson()) {
        print(agent, report, out);
        if (outcome != null) {
          outcome.print(out);
        }
      }
    }
    if (output.isJson()) {
      out.println(new String(Json.write(Map.of("nodes", list)), StandardCharsets.UTF_8));
    }
    out.flush();
    return same ? 0 : 3;
  }

  /** Again, where something changed between the API server's answer and the kernel's. */
  private ExhaustiveVerification.Outcome decideAll(NodeAgent agent) throws IOException {
    ExhaustiveVerification.Outcome outcome = null;
    for (int i = 0; i < TRIES && (outcome == null || !outcome.wrong().isEmpty()); i++) {
      outcome = new ExhaustiveVerification(options.read(List.of()), agent).run();
    }
    return java.util.Objects.requireNonNull(outcome);
  }

  private static void print(NodeAgent agent, JsonObject report, PrintWriter out) {
    out.printf(
        "%s: revision %d, %d endpoints with %d policies, %d addresses, %d identities:"
            + " %,d questions about %,d classes in %d ms, %s%n",
        agent.node().isEmpty() ? "this node" : agent.node(),
        report.integer("revision"),
        report.integer("endpoints"),
        report.integer("policies"),
        report.integer("addresses"),
        report.integer("identities"),
        report.integer("questions"),
        report.integer("classes"),
        report.integer("milliseconds"),
        report.integer("differences") == 0
            ? "the kernel decides as policies say"
            : report.integer("differences") + " differences");
    report.strings("wrong").forEach(text -> out.println("  " + text));
    if (report.integer("differences") > 0) {
      out.println(
          "  Somebody has written the kernel's maps: restart the node's agent, which writes them"
              + " anew.");
    }
  }
}
