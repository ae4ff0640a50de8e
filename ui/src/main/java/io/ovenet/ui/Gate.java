package io.ovenet.ui;

import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.SecureRandom;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.regex.Pattern;
import org.eclipse.jetty.http.HttpCookie;
import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.server.Request;
import org.jspecify.annotations.Nullable;

/**
 * Who may ask. A request has to name this server (so that no other site's name can be pointed at
 * it), to come from this page where it changes or tells anything, and, where there is a token, to
 * belong to a session that was begun with it: the one of everybody, or each tenant's own.
 * Thread-safe.
 */
final class Gate implements AutoCloseable {
  static final String COOKIE = "ovenet-ui";
  private static final int MOST_COOKIES = 1000;
  private static final String BEARER = "Bearer ";

  /** As RFC 6750 section 2.1 has a token. */
  private static final Pattern TOKEN = Pattern.compile("[A-Za-z0-9._~+/-]+=*");

  private final @Nullable String token;
  private final List<String> hosts;

  /** By cookie, the key of a tenant's session; "" for everybody's. */
  private final Map<String, String> cookies = new ConcurrentHashMap<>();

  /** Null: each tenant has his own. */
  private final @Nullable Session everybodys;

  private final @Nullable Sessions tenants;
  private final SecureRandom random = new SecureRandom();
  private final InetSocketAddress listen;

  Gate(UiOptions options) {
    token = options.token();
    hosts = options.hosts();
    listen = options.listen();
    tenants = options.tenants() ? new Sessions(options) : null;
    everybodys = options.tenants() ? null : new Session(options, null);
  }

  boolean asksForToken() {
    return token != null || tenants != null;
  }

  /** Whether each shows his own token, of Kubernetes. */
  boolean isForTenants() {
    return tenants != null;
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

  /** The session that the request belongs to; null: it has to begin one. */
  @Nullable Session of(Request request) {
    String header = header(request, HttpHeader.AUTHORIZATION);
    String bearer = header.startsWith(BEARER) ? header.substring(BEARER.length()) : "";
    if (tenants == null) {
      boolean known =
          token == null
              || (!bearer.isEmpty() && same(bearer, token))
              || cookies.containsKey(cookie(request));
      return known ? everybodys : null;
    }
    String key =
        bearer.isEmpty()
            ? cookies.get(cookie(request))
            : TOKEN.matcher(bearer).matches() ? tenants.begin(bearer) : null;
    return key == null ? null : tenants.of(key);
  }

  private static String cookie(Request request) {
    return Request.getCookies(request).stream()
        .filter(cookie -> cookie.getName().equals(COOKIE))
        .map(HttpCookie::getValue)
        .findFirst()
        .orElse("");
  }

  /**
   * Begins a session; null if the token is not the one, or nobody's.
   *
   * @throws HttpFailure as {@link Sessions#begin}
   */
  @Nullable String begin(String shown) {
    String key;
    if (tenants != null) {
      key = TOKEN.matcher(shown).matches() ? tenants.begin(shown) : null;
    } else {
      key = token != null && same(shown, token) ? "" : null;
    }
    if (key == null) {
      return null;
    }
    if (cookies.size() >= MOST_COOKIES) {
      cookies.clear();
    }
    byte[] bytes = new byte[32];
    random.nextBytes(bytes);
    String session = HexFormat.of().formatHex(bytes);
    cookies.put(session, key);
    return session;
  }

  /** Whoever asks is known by his cookie no more. */
  void end(Request request) {
    cookies.remove(cookie(request));
  }

  @Override
  public void close() {
    if (everybodys != null) {
      everybodys.close();
    }
    if (tenants != null) {
      tenants.close();
    }
  }

  private static boolean same(String one, String other) {
    return MessageDigest.isEqual(
        one.getBytes(StandardCharsets.UTF_8), other.getBytes(StandardCharsets.UTF_8));
  }

  private static String header(Request request, HttpHeader name) {
    return java.util.Objects.requireNonNullElse(request.getHeaders().get(name), "");
  }
}
