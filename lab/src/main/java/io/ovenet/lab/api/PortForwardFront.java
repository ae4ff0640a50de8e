package io.ovenet.lab.api;

import java.io.IOException;
import java.util.Objects;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.util.Callback;
import org.eclipse.jetty.util.Fields;
import org.eclipse.jetty.websocket.server.ServerWebSocketContainer;
import org.jspecify.annotations.Nullable;

/**
 * Takes the WebSockets by which clients reach ports of pods: one connection to one port each, in
 * the subprotocol v4.channel.k8s.io. (kubectl wants SPDY/3.1 for this, inside or instead of a
 * WebSocket, which the lab does not speak.) Thread-safe.
 */
final class PortForwardFront implements SocketFront {
  private static final Pattern PATH =
      Pattern.compile("/api/v1/namespaces/([^/]+)/pods/([^/]+)/portforward");
  private static final int HIGHEST_PORT = 65_535;

  private final PodPorts ports;
  private final ServerWebSocketContainer sockets;

  PortForwardFront(PodPorts ports, ServerWebSocketContainer sockets) {
    this.ports = ports;
    this.sockets = sockets;
  }

  @Override
  public boolean takes(Request request) {
    return path(request).matches();
  }

  private static Matcher path(Request request) {
    return PATH.matcher(Objects.requireNonNullElse(request.getHttpURI().getCanonicalPath(), "/"));
  }

  @Override
  public boolean handle(Request request, Response response, Callback callback) throws IOException {
    Matcher path = path(request);
    if (!path.matches()) {
      throw ApiException.noSuchPath();
    }
    int port = port(Request.extractQueryParameters(request).get("ports"));
    PodPorts.Port pod = ports.of(path.group(1), path.group(2), port);
    boolean upgraded =
        sockets.upgrade(
            (asked, answer, failed) -> {
              if (!asked.hasSubProtocol(PortForwardSocket.PROTOCOL)) {
                return null;
              }
              answer.setAcceptedSubProtocol(PortForwardSocket.PROTOCOL);
              return new PortForwardSocket(pod, port);
            },
            request,
            response,
            callback);
    if (!upgraded) {
      throw ApiException.badRequest(
          "portforward needs the WebSocket subprotocol " + PortForwardSocket.PROTOCOL);
    }
    return true;
  }

  private static int port(Fields.@Nullable Field asked) {
    if (asked != null && asked.getValues().size() == 1) {
      try {
        int port = Integer.parseInt(asked.getValue());
        if (port > 0 && port <= HIGHEST_PORT) {
          return port;
        }
      } catch (NumberFormatException _) {
        // Said below.
      }
    }
    throw ApiException.badRequest("query parameter \"ports\" has to be one port of 1 to 65535");
  }
}
