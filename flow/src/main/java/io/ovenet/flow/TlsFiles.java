package io.ovenet.flow;

import io.grpc.Grpc;
import io.grpc.ServerCall;
import io.grpc.netty.GrpcSslContexts;
import io.grpc.util.AdvancedTlsX509KeyManager;
import io.grpc.util.AdvancedTlsX509TrustManager;
import io.netty.handler.ssl.ClientAuth;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.ovenet.metrics.MetricsText;
import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.security.GeneralSecurityException;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.TreeSet;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import javax.net.ssl.SSLPeerUnverifiedException;
import javax.net.ssl.SSLSession;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Where a server's or a relay's certificates are. They are looked at again every so often: one that
 * is renewed is used by each connection made from then on, one that cannot be read is not, and the
 * one before stays.
 *
 * @param certificate PEM, with what stands between it and its authority
 * @param key PEM, PKCS#8
 * @param authority of whom is on the other side; PEM. Null at a server: anybody may connect
 */
public record TlsFiles(Path certificate, Path key, @Nullable Path authority) {
  private static final Logger LOG = LoggerFactory.getLogger(TlsFiles.class);
  private static final long RELOAD_MILLIS = 1000;

  /** Uses files as they are now. */
  @FunctionalInterface
  private interface Load {
    void load() throws IOException, GeneralSecurityException;
  }

  /**
   * For a server. Whoever connects with a certificate has to be of the authority, if there is one.
   *
   * @param asked whether one is needed
   * @param follows takes what has to be closed
   * @throws IOException naming the file that cannot be used
   */
  SslContext server(ScheduledExecutorService scheduler, List<Closeable> follows, ClientAuth asked)
      throws IOException {
    SslContextBuilder builder =
        GrpcSslContexts.configure(SslContextBuilder.forServer(identity(scheduler, follows)));
    if (authority != null) {
      builder
          .trustManager(
              trust(
                  scheduler,
                  follows,
                  AdvancedTlsX509TrustManager.Verification.CERTIFICATE_ONLY_VERIFICATION))
          .clientAuth(asked);
    }
    return builder.build();
  }

  /**
   * For a client that shows its own certificate and believes the authority's.
   *
   * @param follows takes what has to be closed
   * @throws IOException naming the file that cannot be used
   */
  public SslContext client(ScheduledExecutorService scheduler, List<Closeable> follows)
      throws IOException {
    SslContextBuilder builder =
        GrpcSslContexts.forClient().keyManager(identity(scheduler, follows));
    if (authority != null) {
      builder.trustManager(
          trust(
              scheduler,
              follows,
              AdvancedTlsX509TrustManager.Verification.CERTIFICATE_AND_HOST_NAME_VERIFICATION));
    }
    return builder.build();
  }

  /**
   * Whether whoever calls has shown a certificate of the server's authority: the handshake fails
   * for any other.
   */
  public static boolean hasCertificate(ServerCall<?, ?> call) {
    SSLSession session = call.getAttributes().get(Grpc.TRANSPORT_ATTR_SSL_SESSION);
    try {
      return session != null && session.getPeerCertificates().length > 0;
    } catch (SSLPeerUnverifiedException e) {
      return false;
    }
  }

  /** Writes when the certificates of all these, and their authorities', are no longer good. */
  public static void write(MetricsText to, List<TlsFiles> all) {
    var files = new TreeSet<Path>();
    for (TlsFiles each : all) {
      files.add(each.certificate);
      if (each.authority != null) {
        files.add(each.authority);
      }
    }
    to.gauge(
        "ovenet_certificate_expiry_timestamp_seconds",
        "When the first certificate of a file expires; 0: it cannot be read.");
    for (Path file : files) {
      to.sample(
          "ovenet_certificate_expiry_timestamp_seconds",
          List.of("file"),
          new String[] {file.toString()},
          (double) expiry(file));
    }
  }

  private static long expiry(Path file) {
    try (InputStream in = Files.newInputStream(file)) {
      return CertificateFactory.getInstance("X.509").generateCertificates(in).stream()
          .mapToLong(each -> ((X509Certificate) each).getNotAfter().toInstant().getEpochSecond())
          .min()
          .orElse(0);
    } catch (IOException | CertificateException e) {
      // Whoever has just replaced it may be writing it; what stays so is an alarm.
      LOG.debug("certificate {} cannot be read: {}", file, e.toString());
      return 0;
    }
  }

  private AdvancedTlsX509KeyManager identity(
      ScheduledExecutorService scheduler, List<Closeable> follows) throws IOException {
    var manager = new AdvancedTlsX509KeyManager();
    follow(
        "certificate " + certificate + " with key " + key,
        List.of(certificate, key),
        () -> manager.updateIdentityCredentials(certificate.toFile(), key.toFile()),
        scheduler,
        follows);
    return manager;
  }

  private AdvancedTlsX509TrustManager trust(
      ScheduledExecutorService scheduler,
      List<Closeable> follows,
      AdvancedTlsX509TrustManager.Verification verification)
      throws IOException {
    Path file = Objects.requireNonNull(authority);
    AdvancedTlsX509TrustManager manager;
    try {
      manager = AdvancedTlsX509TrustManager.newBuilder().setVerification(verification).build();
    } catch (GeneralSecurityException e) {
      throw new IOException("no TLS here: " + e.getMessage(), e);
    }
    follow(
        "authority " + file,
        List.of(file),
        () -> manager.updateTrustCredentials(file.toFile()),
        scheduler,
        follows);
    return manager;
  }

  private static void follow(
      String what,
      List<Path> files,
      Load load,
      ScheduledExecutorService scheduler,
      List<Closeable> follows)
      throws IOException {
    try {
      load.load();
    } catch (IOException | GeneralSecurityException | IllegalArgumentException e) {
      throw new IOException("cannot use " + what + ": " + e.getMessage(), e);
    }
    var seen = new AtomicReference<>(versions(files));
    var following =
        scheduler.scheduleWithFixedDelay(
            () -> {
              List<Object> now = versions(files);
              if (now.equals(seen.getAndSet(now))) {
                return;
              }
              try {
                load.load();
                LOG.info("{}: read again", what);
              } catch (IOException | GeneralSecurityException | RuntimeException e) {
                LOG.error("{} cannot be used now; what was there before stays", what, e);
              }
            },
            RELOAD_MILLIS,
            RELOAD_MILLIS,
            TimeUnit.MILLISECONDS);
    follows.add(() -> following.cancel(false));
  }

  /** What differs when a file is another one, as far as one can tell without reading it. */
  private static List<Object> versions(List<Path> files) {
    var versions = new ArrayList<Object>();
    for (Path file : files) {
      try {
        var attributes = Files.readAttributes(file, BasicFileAttributes.class);
        versions.add(attributes.lastModifiedTime());
        versions.add(attributes.size());
        versions.add(String.valueOf(attributes.fileKey()));
      } catch (IOException e) {
        versions.add("missing");
      }
    }
    return versions;
  }
}
