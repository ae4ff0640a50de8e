package io.ovenet.agent;

import io.ovenet.flow.TlsFiles;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * The {@code hubble-*} keys beyond where Hubble listens.
 *
 * @param tls of the TCP address; null: plaintext
 * @param metricsServer {@code [host]:port} of {@code /metrics}; empty: none
 * @param metrics which are served, as {@code hubble-metrics} names them
 * @param export what goes to files
 */
record HubbleKeys(
    @Nullable TlsFiles tls, String metricsServer, String metrics, HubbleExport.Keys export) {
  static HubbleKeys take(ConfigValues values) {
    boolean plaintext = values.flag("hubble-disable-tls", true);
    var certificate = values.text("hubble-tls-cert-file", "");
    var key = values.text("hubble-tls-key-file", "");
    var authorities = values.text("hubble-tls-client-ca-files", "");
    TlsFiles tls = null;
    if (!plaintext) {
      if (certificate.isEmpty() || key.isEmpty()) {
        throw new ConfigException(
            certificate.isEmpty() ? "hubble-tls-cert-file" : "hubble-tls-key-file",
            "is missing while hubble-disable-tls is false",
            "name the server's certificate and key, or set hubble-disable-tls to true");
      }
      if (authorities.indexOf(',') >= 0) {
        throw new ConfigException(
            "hubble-tls-client-ca-files",
            "'" + authorities + "' names several files",
            "put all authorities into one");
      }
      tls =
          new TlsFiles(
              Path.of(certificate),
              Path.of(key),
              authorities.isEmpty() ? null : Path.of(authorities));
    }
    var metricsServer = values.text("hubble-metrics-server", "");
    if (!metricsServer.isEmpty() && !metricsServer.matches(".*:[0-9]{1,5}")) {
      throw new ConfigException(
          "hubble-metrics-server",
          "'" + metricsServer + "' is no address",
          "set [host]:port, such as :9965");
    }
    return new HubbleKeys(
        tls, metricsServer, values.text("hubble-metrics", ""), HubbleExport.Keys.take(values));
  }
}
