package io.ovenet.cli.policy;

import io.ovenet.api.flow.TrafficDirection;
import io.ovenet.api.flow.Verdict;
import io.ovenet.api.ledger.LedgerEntry;
import io.ovenet.api.ledger.Party;
import io.ovenet.cli.hubble.LedgerAnswer;
import io.ovenet.cli.hubble.LedgerCommand;
import io.ovenet.cli.hubble.LedgerOptions;
import io.ovenet.cli.node.NodeAgent;
import io.ovenet.cli.node.NodeOptions;
import io.ovenet.cli.text.Format;
import io.ovenet.cli.text.Table;
import io.ovenet.kubernetes.Json;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.regex.Pattern;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code ovenet policy audit}. */
@Command(
    name = "audit",
    description = {
      "Lists what passed in audit mode alone: who would have been denied what, how often, and by"
          + " which policy. Each node keeps it for 24 hours, also over restarts of its agent."
    },
    mixinStandardHelpOptions = true,
    exitCodeListHeading = "%nExit status:%n",
    exitCodeList = {
      "0:nothing would have been denied",
      "1:it could not be found out, or a node could not forget",
      "2:wrong arguments",
      "3:something would"
    })
final class AuditCommand implements Callable<Integer> {
  /** Of a rule as a whole, which isolates: no allow of it was met. */
  private static final Pattern WHOLE_RULE = Pattern.compile(".* (spec|specs\\[[0-9]+])");

  @Spec private CommandSpec spec = CommandSpec.create();
  @Mixin private LedgerOptions ledger = new LedgerOptions("24h");
  @Mixin private NodeOptions nodes = new NodeOptions();

  @Option(
      names = "--clear",
      description =
          "Forget it all, on this node or on the lab's nodes (--node: on one of them). Needs root.")
  private boolean clear;

  @Option(
      names = {"-o", "--output"},
      paramLabel = "FORMAT",
      defaultValue = "text",
      description = "text or json. Default: ${DEFAULT-VALUE}.")
  private Format output = Format.TEXT;

  @Override
  public Integer call() throws IOException {
    if (clear) {
      return forget();
    }
    LedgerAnswer answer = ledger.ask();
    List<LedgerEntry> entries = answer.entries().stream().filter(this::isWanted).toList();
    PrintWriter out = spec.commandLine().getOut();
    if (output == Format.JSON) {
      List<Object> list = new ArrayList<>();
      entries.forEach(entry -> list.add(json(entry)));
      Map<String, Object> all = new LinkedHashMap<>();
      all.put("entries", list);
      all.put("notes", answer.notes());
      out.println(new String(Json.write(all), StandardCharsets.UTF_8));
    } else if (entries.isEmpty()) {
      out.println("Nothing would have been denied.");
    } else {
      print(entries, out);
    }
    out.flush();
    PrintWriter err = spec.commandLine().getErr();
    answer.notes().forEach(note -> err.println("note: " + note));
    err.flush();
    return entries.isEmpty() ? 0 : 3;
  }

  /** All nodes are asked, though one can't. */
  private int forget() throws IOException {
    boolean all = true;
    for (NodeAgent agent : nodes.agents()) {
      try {
        long forgotten = agent.ask("audit-forget", Map.of()).integer("forgotten");
        PrintWriter out = spec.commandLine().getOut();
        out.println(
            (agent.node().isEmpty() ? "this node" : agent.node())
                + ": "
                + forgotten
                + (forgotten == 1 ? " entry" : " entries")
                + " forgotten");
        out.flush();
      } catch (IOException e) {
        all = false;
        PrintWriter err = spec.commandLine().getErr();
        err.println("ovenet: " + e.getMessage());
        err.flush();
      }
    }
    return all ? 0 : 1;
  }

  private boolean isWanted(LedgerEntry entry) {
    return entry.getVerdict() == Verdict.AUDIT && ledger.isWanted(entry);
  }

  private static void print(List<LedgerEntry> entries, PrintWriter out) {
    Table table = new Table(2);
    table.row("FROM", "TO", "PORT", "SIDE", "COUNT", "FIRST SEEN", "LAST SEEN", "DENIED BY");
    for (LedgerEntry entry : entries) {
      table.row(
          LedgerCommand.text(entry.getSource()),
          LedgerCommand.text(entry.getDestination()),
          LedgerCommand.port(entry),
          side(entry),
          Long.toUnsignedString(entry.getConnections()),
          Instant.ofEpochSecond(entry.getFirstSeen().getSeconds()).toString(),
          Instant.ofEpochSecond(entry.getLastSeen().getSeconds()).toString(),
          (isDefault(entry) ? "default deny" : "")
              + (isDefault(entry) && entry.getRulesCount() > 0 ? " of " : "")
              + String.join(", ", entry.getRulesList()));
    }
    table.print(out);
  }

  private static String side(LedgerEntry entry) {
    return entry.getDirection() == TrafficDirection.INGRESS ? "ingress" : "egress";
  }

  /** No rule denies it by name: nothing allows it. */
  private static boolean isDefault(LedgerEntry entry) {
    return entry.getRulesList().stream().allMatch(rule -> WHOLE_RULE.matcher(rule).matches());
  }

  private static Map<String, Object> json(LedgerEntry entry) {
    Map<String, Object> one = new LinkedHashMap<>();
    one.put("from", json(entry.getSource()));
    one.put("to", json(entry.getDestination()));
    one.put("protocol", (long) entry.getProtocol());
    one.put("port", (long) entry.getPort());
    one.put("direction", side(entry));
    one.put("byDefault", isDefault(entry));
    one.put("rules", List.copyOf(entry.getRulesList()));
    one.put("count", entry.getConnections());
    one.put("firstSeen", Instant.ofEpochSecond(entry.getFirstSeen().getSeconds()).toString());
    one.put("lastSeen", Instant.ofEpochSecond(entry.getLastSeen().getSeconds()).toString());
    return one;
  }

  private static Map<String, Object> json(Party party) {
    Map<String, Object> one = new LinkedHashMap<>();
    one.put("namespace", party.getNamespace());
    one.put("kind", party.getKind());
    one.put("name", party.getName());
    one.put("labels", List.copyOf(party.getLabelsList()));
    return one;
  }
}
