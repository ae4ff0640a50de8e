package io.ovenet.ui;

import io.grpc.netty.GrpcSslContexts;
import io.netty.handler.ssl.SslContext;
import java.io.File;
import javax.net.ssl.SSLException;

/**
 * How the Hubble server is known.
 *
 * @param authorities a file in PEM; "": the machine's own
 * @param serverName that its certificate has to have; "": that of its address
 */
record RelayTls(String authorities, String serverName) {
  /** What a server's address begins with that speaks it. */
  static final String SCHEME = "tls://";

  /**
   * As Netty wants it.
   *
   * @throws IllegalArgumentException naming the file that cannot be used
   */
  SslContext context() {
    var builder = GrpcSslContexts.forClient();
    try {
      return (authorities.isEmpty() ? builder : builder.trustManager(new File(authorities)))
          .build();
    } catch (IllegalArgumentException | SSLException e) {
      throw new IllegalArgumentException(
          "--tls-ca-cert-files=" + authorities + ": " + e.getMessage(), e);
    }
  }
}
