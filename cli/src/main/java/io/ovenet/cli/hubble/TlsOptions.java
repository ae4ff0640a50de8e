package io.ovenet.cli.hubble;

import io.grpc.netty.GrpcSslContexts;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.util.InsecureTrustManagerFactory;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** How a server is known and how the client shows who it is; the environment's, where not given. */
final class TlsOptions {
  @Option(names = "--tls", description = "Uses TLS, as with a server named tls://HOST:PORT.")
  private boolean tls;

  @Option(names = "--tls-allow-insecure", description = "Takes any certificate of the server.")
  private boolean insecure;

  @Option(
      names = "--tls-ca-cert-files",
      split = ",",
      paramLabel = "FILE",
      description = "Authorities that are believed, in PEM.")
  private List<Path> authorities = List.of();

  @Option(
      names = "--tls-client-cert-file",
      paramLabel = "FILE",
      description = "The client's certificate, in PEM.")
  private @Nullable Path certificate;

  @Option(
      names = "--tls-client-key-file",
      paramLabel = "FILE",
      description = "The client's private key, in PEM (PKCS#8).")
  private @Nullable Path key;

  @Option(
      names = "--tls-server-name",
      paramLabel = "NAME",
      description = "The name that the server's certificate has to have.")
  private @Nullable String serverName;

  @Nullable String serverName(Map<String, String> environment) {
    return serverName != null ? serverName : environment.get("HUBBLE_TLS_SERVER_NAME");
  }

  /** Null: plaintext. */
  @Nullable SslContext context(boolean wanted, Map<String, String> environment) {
    Path client = certificate != null ? certificate : path(environment, "CLIENT_CERT_FILE");
    Path clientKey = key != null ? key : path(environment, "CLIENT_KEY_FILE");
    if (!wanted && !tls && !isSet(environment, "HUBBLE_TLS") && client == null) {
      return null;
    }
    try {
      SslContextBuilder builder = GrpcSslContexts.forClient();
      byte[] believed = authorities(environment);
      if (insecure || isSet(environment, "HUBBLE_TLS_ALLOW_INSECURE")) {
        builder.trustManager(InsecureTrustManagerFactory.INSTANCE);
      } else if (believed.length > 0) {
        builder.trustManager(new ByteArrayInputStream(believed));
      }
      if (client != null && clientKey != null) {
        builder.keyManager(client.toFile(), clientKey.toFile());
      } else if (client != null || clientKey != null) {
        throw new HubbleException(
            "a client's certificate needs its key: name both --tls-client-cert-file and"
                + " --tls-client-key-file");
      }
      return builder.build();
    } catch (IllegalArgumentException | SSLException e) {
      Throwable cause = e.getCause() == null ? e : e.getCause();
      throw new HubbleException("cannot use these TLS files: " + cause.getMessage(), e);
    } catch (IOException e) {
      throw new HubbleException("cannot read " + e.getMessage(), e);
    }
  }

  private byte[] authorities(Map<String, String> environment) throws IOException {
    var all = new ByteArrayOutputStream();
    for (Path file : authorities) {
      all.write(Files.readAllBytes(file));
    }
    Path named = path(environment, "CA_CERT_FILES");
    if (all.size() == 0 && named != null) {
      for (String file : named.toString().split(",", -1)) {
        all.write(Files.readAllBytes(Path.of(file)));
      }
    }
    return all.toByteArray();
  }

  private static @Nullable Path path(Map<String, String> environment, String name) {
    String value = environment.get("HUBBLE_TLS_" + name);
    return value == null || value.isEmpty() ? null : Path.of(value);
  }

  /** Whether a variable says yes. */
  static boolean isSet(Map<String, String> environment, String name) {
    String value = environment.get(name);
    return value != null && (value.equals("1") || value.equalsIgnoreCase("true"));
  }
}
