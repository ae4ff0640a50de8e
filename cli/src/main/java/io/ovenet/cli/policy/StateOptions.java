package io.ovenet.cli.policy;

import io.ovenet.cli.UsualCluster;
import io.ovenet.cli.sysdump.DumpedCluster;
import io.ovenet.kubernetes.KubernetesApi;
import io.ovenet.kubernetes.world.ClusterState;
import io.ovenet.kubernetes.world.LiveCluster;
import io.ovenet.kubernetes.world.StateReader;
import io.ovenet.kubernetes.world.YamlFiles;
import io.ovenet.policy.PolicySettings;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** What is asked about: the cluster of a kubeconfig, or files alone. */
final class StateOptions {
  @Option(
      names = "--kubeconfig",
      paramLabel = "FILE",
      description =
          "The cluster to ask about. By default that of KUBECONFIG, else the running lab, else"
              + " ~/.kube/config.")
  private @Nullable Path kubeconfig;

  @Option(
      names = "--cluster",
      paramLabel = "NAME",
      defaultValue = "default",
      description = "Name of the cluster that files describe. Default: ${DEFAULT-VALUE}.")
  private String cluster = "default";

  /** The cluster's state; of files alone where some are named. */
  ClusterState read(List<Path> files) throws IOException {
    if (files.isEmpty()) {
      try (KubernetesApi api = open()) {
        return LiveCluster.read(api);
      }
    }
    if (files.size() == 1 && DumpedCluster.isDump(files.getFirst())) {
      return DumpedCluster.read(files.getFirst());
    }
    return readFiles(files, PolicySettings.defaults(cluster));
  }

  static ClusterState readFiles(List<Path> files, PolicySettings settings) throws IOException {
    StateReader reader = new StateReader(settings);
    for (Path file : files) {
      YamlFiles.read(file, reader::add);
    }
    return reader.state();
  }

  /** A connection to the API server. */
  KubernetesApi open() throws IOException {
    return KubernetesApi.open(UsualCluster.kubeconfig(kubeconfig));
  }

  /** Null: the usual one. */
  @Nullable Path kubeconfig() {
    return kubeconfig;
  }
}
