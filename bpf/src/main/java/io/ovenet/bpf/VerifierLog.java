package io.ovenet.bpf;

import java.util.ArrayList;
import java.util.List;

/** Finds in libbpf's and the verifier's output the few lines that say what is wrong. */
final class VerifierLog {
  private static final int MAX_LINES = 4;

  private VerifierLog() {}

  /**
   * Each program's load error with the verifier's last lines before its statistics; without a
   * verifier's log, libbpf's first lines.
   */
  static String summary(String log) {
    if (log.isBlank()) {
      return "";
    }
    List<String> found = new ArrayList<>();
    List<String> outside = new ArrayList<>();
    List<String> inside = new ArrayList<>();
    boolean verifier = false;
    for (String raw : log.split("\n", -1)) {
      String line = raw.strip();
      if (line.contains("-- BEGIN PROG LOAD LOG --")) {
        verifier = true;
        inside.clear();
      } else if (line.contains("-- END PROG LOAD LOG --")) {
        verifier = false;
        found.addAll(inside.subList(Math.max(0, inside.size() - 2), inside.size()));
      } else if (verifier) {
        if (!line.isEmpty() && !isStatistics(line)) {
          inside.add(line);
        }
      } else if (!line.isEmpty()) {
        outside.add(line.startsWith("libbpf: ") ? line.substring(8) : line);
      }
    }
    List<String> lines = new ArrayList<>(outside.subList(0, Math.min(2, outside.size())));
    lines.addAll(found);
    return String.join("; ", lines.subList(0, Math.min(MAX_LINES, lines.size())));
  }

  private static boolean isStatistics(String line) {
    return line.startsWith("processed ")
        || line.startsWith("verification time ")
        || line.startsWith("stack depth ");
  }
}
