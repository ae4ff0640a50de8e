package io.ovenet.agent;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.function.BooleanSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** {@code GET /healthz} on the loopback address: 200 when pods can be added, else 503. */
final class HealthServer implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(HealthServer.class);
  private static final int TIMEOUT_MILLIS = 2000;

  private final ServerSocket listener;
  private final BooleanSupplier ready;

  HealthServer(int port, BooleanSupplier ready) throws IOException {
    this.ready = ready;
    listener = new ServerSocket(port, 16, InetAddress.getLoopbackAddress());
    Thread.ofVirtual().name("health").start(this::acceptAll);
  }

  int port() {
    return listener.getLocalPort();
  }

  private void acceptAll() {
    while (!listener.isClosed()) {
      try {
        var connection = listener.accept();
        Thread.ofVirtual().start(() -> answer(connection));
      } catch (IOException e) {
        if (!listener.isClosed()) {
          log.warn("cannot accept a health check", e);
        }
      }
    }
  }

  private void answer(Socket connection) {
    try (connection) {
      connection.setSoTimeout(TIMEOUT_MILLIS);
      var in =
          new BufferedReader(
              new InputStreamReader(connection.getInputStream(), StandardCharsets.US_ASCII), 512);
      var line = in.readLine();
      var status =
          line == null || !line.startsWith("GET /healthz")
              ? "404 Not Found"
              : ready.getAsBoolean() ? "200 OK" : "503 Service Unavailable";
      var text = "HTTP/1.1 " + status + "\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
      connection.getOutputStream().write(text.getBytes(StandardCharsets.US_ASCII));
    } catch (IOException e) {
      log.debug("a health check broke off: {}", e.toString());
    }
  }

  @Override
  public void close() throws IOException {
    listener.close();
  }
}
