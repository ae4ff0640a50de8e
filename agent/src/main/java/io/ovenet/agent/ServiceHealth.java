package io.ovenet.agent;

import io.ovenet.kubernetes.Json;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What load balancers ask the node: {@code /healthz}, and for each service whose external policy is
 * Local whether it has a backend here, each on a TCP port of its own, as kube-proxy answers. Used
 * by the services' thread alone, but for {@link #close}.
 */
final class ServiceHealth implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(ServiceHealth.class);
  private static final int TIMEOUT_MILLIS = 2_000;

  /**
   * What is answered on a port.
   *
   * @param service {@code namespace/name}; empty: the node itself
   * @param backends of this node
   */
  record Check(String service, int backends) {
    boolean healthy() {
      return service.isEmpty() || backends > 0;
    }
  }

  private final Map<Integer, Responder> responders = new HashMap<>();
  private boolean closed;

  /** Answers on these ports, and on no others. */
  synchronized void update(Map<Integer, Check> checks) {
    if (closed) {
      return;
    }
    responders
        .entrySet()
        .removeIf(
            entry -> {
              if (checks.containsKey(entry.getKey())) {
                return false;
              }
              entry.getValue().close();
              return true;
            });
    checks.forEach(
        (port, check) -> {
          var present = responders.get(port);
          if (present != null) {
            present.check = check;
            return;
          }
          try {
            responders.put(port, new Responder(port, check));
          } catch (IOException e) {
            log.error(
                "cannot answer health checks of {} on port {}: {}; stop whoever has the port, and"
                    + " change the service or restart the agent",
                check.service().isEmpty() ? "the node" : check.service(),
                port,
                e.getMessage());
          }
        });
  }

  @Override
  public synchronized void close() {
    closed = true;
    responders.values().forEach(Responder::close);
    responders.clear();
  }

  private static final class Responder {
    private final ServerSocket listener;
    private volatile Check check;

    Responder(int port, Check check) throws IOException {
      this.check = check;
      listener = new ServerSocket(port, 64);
      Thread.ofVirtual().name("service-health-" + port).start(this::acceptAll);
    }

    private void acceptAll() {
      while (!listener.isClosed()) {
        try {
          var connection = listener.accept();
          Thread.ofVirtual().start(() -> answer(connection));
        } catch (IOException e) {
          if (!listener.isClosed()) {
            log.warn("cannot accept a health check on port {}", listener.getLocalPort(), e);
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
        var now = check;
        var status =
            line == null || !line.startsWith("GET ")
                ? "405 Method Not Allowed"
                : now.healthy() ? "200 OK" : "503 Service Unavailable";
        var body = Json.write(body(now));
        var head =
            "HTTP/1.1 "
                + status
                + "\r\nContent-Type: application/json\r\nContent-Length: "
                + body.length
                + "\r\nConnection: close\r\n\r\n";
        var out = connection.getOutputStream();
        out.write(head.getBytes(StandardCharsets.US_ASCII));
        out.write(body);
      } catch (IOException e) {
        log.debug("a health check broke off: {}", e.toString());
      }
    }

    private static Map<String, ?> body(Check check) {
      if (check.service().isEmpty()) {
        return Map.of("nodeEligible", true);
      }
      int slash = check.service().indexOf('/');
      return Map.of(
          "service",
          Map.of(
              "namespace",
              check.service().substring(0, slash),
              "name",
              check.service().substring(slash + 1)),
          "localEndpoints",
          (long) check.backends(),
          "serviceProxyHealthy",
          true);
    }

    void close() {
      try {
        listener.close();
      } catch (IOException e) {
        log.warn("cannot stop answering health checks on port {}", listener.getLocalPort(), e);
      }
    }
  }
}
