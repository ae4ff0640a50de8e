package io.ovenet.cli.hubble;

import java.nio.file.Path;
import picocli.CommandLine.Option;

/** The same for commands that say nothing else of a cluster. */
final class HubbleServerOptions extends ServerOptions {
  @Option(
      names = "--kubeconfig",
      paramLabel = "FILE",
      description =
          "The cluster, where its API server is asked. By default that of KUBECONFIG, else the"
              + " running lab, else ~/.kube/config.")
  void setKubeconfig(Path file) {
    useCluster(file);
  }
}
