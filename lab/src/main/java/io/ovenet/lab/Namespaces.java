package io.ovenet.lab;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * A set of namespaces, held by one process and by nothing else: no name anywhere, so nothing can be
 * left behind. The holder is the first process of the process namespace; when it dies the kernel
 * kills everything inside and frees namespaces, links, mounts and pins with it. Thread-safe.
 */
final class Namespaces implements AutoCloseable {
  /** Which namespaces are new; the others are those of whoever starts it. */
  enum Kind {
    NETWORK("net", "-n"),
    MOUNT("mount", "-m"),
    HOSTNAME("uts", "-u"),
    PROCESS("pid", "-p"),
    CONTROL_GROUP("cgroup", "-C");

    private final String unshare;
    private final String enter;

    Kind(String unshare, String enter) {
      this.unshare = unshare;
      this.enter = enter;
    }
  }

  private static final Duration CEILING = Duration.ofSeconds(20);

  private final String name;
  private final Process starter;
  private final long holder;

  private Namespaces(String name, Process starter, long holder) {
    this.name = name;
    this.starter = starter;
    this.holder = holder;
  }

  /**
   * Makes the namespaces.
   *
   * @param outer arguments that enter the namespaces to start from; empty for the machine's own
   * @param proc where the new process namespace's /proc is mounted
   */
  static Namespaces make(
      String name, ControlGroup group, List<String> outer, List<Kind> kinds, String proc)
      throws IOException, InterruptedException {
    List<String> arguments = new ArrayList<>(outer);
    arguments.add("unshare");
    for (Kind kind : kinds) {
      arguments.add("--" + kind.unshare);
    }
    arguments.addAll(List.of("--fork", "--kill-child", "--mount-proc=" + proc));
    // A parent that ignores SIGCHLD has its children collected by the kernel: orphans of the
    // namespace leave no zombies though the holder only sleeps.
    arguments.addAll(List.of("env", "--ignore-signal=CHLD", "sleep", "infinity"));
    Process starter =
        new ProcessBuilder(Invocation.joining(group.procs(), arguments))
            .redirectInput(Path.of("/dev/null").toFile())
            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
            .redirectError(ProcessBuilder.Redirect.PIPE)
            .start();
    Instant deadline = Instant.now().plus(CEILING);
    while (starter.isAlive() && Instant.now().isBefore(deadline)) {
      Optional<ProcessHandle> sleeper =
          starter.descendants().filter(process -> sleeps(process.pid())).findFirst();
      if (sleeper.isPresent()) {
        return new Namespaces(name, starter, sleeper.get().pid());
      }
      Thread.sleep(1);
    }
    starter.destroyForcibly();
    throw new LabException(
        "cannot make the namespaces of "
            + name
            + " (root is needed): "
            + new String(
                    starter.getErrorStream().readAllBytes(),
                    java.nio.charset.StandardCharsets.UTF_8)
                .strip());
  }

  private static boolean sleeps(long pid) {
    try {
      return Files.readString(Path.of("/proc/" + pid + "/comm")).equals("sleep\n");
    } catch (IOException e) {
      return false; // gone between the listing and the look
    }
  }

  /** The holder's process id, as seen outside. */
  long holder() {
    return holder;
  }

  boolean isAlive() {
    return starter.isAlive();
  }

  /** The arguments in front of a program's own that run it in all of these namespaces. */
  static List<String> entering(long holder, List<Kind> kinds) {
    List<String> prefix = new ArrayList<>(List.of("nsenter", "-t", Long.toString(holder)));
    kinds.forEach(kind -> prefix.add(kind.enter));
    prefix.add("--");
    return prefix;
  }

  /** A program run in the given ones of these namespaces. */
  Invocation in(List<Kind> kinds, List<String> program) {
    List<String> arguments = entering(holder, kinds);
    arguments.addAll(program);
    return Invocation.of(arguments);
  }

  /** Kills everything inside. Returns when the holder is gone; doing it twice is harmless. */
  @Override
  public void close() throws IOException {
    ProcessHandle.of(holder).ifPresent(ProcessHandle::destroyForcibly);
    boolean interrupted = false;
    while (true) {
      try {
        if (!starter.waitFor(CEILING)) {
          throw new LabException("the holder of " + name + " (" + holder + ") outlives SIGKILL");
        }
        break;
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }
}
