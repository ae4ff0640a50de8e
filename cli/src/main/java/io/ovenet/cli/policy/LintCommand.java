package io.ovenet.cli.policy;

import io.ovenet.cli.text.OutputOptions;
import io.ovenet.kubernetes.Json;
import io.ovenet.kubernetes.question.Findings;
import io.ovenet.kubernetes.question.SideText;
import io.ovenet.kubernetes.world.ClusterState;
import io.ovenet.kubernetes.world.PolicyDocument;
import io.ovenet.policy.RuleOrigin;
import io.ovenet.policy.lint.Check;
import io.ovenet.policy.lint.Finding;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code ovenet policy lint}. */
@Command(
    name = "lint",
    description = {
      "Looks for what is probably not meant: invalid, not-in-force, filtered-label, misspelt, dead,"
          + " shadowed, overruled, world, no-dns.",
      "Where no pods are known (files with policies alone), nothing is said of who is selected."
    },
    mixinStandardHelpOptions = true,
    exitCodeListHeading = "%nExit status:%n",
    exitCodeList = {
      "0:nothing was found",
      "1:it could not be looked at",
      "2:wrong arguments",
      "3:something was found"
    })
final class LintCommand implements Callable<Integer> {
  @Spec private CommandSpec spec = CommandSpec.create();
  @Mixin private StateOptions options = new StateOptions();

  @Mixin private FileOptions files = new FileOptions();

  @Option(
      names = "--ignore",
      paramLabel = "CHECK",
      split = ",",
      description = "Checks that are left out, by name.")
  private List<String> ignored = List.of();

  @Mixin private OutputOptions output = new OutputOptions();

  @Override
  public Integer call() throws IOException {
    Set<Check> left = ignoredChecks();
    ClusterState state = options.read(files.files());
    List<Finding> findings = new ArrayList<>(Findings.of(state));
    findings.removeIf(finding -> left.contains(finding.check()));
    PrintWriter out = spec.commandLine().getOut();
    if (output.isJson()) {
      List<Object> list = new ArrayList<>();
      findings.forEach(finding -> list.add(json(state, finding)));
      out.println(new String(Json.write(Map.of("findings", list)), StandardCharsets.UTF_8));
    } else {
      for (Finding finding : findings) {
        out.println(place(state, finding.place()) + ": " + finding.check());
        out.println("    " + finding.message());
        out.println("    " + finding.remedy());
      }
      out.println(
          state.policies().size()
              + " policies, "
              + state.workloads().size()
              + " pods, "
              + findings.size()
              + " findings");
    }
    out.flush();
    return findings.isEmpty() ? 0 : 3;
  }

  private Set<Check> ignoredChecks() {
    Set<Check> checks = new LinkedHashSet<>();
    for (String name : ignored) {
      for (Check check : Check.values()) {
        if (check.toString().equals(name)) {
          checks.add(check);
        }
      }
      if (checks.stream().noneMatch(check -> check.toString().equals(name))) {
        throw new ParameterException(
            spec.commandLine(),
            "no check is called '" + name + "': use some of " + List.of(Check.values()));
      }
    }
    return checks;
  }

  private static String place(ClusterState state, RuleOrigin origin) {
    PolicyDocument policy = state.policies().get(origin.policy());
    return policy == null || policy.source() == null
        ? origin.toString()
        : policy.source().place(origin.fieldPath()) + ": " + origin;
  }

  private static Map<String, Object> json(ClusterState state, Finding finding) {
    Map<String, Object> object = new LinkedHashMap<>();
    object.put("check", finding.check().toString());
    object.putAll(SideText.json(state, finding.place()));
    object.put("message", finding.message());
    object.put("remedy", finding.remedy());
    return object;
  }
}
