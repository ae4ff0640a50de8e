package io.ovenet.prove;

import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import javax.tools.ToolProvider;

/**
 * Plants faults one at a time in a copy and lets the proof look for them: what is changed is built
 * into a directory that stands before everything else on the class path of a process of its own.
 * The sources themselves are never written. Thread-safe.
 */
public final class FaultHunt {
  /** How much of the proof each fault is given at most: a minute of the tests' five. */
  private static final int WORLDS = 2500;

  private static final int KERNEL_WORLDS = 150;

  private static final List<String> JVM_FLAGS =
      List.of(
          "--enable-native-access=ALL-UNNAMED",
          "--sun-misc-unsafe-memory-access=allow",
          "-XX:+UseSerialGC",
          "-XX:TieredStopAtLevel=1",
          "-Xmx512m");
  private static final Duration PATIENCE = Duration.ofMinutes(10);

  /**
   * How it went.
   *
   * @param found whether the proof failed
   * @param output of the proof
   */
  public record Outcome(boolean found, String output, Duration took) {
    /** Its first line. */
    public String summary() {
      return output.lines().findFirst().orElse("");
    }
  }

  private final Path root;
  private final String classPath;

  /**
   * With this process's own class path.
   *
   * @param root of the repository
   */
  public FaultHunt(Path root) {
    this.root = root;
    this.classPath =
        java.util.Arrays.stream(System.getProperty("java.class.path").split(File.pathSeparator))
            .map(entry -> Path.of(entry).toAbsolutePath().toString())
            .collect(Collectors.joining(File.pathSeparator));
  }

  /**
   * Looks for one.
   *
   * @throws IllegalArgumentException if the patch no longer fits, or what it makes cannot be built
   */
  public Outcome hunt(PlantedFault fault, long seed) throws IOException, InterruptedException {
    var scratch = Files.createTempDirectory("ovenet-fault-");
    try {
      var classes = Files.createDirectory(scratch.resolve("classes"));
      if (fault.isKernelSide()) {
        buildPrograms(fault, scratch, classes);
      } else {
        buildClass(fault, scratch, classes);
      }
      return prove(fault.name(), scratch, classes, seed, fault.isKernelSide() ? 0 : WORLDS);
    } finally {
      delete(scratch);
    }
  }

  /** Looks where there is none. What it finds is no planted fault, but one of the product's own. */
  public Outcome control(long seed) throws IOException, InterruptedException {
    var scratch = Files.createTempDirectory("ovenet-fault-");
    try {
      return prove("no fault", scratch, scratch, seed, WORLDS);
    } finally {
      delete(scratch);
    }
  }

  private Outcome prove(String name, Path scratch, Path classes, long seed, int worlds)
      throws IOException, InterruptedException {
    var began = System.nanoTime();
    var command = new ArrayList<>(List.of(ProcessHandle.current().info().command().orElse("java")));
    command.addAll(JVM_FLAGS);
    command.addAll(List.of("-cp", classes + File.pathSeparator + classPath));
    command.addAll(List.of(FaultTrial.class.getName(), Long.toString(seed)));
    command.addAll(List.of(Integer.toString(worlds), Integer.toString(KERNEL_WORLDS)));
    var log = scratch.resolve("log");
    var status = run(command, scratch, log);
    var output = Files.readString(log);
    if (status != 0 && status != FaultTrial.FOUND) {
      throw new IllegalStateException(name + ": the proof ended with " + status + "\n" + output);
    }
    var took = Duration.ofNanos(System.nanoTime() - began);
    return new Outcome(status == FaultTrial.FOUND, output, took);
  }

  private String planted(PlantedFault fault) throws IOException {
    return fault.plant(Files.readString(root.resolve(fault.source())));
  }

  private void buildClass(PlantedFault fault, Path scratch, Path classes) throws IOException {
    var source = scratch.resolve(fault.source().getFileName());
    Files.writeString(source, planted(fault));
    var compiler = ToolProvider.getSystemJavaCompiler();
    var errors = new java.io.ByteArrayOutputStream();
    var arguments = List.of("-proc:none", "-nowarn", "-implicit:none", "-cp", classPath);
    var command = new ArrayList<>(arguments);
    command.addAll(List.of("-d", classes.toString(), source.toString()));
    if (compiler.run(null, errors, errors, command.toArray(new String[0])) != 0) {
      throw new IllegalArgumentException(
          fault.name() + " does not compile: " + errors.toString(StandardCharsets.UTF_8));
    }
  }

  private void buildPrograms(PlantedFault fault, Path scratch, Path classes)
      throws IOException, InterruptedException {
    var directory = Files.createDirectory(scratch.resolve("c"));
    var original = root.resolve(fault.source()).getParent();
    try (var files = Files.newDirectoryStream(original)) {
      for (var file : files) {
        Files.copy(file, directory.resolve(file.getFileName()));
      }
    }
    Files.writeString(directory.resolve(fault.source().getFileName()), planted(fault));
    var out = classes.resolve("io/ovenet/datapath");
    var log = scratch.resolve("make.log");
    // A fault may leave a thing unused, and need not be well formatted.
    var flags = "CLANG=clang-19 -w";
    if (run(List.of("make", "-s", flags, "CLANG_FORMAT=true", "OUT=" + out), directory, log) != 0) {
      throw new IllegalArgumentException(
          fault.name() + " does not compile: " + Files.readString(log));
    }
  }

  private static int run(List<String> command, Path directory, Path log)
      throws IOException, InterruptedException {
    var process =
        new ProcessBuilder(command)
            .directory(directory.toFile())
            .redirectErrorStream(true)
            .redirectOutput(log.toFile())
            .start();
    try {
      if (!process.waitFor(PATIENCE.toSeconds(), TimeUnit.SECONDS)) {
        throw new IllegalStateException(command + " has not ended in " + PATIENCE);
      }
      return process.exitValue();
    } finally {
      process.destroyForcibly();
    }
  }

  private static void delete(Path directory) throws IOException {
    try (var walk = Files.walk(directory)) {
      for (var path : walk.sorted(java.util.Comparator.reverseOrder()).toList()) {
        Files.delete(path);
      }
    }
  }
}
