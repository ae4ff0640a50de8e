package io.ovenet.cli.hubble;

import io.ovenet.cli.UsualCluster;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** Whether the relay is reached through the API server; the environment's, where not given. */
final class PortForwardOptions {
  private static final int HIGHEST_PORT = 65_535;

  @Option(
      names = {"-P", "--port-forward"},
      description =
          "Asks the relay of a cluster, by a port of this machine that is forwarded to a pod of its"
              + " service hubble-relay; --server then counts for nothing.")
  private boolean wanted;

  @Option(
      names = "--port-forward-port",
      paramLabel = "PORT",
      description = "That port, with -P (default: 4245; 0: any that is free).")
  private @Nullable Integer port;

  @Option(
      names = "--kube-context",
      paramLabel = "NAME",
      description = "The kubeconfig's context, with -P (default: its current one).")
  private @Nullable String context;

  @Option(
      names = "--kube-namespace",
      paramLabel = "NAME",
      description = "Where the service is, with -P (default: kube-system).")
  private @Nullable String namespace;

  boolean wanted(Map<String, String> environment) {
    return wanted || TlsOptions.isSet(environment, "HUBBLE_PORT_FORWARD");
  }

  /**
   * Opens the way.
   *
   * @param named the kubeconfig; null: the environment's, else the usual one
   */
  PortForward open(@Nullable Path named, Map<String, String> environment) {
    String ofEnvironment = environment.getOrDefault("HUBBLE_KUBECONFIG", "");
    try {
      Path kubeconfig =
          named != null
              ? named
              : UsualCluster.kubeconfig(ofEnvironment.isEmpty() ? null : Path.of(ofEnvironment));
      return PortForward.open(
          kubeconfig,
          context != null ? context : environment.getOrDefault("HUBBLE_KUBE_CONTEXT", ""),
          namespace != null
              ? namespace
              : environment.getOrDefault("HUBBLE_KUBE_NAMESPACE", "kube-system"),
          port(environment));
    } catch (IOException e) {
      throw new HubbleException("-P: " + e.getMessage(), e);
    }
  }

  private int port(Map<String, String> environment) {
    String said =
        port != null
            ? port.toString()
            : environment.getOrDefault("HUBBLE_PORT_FORWARD_PORT", "4245");
    try {
      int number = Integer.parseInt(said);
      if (number >= 0 && number <= HIGHEST_PORT) {
        return number;
      }
    } catch (NumberFormatException _) {
      // Said below.
    }
    throw new HubbleException("--port-forward-port " + said + ": name a port of 0 to 65535");
  }
}
