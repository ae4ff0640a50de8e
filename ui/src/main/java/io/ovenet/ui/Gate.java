package io.ovenet.ui;

import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.SecureRandom;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.server.Request;
import org.jspecify.annotations.Nullable;

/**
 * Who may ask. A request has to name this server (so that no other site's name can be pointed at
 * it), to come from this page where it changes or tells anything, and, where there is a token, to
 * belong to a session that was begun with it. Thread-safe.
 */
final class Gate {
  static final String COOKIE = "ovenet-ui";
  private static final int MOST_SESSIONS = 1000;

  private final @Nullable String token;
  private final List<String> hosts;
  private final Set<String> sessions = ConcurrentHashMap.newKeySet();
  private final SecureRandom random = new SecureRandom();
  private final InetSocketAddress listen;

  Gate(UiOptions options) {
    token = options.token();
    hosts = options.hosts();
    listen = options.listen();
  }

  boolean asksForToken() {
    return token != null;
  }

  /** Refuses what doesn't speak to this server by a name that is its own. */
  void checkHost(Request request) {
    String host = header(request, HttpHeader.HOST);
    String name = name(host);
    boolean own =
        name.equals("localhost")
            || name.equals("127.0.0.1")
            || name.equals("[::1]")
            || name.equals(listen.getAddress().getHostAddress())
            || hosts.contains(name);
    if (!own) {
      throw new HttpFailure(
          421,
          "this server is not known as '" + name + "'",
          "ask for it as 127.0.0.1, or start it with --allow-host=" + name);
    }
    String origin = header(request, HttpHeader.ORIGIN);
    if (!origin.isEmpty() && !origin.replaceFirst("^https?://", "").equals(host)) {
      throw new HttpFailure(403, "another site's page asks", "open this server's own page");
    }
    String site =
        java.util.Objects.requireNonNullElse(request.getHeaders().get("Sec-Fetch-Site"), "");
    if (site.equals("cross-site") && request.getHttpURI().getPath().startsWith("/api/")) {
      throw new HttpFailure(403, "another site's page asks", "open this server's own page");
    }
  }

  private static String name(String host) {
    int colon = host.lastIndexOf(':');
    return (colon > host.lastIndexOf(']') ? host.substring(0, colon) : host)
        .toLowerCase(Locale.ROOT);
  }

  /** Whether the request belongs to a session, or needs none. */
  boolean isKnown(Request request) {
    if (token == null) {
      return true;
    }
    String bearer = header(request, HttpHeader.AUTHORIZATION);
    if (bearer.startsWith("Bearer ") && same(bearer.substring("Bearer ".length()), token)) {
      return true;
    }
    return Request.getCookies(request).stream()
        .anyMatch(c -> c.getName().equals(COOKIE) && sessions.contains(c.getValue()));
  }

  /** Begins a session; null if it is not the token. */
  @Nullable String begin(String shown) {
    if (token == null || !same(shown, token)) {
      return null;
    }
    if (sessions.size() >= MOST_SESSIONS) {
      sessions.clear();
    }
    byte[] bytes = new byte[32];
    random.nextBytes(bytes);
    String session = HexFormat.of().formatHex(bytes);
    sessions.add(session);
    return session;
  }

  private static boolean same(String one, String other) {
    return MessageDigest.isEqual(
        one.getBytes(StandardCharsets.UTF_8), other.getBytes(StandardCharsets.UTF_8));
  }

  private static String header(Request request, HttpHeader name) {
    return java.util.Objects.requireNonNullElse(request.getHeaders().get(name), "");
  }
}
