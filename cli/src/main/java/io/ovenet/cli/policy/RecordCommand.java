package io.ovenet.cli.policy;

import io.ovenet.cli.hubble.LedgerAnswer;
import io.ovenet.cli.hubble.LedgerOptions;
import io.ovenet.kubernetes.question.YamlText;
import java.io.PrintWriter;
import java.util.Map;
import java.util.TreeSet;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** {@code ovenet policy record}. */
@Command(
    name = "record",
    description = {
      "Writes the least policies that allow the connections that were seen, as YAML.",
      "They deny all else: review them, and try them with `ovenet policy diff --replay` first."
    },
    mixinStandardHelpOptions = true)
final class RecordCommand implements Callable<Integer> {
  @Spec private CommandSpec spec = CommandSpec.create();
  @Mixin private LedgerOptions ledger = new LedgerOptions("24h");

  @Override
  public Integer call() {
    LedgerAnswer seen = ledger.ask();
    var recorder = new Recorder(new TreeSet<>(ledger.namespaces()));
    seen.entries().forEach(recorder::add);
    PrintWriter out = spec.commandLine().getOut();
    for (Map<String, Object> policy : recorder.policies()) {
      out.println("---");
      out.print(YamlText.write(policy));
    }
    out.flush();
    PrintWriter err = spec.commandLine().getErr();
    if (recorder.policies().isEmpty()) {
      err.println("note: no connections of these workloads were seen since " + ledger.since());
    }
    seen.notes().forEach(note -> err.println("note: " + note));
    recorder.leftOut().forEach(note -> err.println("left out: " + note));
    err.flush();
    return 0;
  }
}
