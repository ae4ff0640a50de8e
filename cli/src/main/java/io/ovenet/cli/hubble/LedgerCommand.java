package io.ovenet.cli.hubble;

import io.ovenet.api.flow.TrafficDirection;
import io.ovenet.api.flow.Verdict;
import io.ovenet.api.ledger.LedgerEntry;
import io.ovenet.api.ledger.Party;
import io.ovenet.cli.text.Table;
import io.ovenet.cli.text.Terminal;
import java.io.PrintWriter;
import java.time.Instant;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code ovenet hubble ledger}. */
@Command(
    name = "ledger",
    description = {
      "Who connected to whom, how often, and by which rule: up to 24 hours back.",
      "Each side's policy has a line of its own; what was denied counts attempts. Bytes are of both"
          + " ways."
    },
    mixinStandardHelpOptions = true)
public final class LedgerCommand implements Callable<Integer> {
  @Spec private CommandSpec spec = CommandSpec.create();
  @Mixin private LedgerOptions ledger = new LedgerOptions("1h");

  @Option(names = "--until", paramLabel = "TIME", description = "Until when. Default: now.")
  private @Nullable String until;

  @Option(
      names = "--workload",
      paramLabel = "[KIND/]NAME",
      description = "Connections from or to it, such as web or VirtualMachine/web-vm.")
  private List<String> workloads = List.of();

  @Option(
      names = "--verdict",
      paramLabel = "VERDICT",
      description = "FORWARDED, DROPPED (or DENIED), AUDIT or REDIRECTED.")
  private List<String> verdicts = List.of();

  @Option(names = "--port", paramLabel = "PORT", description = "Of the destination.")
  private List<Integer> ports = List.of();

  @Option(
      names = {"-o", "--output"},
      paramLabel = "FORM",
      defaultValue = "table",
      description = "table or json. Default: ${DEFAULT-VALUE}.")
  private String output = "table";

  @Override
  public Integer call() {
    if (!output.equals("table") && !output.equals("json")) {
      throw new HubbleException("-o " + output + ": the form is table or json");
    }
    LedgerAnswer answer = ledger.ask(until, wanted());
    PrintWriter out = spec.commandLine().getOut();
    if (output.equals("json")) {
      out.println(answer.entries().isEmpty() ? "[]" : IndentedJson.of(answer.entries()));
    } else {
      print(answer.entries(), out);
    }
    out.flush();
    PrintWriter err = spec.commandLine().getErr();
    answer.notes().forEach(note -> err.println(Terminal.safe("note: " + note)));
    err.flush();
    return 0;
  }

  private Predicate<LedgerEntry> wanted() {
    var words = verdicts.stream().map(LedgerCommand::verdict).toList();
    return entry ->
        ledger.isWanted(entry)
            && (workloads.isEmpty()
                || workloads.stream()
                    .anyMatch(
                        name -> is(entry.getSource(), name) || is(entry.getDestination(), name)))
            && (words.isEmpty() || words.contains(entry.getVerdict()))
            && (ports.isEmpty() || ports.contains(entry.getPort()));
  }

  private static boolean is(Party party, String workload) {
    return party.getName().equals(workload)
        || (party.getKind() + "/" + party.getName()).equals(workload);
  }

  private static Verdict verdict(String text) {
    String word = text.toUpperCase(Locale.ROOT);
    return switch (word) {
      case "DENIED" -> Verdict.DROPPED;
      case "FORWARDED", "DROPPED", "AUDIT", "REDIRECTED" -> Verdict.valueOf(word);
      default ->
          throw new HubbleException(
              "--verdict " + text + ": one of FORWARDED, DROPPED, DENIED, AUDIT and REDIRECTED");
    };
  }

  private static void print(List<LedgerEntry> entries, PrintWriter out) {
    if (entries.isEmpty()) {
      out.println("No connections of that kind.");
      return;
    }
    var table = new Table(3);
    table.row(
        "SOURCE", "DESTINATION", "PORT", "SIDE", "VERDICT", "COUNT", "BYTES", "LAST SEEN", "RULE");
    for (LedgerEntry entry : entries) {
      table.row(
          text(entry.getSource()),
          text(entry.getDestination()),
          port(entry),
          entry.getDirection() == TrafficDirection.INGRESS ? "ingress" : "egress",
          entry.getVerdict().name(),
          Long.toUnsignedString(entry.getConnections()),
          Bytes.text(entry.getBytes()),
          Instant.ofEpochSecond(entry.getLastSeen().getSeconds()).toString(),
          entry.getRulesCount() == 0 ? "-" : String.join(", ", entry.getRulesList()));
    }
    table.print(out);
  }

  /** {@code namespace/kind/name}; of whoever has no name, the labels that say what it is. */
  public static String text(Party party) {
    if (!party.getName().isEmpty()) {
      String kind = party.getKind().isEmpty() ? "" : party.getKind() + "/";
      return (party.getNamespace().isEmpty() ? "" : party.getNamespace() + "/")
          + kind
          + party.getName();
    }
    return party.getLabelsCount() == 0 ? "unknown" : String.join(",", party.getLabelsList());
  }

  public static String port(LedgerEntry entry) {
    return switch (entry.getProtocol()) {
      case 6 -> entry.getPort() + "/TCP";
      case 17 -> entry.getPort() + "/UDP";
      case 132 -> entry.getPort() + "/SCTP";
      case 1 -> "ICMP type " + entry.getPort();
      case 58 -> "ICMPv6 type " + entry.getPort();
      default -> "protocol " + entry.getProtocol();
    };
  }
}
