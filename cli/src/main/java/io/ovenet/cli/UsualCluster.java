package io.ovenet.cli;

import io.ovenet.kubernetes.Json;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The cluster that is asked where none is named. */
public final class UsualCluster {
  private UsualCluster() {}

  /** The kubeconfig that is named, else the usual one of this process's environment. */
  public static Path kubeconfig(@Nullable Path named) throws IOException {
    return named != null
        ? named
        : kubeconfig(System.getenv(), System.getProperty("user.home", "/root"));
  }

  /**
   * That of KUBECONFIG, else the running lab's, else the user's own.
   *
   * @throws IOException saying that there is none, or that the lab's state cannot be read
   */
  public static Path kubeconfig(Map<String, String> environment, String home) throws IOException {
    String named = environment.get("KUBECONFIG");
    if (named != null && !named.isEmpty()) {
      return Path.of(named.split(":", -1)[0]);
    }
    Path lab = ofLab(environment.get("OVENET_LAB_DIR"));
    if (lab != null) {
      return lab;
    }
    Path own = Path.of(home, ".kube", "config");
    if (Files.isReadable(own)) {
      return own;
    }
    throw new IOException(
        "no cluster: start the lab with `ovenet lab up`, name a kubeconfig with --kubeconfig, or"
            + " files with -f");
  }

  private static @Nullable Path ofLab(@Nullable String directory) throws IOException {
    Path status =
        directory == null || directory.isEmpty()
            ? Path.of("/run/ovenet-lab/status.json")
            : Path.of(directory, "run", "status.json");
    if (!Files.isReadable(status)) {
      return null;
    }
    String file = Json.parse(Files.readAllBytes(status)).object("api").string("kubeconfig");
    return file.isEmpty() ? null : Path.of(file);
  }
}
