package io.ovenet.lab;

import java.io.IOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * Where a lab keeps its files, and the name that sets it apart from others on the machine.
 *
 * @param name of the lab; also of its control group
 * @param run what is gone after a restart of the machine: status, sockets, logs, nodes' /run
 * @param data what is not: the API's objects
 */
record LabDirectory(String name, Path run, Path data) {
  /** The environment variable that names another place than the machine's own directories. */
  static final String VARIABLE = "OVENET_LAB_DIR";

  private static final Path RUN = Path.of("/run/ovenet-lab");

  LabDirectory {
    if (!name.matches("[a-z0-9]([a-z0-9-]{0,40}[a-z0-9])?")) {
      throw new IllegalArgumentException(
          "`" + name + "` is no name for a lab: use lower-case letters, digits and dashes");
    }
  }

  /**
   * @param stateDir as given on the command line; null for the environment's, then the machine's
   * @param name null for one that follows from the directory
   */
  static LabDirectory of(@Nullable Path stateDir, @Nullable String name) {
    String variable = System.getenv(VARIABLE);
    Path base =
        stateDir != null || variable == null || variable.isBlank() ? stateDir : Path.of(variable);
    if (base == null) {
      return new LabDirectory(name == null ? "lab" : name, RUN, Path.of("/var/lib/ovenet-lab"));
    }
    Path absolute = base.toAbsolutePath().normalize();
    String last = absolute.getFileName() == null ? "" : absolute.getFileName().toString();
    String derived =
        last.toLowerCase(Locale.ROOT).replaceAll("[^a-z0-9]+", "-").replaceAll("^-|-$", "");
    return new LabDirectory(
        name == null ? (derived.isEmpty() ? "lab" : derived) : name,
        absolute.resolve("run"),
        absolute.resolve("data"));
  }

  /** The directory that both parts are in; null for the machine's own places. */
  @Nullable Path base() {
    return run.equals(RUN) ? null : run.getParent();
  }

  Path status() {
    return run.resolve("status.json");
  }

  Path lease() {
    return run.resolve("lab.json");
  }

  /** The socket by which commands change a lab that runs. */
  Path control() {
    return run.resolve("control.sock");
  }

  Path log() {
    return run.resolve("lab.log");
  }

  Path kubeconfig() {
    return run.resolve("kubeconfig");
  }

  Path node(String node) {
    return run.resolve("nodes").resolve(node);
  }

  /** Removes a directory with all that is in it, following no link; one that is missing is fine. */
  static void removeTree(Path tree) throws IOException {
    if (!Files.exists(tree, java.nio.file.LinkOption.NOFOLLOW_LINKS)) {
      return;
    }
    Files.walkFileTree(
        tree,
        new SimpleFileVisitor<>() {
          @Override
          public FileVisitResult visitFile(Path file, BasicFileAttributes attributes)
              throws IOException {
            Files.deleteIfExists(file);
            return FileVisitResult.CONTINUE;
          }

          @Override
          public FileVisitResult visitFileFailed(Path file, IOException failure)
              throws IOException {
            if (failure instanceof NoSuchFileException) {
              return FileVisitResult.CONTINUE;
            }
            throw failure;
          }

          @Override
          public FileVisitResult postVisitDirectory(Path directory, @Nullable IOException failure)
              throws IOException {
            if (failure != null) {
              throw failure;
            }
            Files.deleteIfExists(directory);
            return FileVisitResult.CONTINUE;
          }
        });
  }
}
