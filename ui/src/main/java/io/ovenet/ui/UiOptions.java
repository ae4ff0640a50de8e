package io.ovenet.ui;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The page server's command line.
 *
 * @param listen where browsers connect
 * @param server the Hubble server: {@code host:port} or {@code unix:///path}
 * @param tls how it is known; null: plaintext
 * @param kubeconfig null: no cluster is asked, so there are only flows
 * @param token who connects has to show it; null: nobody has to, on loopback alone
 * @param tenants everybody signs in with his own Kubernetes token, and sees what it may
 * @param hosts names by which browsers may address the page, besides the machine's own loopback
 * @param flows how many are kept
 */
record UiOptions(
    InetSocketAddress listen,
    String server,
    @Nullable RelayTls tls,
    @Nullable Path kubeconfig,
    @Nullable String token,
    boolean tenants,
    List<String> hosts,
    int flows) {
  static final String HELP =
      """
      Usage: ovenet ui [--KEY=VALUE]...
      The web page: who talks to whom, why not, and what a policy would change.
        --listen=HOST:PORT   Where it listens (default 127.0.0.1:12000)
        --server=ADDRESS     The Hubble server: HOST:PORT, tls://HOST:PORT or unix:///PATH (default:
                             that of HUBBLE_SERVER, else localhost:4245)
        --tls-ca-cert-files=FILE
                             Authorities of its certificate, in PEM (default: the machine's)
        --tls-server-name=NAME
                             The name that its certificate has to have
        --kubeconfig=FILE    The cluster (default: KUBECONFIG; without one, flows are all there is)
        --token-file=FILE    What people sign in with: the first line of this file, 16 characters or
                             more. Needed where it listens beyond this machine
        --tenants=true       Everybody signs in with his own Kubernetes token instead, and sees what
                             the relay (with --tenants=true, by TCP) and the API server let him.
                             Beyond this machine behind a proxy that speaks TLS
        --allow-host=NAME    A name that browsers use for it, behind a proxy; may be repeated
        --flows=N            How many flows it keeps, 1000 to 200000 (default 20000)
      """;

  private static final Set<String> KEYS =
      Set.of(
          "listen",
          "server",
          "tls-ca-cert-files",
          "tls-server-name",
          "kubeconfig",
          "token-file",
          "tenants",
          "flows");

  /** Servers of this machine, to which a token may go in plaintext. */
  private static final Pattern LOCAL =
      Pattern.compile("(localhost|127\\.\\d+\\.\\d+\\.\\d+|\\[::1]):\\d+");

  private static final int SHORTEST_TOKEN = 16;

  /**
   * Reads a command line.
   *
   * @throws IllegalArgumentException naming the argument and what it should be
   */
  static UiOptions parse(java.util.Map<String, String> environment, String... arguments)
      throws IOException {
    var values = new TreeMap<String, String>();
    var hosts = new ArrayList<String>();
    for (String argument : arguments) {
      int equals = argument.indexOf('=');
      String key = argument.startsWith("--") && equals > 2 ? argument.substring(2, equals) : "";
      if (key.equals("allow-host")) {
        hosts.add(argument.substring(equals + 1));
      } else if (KEYS.contains(key)) {
        values.put(key, argument.substring(equals + 1));
      } else {
        throw new IllegalArgumentException(argument + " is none of --KEY=VALUE");
      }
    }
    String config = values.getOrDefault("kubeconfig", environment.getOrDefault("KUBECONFIG", ""));
    InetSocketAddress listen = address(values.getOrDefault("listen", "127.0.0.1:12000"));
    String token = token(values.get("token-file"));
    InetAddress at = listen.getAddress();
    boolean tenants = flag("tenants", values.getOrDefault("tenants", "false"));
    if (tenants && token != null) {
      throw new IllegalArgumentException(
          "--token-file and --tenants=true: people sign in with one token or each with his own");
    }
    if (!tenants && token == null && (at == null || !at.isLoopbackAddress())) {
      throw new IllegalArgumentException(
          "--listen="
              + values.get("listen")
              + " is not this machine alone: name a --token-file that people sign in with, set"
              + " --tenants=true, or"
              + " listen on 127.0.0.1 behind a proxy that knows them");
    }
    String server =
        values.getOrDefault("server", environment.getOrDefault("HUBBLE_SERVER", "localhost:4245"));
    boolean secure = server.startsWith(RelayTls.SCHEME);
    if (tenants && !secure && !LOCAL.matcher(server).matches()) {
      throw new IllegalArgumentException(
          "--server="
              + server
              + (server.startsWith("unix:")
                  ? " asks nobody who he is: with --tenants=true name the relay's TCP port"
                  : " would be shown people's tokens in plaintext: name it tls://" + server));
    }
    return new UiOptions(
        listen,
        secure ? server.substring(RelayTls.SCHEME.length()) : server,
        secure
            ? new RelayTls(
                values.getOrDefault("tls-ca-cert-files", ""),
                values.getOrDefault("tls-server-name", ""))
            : null,
        config.isEmpty() ? null : Path.of(config.split(":", -1)[0]),
        token,
        tenants,
        List.copyOf(hosts),
        flows(values.getOrDefault("flows", "20000")));
  }

  private static @Nullable String token(@Nullable String file) throws IOException {
    if (file == null) {
      return null;
    }
    String token = Files.readString(Path.of(file)).lines().findFirst().orElse("").strip();
    if (token.length() < SHORTEST_TOKEN) {
      throw new IllegalArgumentException(
          "--token-file="
              + file
              + ": its first line has less than "
              + SHORTEST_TOKEN
              + " characters: write a longer secret there");
    }
    return token;
  }

  private static boolean flag(String key, String text) {
    return switch (text) {
      case "true" -> true;
      case "false" -> false;
      default -> throw new IllegalArgumentException("--" + key + "=" + text + ": true or false");
    };
  }

  private static int flows(String text) {
    if (text.matches("[0-9]{1,6}")) {
      int flows = Integer.parseInt(text);
      if (flows >= 1000 && flows <= 200_000) {
        return flows;
      }
    }
    throw new IllegalArgumentException("--flows=" + text + ": a number from 1000 to 200000");
  }

  private static InetSocketAddress address(String text) {
    int colon = text.lastIndexOf(':');
    String port = text.substring(colon + 1);
    if (colon > 0 && port.matches("[0-9]{1,5}") && Integer.parseInt(port) <= 65_535) {
      var address =
          new InetSocketAddress(
              text.substring(0, colon).replaceAll("[\\[\\]]", ""), Integer.parseInt(port));
      if (!address.isUnresolved()) {
        return address;
      }
    }
    throw new IllegalArgumentException("--listen=" + text + ": HOST:PORT, as 127.0.0.1:12000");
  }
}
