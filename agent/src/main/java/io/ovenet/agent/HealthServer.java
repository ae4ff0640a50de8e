package io.ovenet.agent;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.Semaphore;
import java.util.function.BooleanSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** {@code GET} of one path: 200 when all is well, else 503. Anybody may ask, so little is kept. */
final class HealthServer implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(HealthServer.class);
  private static final int TIMEOUT_MILLIS = 2000;
  private static final int BACKLOG = 128;

  /** Whoever comes beside so many is hung up on. */
  private static final int AT_ONCE = 256;

  private final ServerSocket listener;
  private final String path;
  private final BooleanSupplier well;
  private final Semaphore room = new Semaphore(AT_ONCE);

  HealthServer(InetSocketAddress address, String path, BooleanSupplier well) throws IOException {
    this.path = path;
    this.well = well;
    listener = new ServerSocket();
    try {
      listener.bind(address, BACKLOG);
    } catch (IOException e) {
      listener.close();
      throw new IOException("cannot listen on " + address + ": " + e.getMessage(), e);
    }
    Thread.ofVirtual().name("health").start(this::acceptAll);
  }

  int port() {
    return listener.getLocalPort();
  }

  private void acceptAll() {
    while (!listener.isClosed()) {
      try {
        var connection = listener.accept();
        if (room.tryAcquire()) {
          Thread.ofVirtual().start(() -> answer(connection));
        } else {
          connection.close();
        }
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
          line == null || !line.startsWith("GET " + path)
              ? "404 Not Found"
              : well.getAsBoolean() ? "200 OK" : "503 Service Unavailable";
      var text = "HTTP/1.1 " + status + "\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
      connection.getOutputStream().write(text.getBytes(StandardCharsets.US_ASCII));
    } catch (IOException e) {
      log.debug("a health check broke off: {}", e.toString());
    } finally {
      room.release();
    }
  }

  @Override
  public void close() throws IOException {
    listener.close();
  }
}
