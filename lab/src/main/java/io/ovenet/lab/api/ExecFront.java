package io.ovenet.lab.api;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.util.Callback;
import org.eclipse.jetty.util.Fields;
import org.eclipse.jetty.websocket.server.ServerWebSocketContainer;

/** Takes the WebSockets by which clients run commands in containers. Thread-safe. */
final class ExecFront implements SocketFront {
  private static final Pattern PATH =
      Pattern.compile("/api/v1/namespaces/([^/]+)/pods/([^/]+)/exec");

  private final PodExec exec;
  private final ServerWebSocketContainer sockets;

  ExecFront(PodExec exec, ServerWebSocketContainer sockets) {
    this.exec = exec;
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
    Fields query = Request.extractQueryParameters(request);
    List<String> command = new ArrayList<>();
    Fields.Field words = query.get("command");
    if (words != null) {
      command.addAll(words.getValues());
    }
    if (command.isEmpty()) {
      throw ApiException.badRequest("you must specify at least 1 command for the container");
    }
    Process process =
        exec.start(
            new PodExec.Request(
                path.group(1),
                path.group(2),
                Objects.requireNonNullElse(query.getValue("container"), ""),
                List.copyOf(command),
                flag(query, "tty")));
    boolean upgraded = false;
    try {
      upgraded =
          sockets.upgrade(
              (asked, answer, failed) -> {
                String protocol = ExecSocket.protocol(asked);
                if (protocol == null) {
                  return null;
                }
                answer.setAcceptedSubProtocol(protocol);
                return new ExecSocket(process, flag(query, "stdin"));
              },
              request,
              response,
              callback);
    } finally {
      if (!upgraded) {
        process.descendants().forEach(ProcessHandle::destroyForcibly);
        process.destroyForcibly();
      }
    }
    if (!upgraded) {
      throw ApiException.badRequest(
          "exec needs one of the WebSocket subprotocols " + ExecSocket.PROTOCOLS);
    }
    return true;
  }

  private static boolean flag(Fields query, String name) {
    String value = query.getValue(name);
    return "true".equals(value) || "1".equals(value);
  }
}
