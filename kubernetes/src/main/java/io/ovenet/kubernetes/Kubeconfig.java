package io.ovenet.kubernetes;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.snakeyaml.engine.v2.api.Load;
import org.snakeyaml.engine.v2.api.LoadSettings;
import org.snakeyaml.engine.v2.exceptions.YamlEngineException;

/**
 * Finds the API server: a kubeconfig file's current context, or what a pod is given. Credentials
 * that another program would have to make ({@code exec}) are refused by name.
 */
public final class Kubeconfig {
  private static final Path ACCOUNT = Path.of("/var/run/secrets/kubernetes.io/serviceaccount");

  private Kubeconfig() {}

  /**
   * The current context of a file.
   *
   * @throws IOException naming the file and the field that is missing, wrong or not served
   */
  public static Cluster read(Path file) throws IOException {
    try {
      return parse(file.toAbsolutePath(), Files.readString(file), true);
    } catch (YamlEngineException | IllegalArgumentException | GeneralSecurityException e) {
      throw new IOException("kubeconfig " + file + ": " + e.getMessage(), e);
    }
  }

  /**
   * The server of a file's current context, or of the pod in which this process runs, for whoever
   * has a token: without any credentials of the file's or the pod's own.
   *
   * @throws IOException likewise
   */
  public static Cluster withToken(@Nullable Path file, String token) throws IOException {
    Cluster cluster;
    if (file == null) {
      cluster = inCluster();
    } else {
      try {
        cluster = parse(file.toAbsolutePath(), Files.readString(file), false);
      } catch (YamlEngineException | IllegalArgumentException | GeneralSecurityException e) {
        throw new IOException("kubeconfig " + file + ": " + e.getMessage(), e);
      }
    }
    String header = "Bearer " + token;
    return new Cluster(
        cluster.server(),
        cluster.tls(),
        cluster.tlsServerName(),
        cluster.verifyServer(),
        () -> header);
  }

  /** The service account of the pod in which this process runs. */
  public static Cluster inCluster() throws IOException {
    var host = System.getenv("KUBERNETES_SERVICE_HOST");
    var port = System.getenv("KUBERNETES_SERVICE_PORT");
    if (host == null || port == null) {
      throw new IOException(
          "no API server: name a kubeconfig with --kubeconfig, or run in a pod with a service account");
    }
    try {
      var tls = Tls.context(Files.readString(ACCOUNT.resolve("ca.crt")), "", "", false);
      var server =
          URI.create("https://" + (host.contains(":") ? "[" + host + "]" : host) + ":" + port);
      return new Cluster(server, tls, "", true, tokenFile(ACCOUNT.resolve("token")));
    } catch (GeneralSecurityException e) {
      throw new IOException("service account in " + ACCOUNT + ": " + e.getMessage(), e);
    }
  }

  private static Cluster parse(Path file, String text, boolean withUser)
      throws IOException, GeneralSecurityException {
    var config = yaml(text);
    var current = config.string("current-context");
    var context = named(config, "contexts", current).object("context");
    var cluster = named(config, "clusters", context.string("cluster")).object("cluster");
    var userName = withUser ? context.string("user") : "";
    var user =
        userName.isEmpty() ? JsonObject.EMPTY : named(config, "users", userName).object("user");
    for (var unserved : List.of("exec", "auth-provider")) {
      if (user.fields().containsKey(unserved)) {
        throw new IllegalArgumentException(
            "user "
                + userName
                + ": '"
                + unserved
                + "' is not served; use a token or a certificate");
      }
    }
    var server = URI.create(cluster.string("server"));
    if (server.getHost() == null || !List.of("http", "https").contains(server.getScheme())) {
      throw new IllegalArgumentException("no server's http or https URL: '" + server + "'");
    }
    var insecure = cluster.bool("insecure-skip-tls-verify");
    var tls =
        server.getScheme().equals("http")
            ? null
            : Tls.context(
                pem(file, cluster, "certificate-authority"),
                pem(file, user, "client-certificate"),
                pem(file, user, "client-key"),
                insecure);
    return new Cluster(
        server, tls, cluster.string("tls-server-name"), !insecure, authorization(file, user));
  }

  private static Supplier<String> authorization(Path file, JsonObject user) {
    if (!user.string("token").isEmpty()) {
      var header = "Bearer " + user.string("token");
      return () -> header;
    }
    if (!user.string("tokenFile").isEmpty()) {
      return tokenFile(file.resolveSibling(user.string("tokenFile")));
    }
    if (!user.string("username").isEmpty()) {
      var credentials = user.string("username") + ":" + user.string("password");
      var header =
          "Basic "
              + Base64.getEncoder().encodeToString(credentials.getBytes(StandardCharsets.UTF_8));
      return () -> header;
    }
    return () -> "";
  }

  private static Supplier<String> tokenFile(Path file) {
    return () -> {
      try {
        return "Bearer " + Files.readString(file).strip();
      } catch (IOException e) {
        throw new UncheckedIOException("cannot read the token in " + file, e);
      }
    };
  }

  private static JsonObject named(JsonObject config, String list, String name) {
    for (var entry : config.objects(list)) {
      if (entry.string("name").equals(name)) {
        return entry;
      }
    }
    throw new IllegalArgumentException("no '" + name + "' in " + list);
  }

  /** The text of {@code name-data}, else of the file that {@code name} names, else "". */
  private static String pem(Path file, JsonObject from, String name) throws IOException {
    var data = from.string(name + "-data");
    if (!data.isEmpty()) {
      return new String(Base64.getMimeDecoder().decode(data), StandardCharsets.ISO_8859_1);
    }
    var path = from.string(name);
    return path.isEmpty() ? "" : Files.readString(file.resolveSibling(path));
  }

  /** A YAML document of one object, within the limits of the parser's defaults. */
  static JsonObject yaml(String text) {
    var document = new Load(LoadSettings.builder().build()).loadFromString(text);
    if (!(plain(document) instanceof Map<?, ?> map)) {
      throw new IllegalArgumentException("not a YAML object");
    }
    return JsonObject.of(map);
  }

  /** With string keys and longs, as {@link Json} has them. */
  private static @Nullable Object plain(@Nullable Object value) {
    return switch (value) {
      case Map<?, ?> map -> {
        var object = new java.util.LinkedHashMap<String, @Nullable Object>();
        map.forEach((key, member) -> object.put(String.valueOf(key), plain(member)));
        yield object;
      }
      case List<?> list -> {
        var elements = new java.util.ArrayList<@Nullable Object>(list.size());
        list.forEach(element -> elements.add(plain(element)));
        yield elements;
      }
      case Integer i -> (long) i;
      case null -> null;
      default -> value;
    };
  }
}
