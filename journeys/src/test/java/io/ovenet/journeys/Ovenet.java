package io.ovenet.journeys;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;

/** The launcher of this checkout, with a lab directory of its own. */
final class Ovenet {
  static final Path HOME = home();
  private final Map<String, String> environment = new TreeMap<>();

  Ovenet(Path labDirectory) {
    environment.put("OVENET_LAB_DIR", labDirectory.toString());
  }

  private static Path home() {
    Path directory = Path.of("").toAbsolutePath();
    while (!Files.isExecutable(directory.resolve("ovenet"))) {
      directory = directory.getParent();
      if (directory == null) {
        throw new IllegalStateException("the launcher is in no directory above this one");
      }
    }
    return directory;
  }

  /** A finished command. */
  record Result(int exit, String out, String err) {
    Result succeed() {
      if (exit != 0) {
        throw new AssertionError("exit " + exit + "\n" + out + "\n" + err);
      }
      return this;
    }
  }

  private static List<String> command(String... arguments) {
    List<String> command = new ArrayList<>(List.of(HOME.resolve("ovenet").toString()));
    command.addAll(List.of(arguments));
    return command;
  }

  /** Runs a command of the launcher to its end. */
  Result run(String... arguments) throws IOException, InterruptedException {
    return run(command(arguments), environment);
  }

  /** A command of the launcher, for the caller to start. */
  ProcessBuilder prepare(String... arguments) {
    ProcessBuilder builder = new ProcessBuilder(command(arguments));
    builder.environment().putAll(environment);
    return builder;
  }

  static Result run(List<String> command, Map<String, String> environment)
      throws IOException, InterruptedException {
    Path out = Files.createTempFile("ovenet-out", "");
    Path err = Files.createTempFile("ovenet-err", "");
    try {
      ProcessBuilder builder =
          new ProcessBuilder(command)
              .redirectInput(Path.of("/dev/null").toFile())
              .redirectOutput(out.toFile())
              .redirectError(err.toFile());
      builder.environment().putAll(environment);
      Process process = builder.start();
      if (!process.waitFor(10, TimeUnit.MINUTES)) {
        process.destroyForcibly();
        throw new AssertionError(command + " did not end\n" + text(out) + text(err));
      }
      return new Result(process.exitValue(), text(out), text(err));
    } finally {
      Files.delete(out);
      Files.delete(err);
    }
  }

  private static String text(Path file) throws IOException {
    return new String(Files.readAllBytes(file), StandardCharsets.UTF_8);
  }
}
