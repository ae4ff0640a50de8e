package io.ovenet.kubernetes;

import java.io.BufferedInputStream;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Locale;
import javax.net.ssl.SNIHostName;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLSocket;
import jdk.net.ExtendedSocketOptions;
import org.jspecify.annotations.Nullable;

/**
 * One connection to the API server, HTTP/1.1 with blocking calls: on a virtual thread that is the
 * shortest way from a byte on the wire to its reader, and a tenth of the memory of the JDK's
 * asynchronous client. One exchange at a time; {@link #close} may be called by any thread.
 */
final class HttpConnection implements AutoCloseable {
  private static final int CONNECT_MILLIS = 10_000;
  private static final int MAX_HEADERS = 256;

  private final Socket socket;
  private final BufferedInputStream in;
  private final String host;
  private boolean reusable = true;
  private @Nullable HttpBody body;

  /** Nanoseconds of {@link System#nanoTime} when the last exchange ended. */
  long idleSince = System.nanoTime();

  private HttpConnection(Socket socket, String host) throws IOException {
    this.socket = socket;
    this.in = new BufferedInputStream(socket.getInputStream(), 16 * 1024);
    this.host = host;
  }

  static HttpConnection open(Cluster cluster) throws IOException {
    var server = cluster.server();
    var tls = cluster.tls();
    var port = server.getPort() > 0 ? server.getPort() : tls != null ? 443 : 80;
    var name = server.getHost().replaceAll("^\\[|]$", "");
    var socket = new Socket();
    try {
      socket.connect(new InetSocketAddress(name, port), CONNECT_MILLIS);
      socket.setTcpNoDelay(true);
      // A server that vanished without a word is noticed after some 30 seconds of silence.
      socket.setKeepAlive(true);
      socket.setOption(ExtendedSocketOptions.TCP_KEEPIDLE, 15);
      socket.setOption(ExtendedSocketOptions.TCP_KEEPINTERVAL, 5);
      socket.setOption(ExtendedSocketOptions.TCP_KEEPCOUNT, 3);
      var ready = tls == null ? socket : secure(cluster, tls, socket, name, port);
      return new HttpConnection(ready, server.getAuthority());
    } catch (IOException | RuntimeException e) {
      socket.close();
      throw new IOException("cannot connect to the API server " + server + ": " + e, e);
    }
  }

  private static Socket secure(
      Cluster cluster, SSLContext tls, Socket socket, String name, int port) throws IOException {
    var serverName = cluster.tlsServerName().isEmpty() ? name : cluster.tlsServerName();
    var secure = (SSLSocket) tls.getSocketFactory().createSocket(socket, serverName, port, true);
    var parameters = secure.getSSLParameters();
    if (cluster.verifyServer()) {
      parameters.setEndpointIdentificationAlgorithm("HTTPS");
    }
    parameters.setApplicationProtocols(new String[] {"http/1.1"});
    if (!serverName.matches("[0-9.]+|.*:.*")) {
      parameters.setServerNames(java.util.List.of(new SNIHostName(serverName)));
    }
    secure.setSSLParameters(parameters);
    secure.setSoTimeout(CONNECT_MILLIS);
    secure.startHandshake();
    return secure;
  }

  /**
   * Sends a request and reads the response's head.
   *
   * @param timeout longest silence while the response is read
   */
  Response send(
      String method,
      String path,
      String authorization,
      String contentType,
      byte @Nullable [] content,
      Duration timeout)
      throws IOException {
    socket.setSoTimeout((int) timeout.toMillis());
    var head = new StringBuilder(256);
    head.append(method).append(' ').append(path).append(" HTTP/1.1\r\nHost: ").append(host);
    head.append("\r\nAccept: application/json\r\nUser-Agent: ovenet\r\n");
    if (!authorization.isEmpty()) {
      head.append("Authorization: ").append(authorization).append("\r\n");
    }
    if (content != null) {
      head.append("Content-Type: ").append(contentType);
      head.append("\r\nContent-Length: ").append(content.length).append("\r\n");
    }
    head.append("\r\n");
    var headBytes = head.toString().getBytes(StandardCharsets.ISO_8859_1);
    var request =
        java.util.Arrays.copyOf(
            headBytes, headBytes.length + (content == null ? 0 : content.length));
    if (content != null) {
      System.arraycopy(content, 0, request, headBytes.length, content.length);
    }
    socket.getOutputStream().write(request);
    return readHead();
  }

  private Response readHead() throws IOException {
    while (true) {
      var status = HttpBody.readLine(in);
      if (!status.matches("HTTP/1\\.[01] [1-5][0-9][0-9]( .*)?")) {
        throw new IOException("not an HTTP response: '" + status + "'");
      }
      var code = Integer.parseInt(status, 9, 12, 10);
      var keepAlive = status.startsWith("HTTP/1.1");
      var length = HttpBody.UNTIL_CLOSE;
      var headers = 0;
      for (var line = HttpBody.readLine(in); !line.isEmpty(); line = HttpBody.readLine(in)) {
        if (++headers > MAX_HEADERS) {
          throw new IOException("more than " + MAX_HEADERS + " headers");
        }
        var colon = line.indexOf(':');
        var name = colon < 0 ? "" : line.substring(0, colon).toLowerCase(Locale.ROOT);
        var value = line.substring(colon + 1).strip().toLowerCase(Locale.ROOT);
        switch (name) {
          case "connection" -> keepAlive = keepAlive && !value.contains("close");
          case "transfer-encoding" -> length = HttpBody.CHUNKED;
          case "content-length" -> {
            if (length != HttpBody.CHUNKED) {
              length = contentLength(value);
            }
          }
          default -> {
            // Nothing else changes how the response is read.
          }
        }
      }
      if (code >= 200) {
        reusable = keepAlive;
        var response = new HttpBody(in, code == 204 || code == 304 ? 0 : length);
        body = response;
        return new Response(code, response);
      }
    }
  }

  private static long contentLength(String value) throws IOException {
    if (!value.matches("[0-9]{1,18}")) {
      throw new IOException("not a content length: '" + value + "'");
    }
    return Long.parseLong(value);
  }

  /** Whether the last response was read to its end and the server keeps the connection. */
  boolean reusable() {
    var last = body;
    return reusable && last != null && last.complete() && !socket.isClosed();
  }

  @Override
  public void close() {
    try {
      socket.close();
    } catch (IOException e) {
      // The connection is given up either way.
      org.slf4j.LoggerFactory.getLogger(HttpConnection.class).debug("closing a connection", e);
    }
  }

  /** Head of a response, and its body to be read. */
  record Response(int code, HttpBody body) {}
}
