package io.ovenet.relay;

import io.ovenet.flow.TlsFiles;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The relay's command line.
 *
 * @param listen null: on the socket alone
 * @param socket null: by TCP alone
 * @param peerService {@code host:port} or {@code unix:///path}
 * @param peerServiceTlsName empty: plaintext
 * @param metrics where metrics are served; null: nowhere
 * @param serverTls of the relay's own server; null: plaintext
 * @param clientTls towards agents; null: agents that speak TLS can't be reached
 * @param tenants whether Kubernetes tokens are taken, and needed by TCP from who has no certificate
 * @param kubeconfig of whom to ask about them; null: as a pod
 */
record RelayOptions(
    @Nullable InetSocketAddress listen,
    @Nullable Path socket,
    String peerService,
    String peerServiceTlsName,
    String nodeName,
    @Nullable InetSocketAddress metrics,
    @Nullable TlsFiles serverTls,
    @Nullable TlsFiles clientTls,
    boolean tenants,
    @Nullable Path kubeconfig) {
  static final String HELP =
      """
      Usage: ovenet relay [--KEY=VALUE]...
      One Hubble server over the agents of all nodes.
        --listen-address=[HOST]:PORT      Where it listens (default :4245; empty: nowhere)
        --socket-path=PATH                A unix socket besides
        --peer-service=ADDRESS            Who knows the agents: HOST:PORT or unix:///PATH
                                          (default unix:///var/run/cilium/hubble.sock)
        --peer-service-tls-name=NAME      The name that its certificate has; without: plaintext
        --metrics-listen-address=[HOST]:PORT
                                          Where metrics are served, such as :9966 (default: nowhere)
        --node-name=NAME                  What it calls itself (default: relay)
        --tls-relay-server-cert-file, --tls-relay-server-key-file=FILE
                                          Its certificate and key; without: plaintext
        --tls-relay-client-ca-files=FILE  Whoever asks has to show a certificate of these
        --tls-hubble-client-cert-file, --tls-hubble-client-key-file=FILE
                                          What it shows to agents
        --tls-hubble-server-ca-files=FILE Authorities of agents' certificates
        --tenants=true                    Who asks by TCP shows a certificate of
                                          --tls-relay-client-ca-files and sees all, or a Kubernetes
                                          token and sees flows of the namespaces in which he may
                                          get flows.hubble.ovenet.io; each query is logged
        --kubeconfig=FILE                 Whom to ask about tokens (default: as a pod)
      """;

  private static final Set<String> KEYS =
      Set.of(
          "listen-address",
          "socket-path",
          "peer-service",
          "peer-service-tls-name",
          "node-name",
          "metrics-listen-address",
          "tls-relay-server-cert-file",
          "tls-relay-server-key-file",
          "tls-relay-client-ca-files",
          "tls-hubble-client-cert-file",
          "tls-hubble-client-key-file",
          "tls-hubble-server-ca-files",
          "tenants",
          "kubeconfig");

  /**
   * Reads a command line.
   *
   * @throws IllegalArgumentException naming the argument and what it should be
   */
  static RelayOptions parse(String... arguments) {
    var values = new TreeMap<String, String>();
    for (String argument : arguments) {
      int equals = argument.indexOf('=');
      String key = equals < 0 ? argument : argument.substring(0, equals);
      if (!key.startsWith("--") || equals < 0 || !KEYS.contains(key.substring(2))) {
        throw new IllegalArgumentException(argument + " is none of --KEY=VALUE");
      }
      values.put(key.substring(2), argument.substring(equals + 1));
    }
    String socket = values.getOrDefault("socket-path", "");
    return new RelayOptions(
        address(values, "listen-address", ":4245"),
        socket.isEmpty() ? null : Path.of(socket),
        values.getOrDefault("peer-service", "unix:///var/run/cilium/hubble.sock"),
        values.getOrDefault("peer-service-tls-name", ""),
        values.getOrDefault("node-name", "relay"),
        address(values, "metrics-listen-address", ""),
        tls(values, "tls-relay-server", "tls-relay-client-ca-files"),
        tls(values, "tls-hubble-client", "tls-hubble-server-ca-files"),
        tenants(values),
        values.containsKey("kubeconfig") ? Path.of(values.get("kubeconfig")) : null);
  }

  private static boolean tenants(TreeMap<String, String> values) {
    String text = values.getOrDefault("tenants", "false");
    if (!text.equals("true")) {
      if (text.equals("false")) {
        return false;
      }
      throw new IllegalArgumentException("--tenants=" + text + ": true or false");
    }
    InetSocketAddress address = address(values, "listen-address", ":4245");
    boolean local =
        address == null || address.getAddress() == null || address.getAddress().isLoopbackAddress();
    if (!local && !values.containsKey("tls-relay-server-cert-file")) {
      throw new IllegalArgumentException(
          "--tenants=true without TLS would have tokens cross the network for all to read: name"
              + " --tls-relay-server-cert-file and --tls-relay-server-key-file, or a loopback"
              + " --listen-address");
    }
    return true;
  }

  /** What there is of certificates. */
  List<TlsFiles> tls() {
    return Stream.of(serverTls, clientTls).filter(Objects::nonNull).toList();
  }

  private static @Nullable TlsFiles tls(
      TreeMap<String, String> values, String own, String authorities) {
    String certificate = values.get(own + "-cert-file");
    String key = values.get(own + "-key-file");
    if (certificate == null && key == null) {
      return null;
    }
    if (certificate == null || key == null) {
      throw new IllegalArgumentException(
          "--" + own + "-cert-file and --" + own + "-key-file belong together: name both");
    }
    String authority = values.get(authorities);
    return new TlsFiles(
        Path.of(certificate), Path.of(key), authority == null ? null : Path.of(authority));
  }

  private static @Nullable InetSocketAddress address(
      TreeMap<String, String> values, String name, String usual) {
    String text = values.getOrDefault(name, usual);
    if (text.isEmpty()) {
      return null;
    }
    int colon = text.lastIndexOf(':');
    try {
      int port = Integer.parseInt(text.substring(colon + 1));
      if (colon >= 0 && port >= 0 && port <= 65_535) {
        String host = text.substring(0, colon).replaceAll("[\\[\\]]", "");
        return host.isEmpty() ? new InetSocketAddress(port) : new InetSocketAddress(host, port);
      }
    } catch (NumberFormatException e) {
      // said below
    }
    throw new IllegalArgumentException("--" + name + "=" + text + ": [HOST]:PORT, as :4245");
  }
}
