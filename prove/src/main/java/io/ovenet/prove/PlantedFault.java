package io.ovenet.prove;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;

/**
 * A fault that somebody could make, as a patch of one source: text that says what is wrong, then a
 * unified diff. A hunk is put where its lines stand, whatever number it gives, so a patch holds
 * until those very lines change.
 *
 * @param name of the patch's file
 * @param what is wrong
 * @param source path from the repository's root
 */
public record PlantedFault(String name, String what, Path source, List<Hunk> hunks) {
  /** Lines as they are, and as they are to be. */
  public record Hunk(String before, String after) {}

  public PlantedFault {
    hunks = List.copyOf(hunks);
  }

  /** All patches of a directory, sorted by name. */
  public static List<PlantedFault> readAll(Path directory) throws IOException {
    var faults = new ArrayList<PlantedFault>();
    try (var files = Files.newDirectoryStream(directory, "*.patch")) {
      for (var file : files) {
        faults.add(parse(file.getFileName().toString(), Files.readAllLines(file)));
      }
    }
    faults.sort(java.util.Comparator.comparing(PlantedFault::name));
    return faults;
  }

  static PlantedFault parse(String name, List<String> lines) {
    var what = new StringBuilder();
    var hunks = new ArrayList<Hunk>();
    Path source = null;
    var before = new StringBuilder();
    var after = new StringBuilder();
    for (var line : lines) {
      if (line.startsWith("--- ") && source == null) {
        continue;
      }
      if (line.startsWith("+++ b/") && source == null) {
        source = Path.of(line.substring("+++ b/".length()));
      } else if (source == null) {
        what.append(what.isEmpty() ? "" : " ").append(line.strip());
      } else if (line.startsWith("@@")) {
        add(hunks, before, after);
      } else {
        var text = line.isEmpty() ? "" : line.substring(1);
        switch (line.isEmpty() ? ' ' : line.charAt(0)) {
          case '-' -> before.append(text).append('\n');
          case '+' -> after.append(text).append('\n');
          case ' ' -> {
            before.append(text).append('\n');
            after.append(text).append('\n');
          }
          default -> throw new IllegalArgumentException(name + " is no patch at: " + line);
        }
      }
    }
    add(hunks, before, after);
    if (hunks.isEmpty()) {
      throw new IllegalArgumentException(name + " changes nothing");
    }
    return new PlantedFault(name, what.toString(), Objects.requireNonNull(source), hunks);
  }

  private static void add(List<Hunk> hunks, StringBuilder before, StringBuilder after) {
    if (!before.isEmpty() || !after.isEmpty()) {
      hunks.add(new Hunk(before.toString(), after.toString()));
      before.setLength(0);
      after.setLength(0);
    }
  }

  /** Whether it is in a program of the kernel. */
  public boolean isKernelSide() {
    return !source.toString().endsWith(".java");
  }

  /**
   * The source with the fault.
   *
   * @throws IllegalArgumentException if a hunk's lines stand nowhere in it, or twice
   */
  public String plant(String text) {
    var planted = text;
    for (var hunk : hunks) {
      var at = planted.indexOf(hunk.before);
      if (at < 0 || planted.indexOf(hunk.before, at + 1) >= 0) {
        throw new IllegalArgumentException(
            "%s no longer fits %s: the lines%n%sstand there %s; write the patch anew"
                .formatted(name, source, hunk.before, at < 0 ? "nowhere" : "more than once"));
      }
      planted =
          planted.substring(0, at) + hunk.after + planted.substring(at + hunk.before.length());
    }
    return planted;
  }
}
