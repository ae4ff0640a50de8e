package io.ovenet.metrics;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Semaphore;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** {@code GET /metrics}, for Prometheus; each connection answers one request. */
public final class MetricsServer implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(MetricsServer.class);
  private static final int TIMEOUT_MILLIS = 10_000;
  private static final int BACKLOG = 64;

  /** Requests at once; a text takes memory. */
  private static final int AT_ONCE = 4;

  private static final int MOST_HEADERS = 100;
  private static final int LONGEST_LINE = 8192;
  private static final String PLAIN = "text/plain; version=0.0.4; charset=utf-8";
  private static final String OPEN = "application/openmetrics-text; version=1.0.0; charset=utf-8";

  private final ServerSocket listener;
  private final List<Consumer<MetricsText>> sources;
  private final Semaphore room = new Semaphore(AT_ONCE);
  private final Histogram durations =
      new Histogram(
          "hubble_metrics_http_handler_request_duration_seconds",
          "How long answers took.",
          "code",
          0.005,
          0.01,
          0.025,
          0.05,
          0.1,
          0.25,
          0.5,
          1,
          2.5);
  private final java.util.Map<String, Long> requests =
      new java.util.concurrent.ConcurrentSkipListMap<>();

  /**
   * Listens.
   *
   * @param sources write their metrics for each request
   * @throws IOException naming what cannot be listened on
   */
  public MetricsServer(InetSocketAddress address, List<Consumer<MetricsText>> sources)
      throws IOException {
    this.sources = List.copyOf(sources);
    listener = new ServerSocket();
    try {
      listener.bind(address, BACKLOG);
    } catch (IOException e) {
      listener.close();
      throw new IOException(
          "metrics cannot be served on " + address + ": " + e.getMessage() + "; is it in use?", e);
    }
    Thread.ofVirtual().name("metrics").start(this::acceptAll);
  }

  /** The TCP port. */
  public int port() {
    return listener.getLocalPort();
  }

  private void acceptAll() {
    while (!listener.isClosed()) {
      try {
        Socket connection = listener.accept();
        Thread.ofVirtual().name("scrape").start(() -> answer(connection));
      } catch (IOException e) {
        if (!listener.isClosed()) {
          LOG.warn("cannot accept a request for metrics", e);
        }
      }
    }
  }

  private void answer(Socket connection) {
    try (connection) {
      connection.setSoTimeout(TIMEOUT_MILLIS);
      var in =
          new BufferedReader(
              new InputStreamReader(connection.getInputStream(), StandardCharsets.ISO_8859_1),
              1024);
      String first = line(in);
      boolean openMetrics = false;
      for (int i = 0; i < MOST_HEADERS; i++) {
        String header = line(in);
        if (header == null || header.isEmpty()) {
          break;
        }
        String lower = header.toLowerCase(Locale.ROOT);
        openMetrics |=
            lower.startsWith("accept:") && lower.contains("application/openmetrics-text");
      }
      long began = System.nanoTime();
      boolean known =
          first != null && (first.startsWith("GET /metrics ") || first.startsWith("GET /metrics?"));
      String code = known ? "200" : "404";
      byte[] body = known ? text(openMetrics) : new byte[0];
      String head =
          "HTTP/1.1 "
              + (known ? "200 OK" : "404 Not Found")
              + "\r\nContent-Type: "
              + (openMetrics ? OPEN : PLAIN)
              + "\r\nContent-Length: "
              + body.length
              + "\r\nConnection: close\r\n\r\n";
      connection.getOutputStream().write(head.getBytes(StandardCharsets.US_ASCII));
      connection.getOutputStream().write(body);
      requests.merge(code, 1L, Long::sum);
      durations.observe(code, (System.nanoTime() - began) / 1e9);
    } catch (IOException e) {
      LOG.debug("a request for metrics broke off: {}", e.toString());
    } catch (RuntimeException e) {
      LOG.error("metrics could not be told", e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** A line that is not longer than anybody's. */
  private static @Nullable String line(BufferedReader in) throws IOException {
    var line = new StringBuilder();
    for (int c = in.read(); c != '\n'; c = in.read()) {
      if (c < 0) {
        return line.isEmpty() ? null : line.toString();
      }
      if (line.length() == LONGEST_LINE) {
        throw new IOException("a line is too long");
      }
      if (c != '\r') {
        line.append((char) c);
      }
    }
    return line.toString();
  }

  private byte[] text(boolean openMetrics) throws InterruptedException {
    room.acquire();
    try {
      var text = new MetricsText(openMetrics);
      sources.forEach(source -> source.accept(text));
      text.counter("hubble_metrics_http_handler_requests", "Requests for metrics.");
      requests.forEach(
          (code, count) ->
              text.sample(
                  "hubble_metrics_http_handler_requests_total",
                  List.of("code"),
                  new String[] {code},
                  (double) count));
      durations.write(text);
      return text.finish().getBytes(StandardCharsets.UTF_8);
    } finally {
      room.release();
    }
  }

  @Override
  public void close() throws IOException {
    listener.close();
  }
}
