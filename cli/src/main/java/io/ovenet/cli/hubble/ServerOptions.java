package io.ovenet.cli.hubble;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.grpc.StatusRuntimeException;
import io.netty.handler.ssl.SslContext;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Option;

/**
 * Which server is asked: the one named, the environment's, the one of the file with options, the
 * running lab's, or the usual.
 */
public class ServerOptions {
  static final String DEFAULT_SERVER = "localhost:4245";

  /** Servers of this machine. */
  private static final Pattern LOCAL =
      Pattern.compile("unix:|localhost:|127\\.\\d+\\.\\d+\\.\\d+:|\\[::1]:|:");

  /** As RFC 6750 section 2.1 has it. */
  private static final Pattern TOKEN = Pattern.compile("[A-Za-z0-9._~+/-]+=*");

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

  @Option(
      names = "--token-file",
      paramLabel = "FILE",
      description =
          "A Kubernetes token to show to a relay with tenants; by default HUBBLE_TOKEN_FILE."
              + " In plaintext only to this machine.")
  private @Nullable Path tokenFile;

  @ArgGroup(validate = false)
  private PortForwardOptions forwarding = new PortForwardOptions();

  @ArgGroup(validate = false)
  private TlsOptions tls = new TlsOptions();

  private @Nullable Path kubeconfig;

  /** The cluster whose relay is asked where a port is forwarded; null: the usual one. */
  public final void useCluster(@Nullable Path file) {
    kubeconfig = file;
  }

  /** The same. */
  final @Nullable Path kubeconfig() {
    return kubeconfig;
  }

  /** Where a lab keeps its status; `ovenet lab` reads the same variable. */
  static Path labStatus(@Nullable String labDirectory) {
    return labDirectory == null || labDirectory.isEmpty()
        ? Path.of("/run/ovenet-lab/status.json")
        : Path.of(labDirectory, "run", "status.json");
  }

  /** Opens a connection; nothing is sent so far. */
  HubbleClient connect() {
    Map<String, String> environment = HubbleConfig.read(System.getenv()).environment();
    PortForward forward =
        forwarding.wanted(environment) ? forwarding.open(kubeconfig, environment) : null;
    try {
      return connect(environment, forward);
    } catch (RuntimeException e) {
      if (forward != null) {
        forward.close();
      }
      throw e;
    }
  }

  private HubbleClient connect(Map<String, String> environment, @Nullable PortForward forward) {
    String address = forward != null ? forward.address() : address(environment, LAB_STATUS);
    boolean secure = address.startsWith("tls://");
    SslContext security = tls.context(secure, environment);
    return new HubbleClient(
        secure ? address.substring("tls://".length()) : address,
        security,
        tls.serverName(environment),
        token(environment, security == null && !LOCAL.matcher(address).lookingAt()),
        forward);
  }

  private @Nullable String token(Map<String, String> environment, boolean inPlaintext) {
    String named = environment.getOrDefault("HUBBLE_TOKEN_FILE", "");
    Path file = tokenFile != null || named.isEmpty() ? tokenFile : Path.of(named);
    if (file == null) {
      return null;
    }
    if (inPlaintext) {
      throw new HubbleException(
          "the token of " + file + " would cross the network for all to read: name --tls");
    }
    try {
      String token = Files.readString(file).lines().findFirst().orElse("").strip();
      if (token.isEmpty() || !TOKEN.matcher(token).matches()) {
        throw new HubbleException(file + " has no token in its first line");
      }
      return token;
    } catch (IOException e) {
      throw new HubbleException("cannot read --token-file " + file + ": " + e, e);
    }
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
          case UNAUTHENTICATED ->
              "the Hubble server at "
                  + server
                  + " wants to know who asks: "
                  + said
                  + "; a token is shown with --token-file";
          case PERMISSION_DENIED -> "the Hubble server at " + server + " refuses this: " + said;
          case INVALID_ARGUMENT -> "the Hubble server refuses this: " + said;
          case UNIMPLEMENTED -> "the Hubble server at " + server + " does not serve this: " + said;
          default -> "the Hubble server at " + server + " failed: " + said;
        };
    return new HubbleException(message, failure);
  }
}
