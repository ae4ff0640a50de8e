package io.ovenet.cli.hubble;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.grpc.StatusRuntimeException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Option;

/**
 * Which server is asked: the one named, the environment's, the one of the file with options, the
 * running lab's, or the usual.
 */
public final class ServerOptions {
  static final String DEFAULT_SERVER = "localhost:4245";
  private static final Path LAB_STATUS = labStatus(System.getenv("OVENET_LAB_DIR"));

  @Option(
      names = "--server",
      paramLabel = "ADDRESS",
      description =
          "Server to ask: HOST:PORT, tls://HOST:PORT or unix:///PATH. By default HUBBLE_SERVER,"
              + " else what `hubble config` says, else the running lab's node, or the relay over its nodes, else "
              + DEFAULT_SERVER
              + ".")
  private @Nullable String server;

  @ArgGroup(validate = false)
  private TlsOptions tls = new TlsOptions();

  /** Where a lab keeps its status; `ovenet lab` reads the same variable. */
  static Path labStatus(@Nullable String labDirectory) {
    return labDirectory == null || labDirectory.isEmpty()
        ? Path.of("/run/ovenet-lab/status.json")
        : Path.of(labDirectory, "run", "status.json");
  }

  /** Opens a connection; nothing is sent so far. */
  HubbleClient connect() {
    Map<String, String> environment = HubbleConfig.read(System.getenv()).environment();
    String address = address(environment, LAB_STATUS);
    boolean secure = address.startsWith("tls://");
    return new HubbleClient(
        secure ? address.substring("tls://".length()) : address,
        tls.context(secure, environment),
        tls.serverName(environment));
  }

  String address(Map<String, String> environment, Path labStatus) {
    if (server != null) {
      return server;
    }
    String named = environment.get("HUBBLE_SERVER");
    if (named != null && !named.isEmpty()) {
      return named;
    }
    String lab = ofLab(labStatus);
    return lab == null ? DEFAULT_SERVER : lab;
  }

  private static @Nullable String ofLab(Path status) {
    if (!Files.isReadable(status)) {
      return null;
    }
    try {
      JsonNode nodes = new ObjectMapper().readTree(status.toFile()).path("nodes");
      JsonNode socket = nodes.path(0).path("hubbleSocket");
      for (JsonNode node : nodes) {
        JsonNode relay = node.path("relaySocket");
        if (nodes.size() > 1 && relay.isTextual()) {
          socket = relay;
        }
      }
      return socket.isTextual() ? "unix://" + socket.asText() : null;
    } catch (IOException e) {
      throw new HubbleException(
          "cannot read the lab's state in "
              + status
              + " ("
              + e.getMessage()
              + "): name a server with --server",
          e);
    }
  }

  /** Says in a sentence what a failed call means and what to do. */
  static HubbleException explain(String server, StatusRuntimeException failure) {
    String description = failure.getStatus().getDescription();
    String said = description == null ? failure.getStatus().getCode().name() : description;
    String message =
        switch (failure.getStatus().getCode()) {
          case UNAVAILABLE ->
              "no Hubble server answers at "
                  + server
                  + " ("
                  + said
                  + "): start the lab with `ovenet lab up`, or name a server with --server";
          case DEADLINE_EXCEEDED ->
              "the Hubble server at "
                  + server
                  + " did not answer in time: look at its agent's log, or name another with"
                  + " --server";
          case INVALID_ARGUMENT -> "the Hubble server refuses this: " + said;
          case UNIMPLEMENTED -> "the Hubble server at " + server + " does not serve this: " + said;
          default -> "the Hubble server at " + server + " failed: " + said;
        };
    return new HubbleException(message, failure);
  }
}
