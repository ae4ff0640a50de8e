package io.ovenet.cli.hubble;

import java.util.ArrayList;
import java.util.List;
import java.util.StringJoiner;
import picocli.CommandLine;
import picocli.CommandLine.Model.OptionSpec;

/** Scripts for shells that picocli writes none for: fish and PowerShell. */
final class CompletionScript {
  /** What may stand after the commands of {@code path}, joined by blanks; empty: the first word. */
  private record Candidate(String path, String word, String text, boolean takesValue) {}

  private final String name;
  private final List<Candidate> candidates = new ArrayList<>();

  /** Of a command with all its subcommands. */
  CompletionScript(CommandLine command) {
    name = command.getCommandName();
    add(command, "");
  }

  private void add(CommandLine command, String path) {
    for (OptionSpec option : command.getCommandSpec().options()) {
      if (!option.hidden()) {
        String text = firstLine(option.description());
        for (String word : option.names()) {
          candidates.add(new Candidate(path, word, text, option.arity().min() > 0));
        }
      }
    }
    command
        .getSubcommands()
        .forEach(
            (word, sub) -> {
              if (sub.getCommandSpec().usageMessage().hidden()) {
                return;
              }
              String text = firstLine(sub.getCommandSpec().usageMessage().description());
              candidates.add(new Candidate(path, word, text, false));
              add(sub, path.isEmpty() ? word : path + " " + word);
            });
  }

  /** The first sentence, as a shell shows it beside the word: without variables and marks. */
  private static String firstLine(String[] lines) {
    String text =
        lines.length == 0 ? "" : lines[0].replaceAll("\\$\\{[^}]*}|%n|`|[\\p{Cntrl}]", "");
    return text.length() <= 60 ? text : text.substring(0, 57) + "...";
  }

  /** For fish: {@code hubble completion fish | source}. */
  String fish() {
    var script = new StringJoiner("\n", "", "\n");
    script.add("# fish completion of " + name);
    script.add("function __" + name + "_is_at");
    script.add("    set -l path");
    script.add("    for word in (commandline -opc)[2..]");
    script.add("        string match -q -- '-*' $word; and continue");
    script.add("        contains -- (string join ' ' $path $word) $__" + name + "_paths");
    script.add("        and set -a path $word");
    script.add("    end");
    script.add("    test \"$path\" = \"$argv\""); // quoted, a list is one word, also an empty one
    script.add("end");
    var paths = new StringJoiner(" ", "set -g __" + name + "_paths ", "");
    candidates.stream()
        .filter(each -> !each.word().startsWith("-"))
        .forEach(each -> paths.add(fishQuoted((each.path() + " " + each.word()).strip())));
    script.add(paths.toString());
    for (Candidate each : candidates) {
      var line = new StringBuilder("complete -c ").append(name);
      line.append(" -n ").append(fishQuoted("__" + name + "_is_at " + each.path()));
      if (each.word().startsWith("--")) {
        line.append(" -l ").append(each.word().substring(2));
      } else if (each.word().startsWith("-")) {
        line.append(" -s ").append(each.word().substring(1));
      } else {
        line.append(" -f -a ").append(each.word());
      }
      line.append(each.takesValue() ? " -r" : "");
      script.add(line.append(" -d ").append(fishQuoted(each.text())).toString());
    }
    return script.toString();
  }

  private static String fishQuoted(String text) {
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'";
  }

  /** For PowerShell: {@code hubble completion powershell | Out-String | Invoke-Expression}. */
  String powershell() {
    var script = new StringJoiner("\n", "", "\n");
    script.add("# PowerShell completion of " + name);
    script.add("Register-ArgumentCompleter -Native -CommandName " + name + " -ScriptBlock {");
    script.add("    param($word, $ast, $cursor)");
    script.add("    $all = @(");
    for (Candidate each : candidates) {
      script.add(
          "        ,@("
              + String.join(
                  ", ",
                  powershellQuoted(each.path()),
                  powershellQuoted(each.word()),
                  powershellQuoted(each.text().isEmpty() ? each.word() : each.text()))
              + ")");
    }
    script.add("    )");
    script.add("    $paths = $all | Where-Object { -not $_[1].StartsWith('-') } |");
    script.add("        ForEach-Object { ($_[0] + ' ' + $_[1]).Trim() }");
    script.add("    $path = ''");
    script.add("    foreach ($element in ($ast.CommandElements | Select-Object -Skip 1)) {");
    script.add("        if ($element.Extent.EndOffset -ge $cursor) { break }");
    script.add("        $next = ($path + ' ' + $element.ToString()).Trim()");
    script.add("        if ($paths -contains $next) { $path = $next }");
    script.add("    }");
    script.add("    $all | Where-Object { $_[0] -eq $path -and $_[1].StartsWith($word) } |");
    script.add("        ForEach-Object {");
    script.add("            [System.Management.Automation.CompletionResult]::new(");
    script.add("                $_[1], $_[1], 'ParameterValue', $_[2])");
    script.add("        }");
    script.add("}");
    return script.toString();
  }

  private static String powershellQuoted(String text) {
    return "'" + text.replace("'", "''") + "'";
  }
}
