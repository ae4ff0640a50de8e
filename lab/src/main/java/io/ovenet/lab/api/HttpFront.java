package io.ovenet.lab.api;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.function.Consumer;
import java.util.function.Function;
import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.io.Content;
import org.eclipse.jetty.server.Handler;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.util.Callback;
import org.eclipse.jetty.util.Fields;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The side of the server that speaks HTTP: requests become {@link Call}s, {@link Answer}s go out.
 */
final class HttpFront extends Handler.Abstract {
  /** Bytes of a body beyond its limit that are read and thrown away. */
  private static final long DISCARDED = 64L << 20;

  private static final String BEARER = "Bearer ";
  private static final Logger LOG = LoggerFactory.getLogger(HttpFront.class);

  private final Function<Call, Answer> router;
  private final int bodyLimit;
  private final List<SocketFront> sockets;
  private final Consumer<Call> allowed;

  /**
   * @param bodyLimit bytes of a request's body beyond which it is refused
   * @param sockets who take WebSockets to pods
   * @param allowed throws where a caller may not ask for one
   */
  HttpFront(
      Function<Call, Answer> router,
      int bodyLimit,
      List<SocketFront> sockets,
      Consumer<Call> allowed) {
    super(InvocationType.BLOCKING);
    this.router = router;
    this.bodyLimit = bodyLimit;
    this.sockets = List.copyOf(sockets);
    this.allowed = allowed;
  }

  @Override
  public boolean handle(Request request, Response response, Callback callback) {
    Call call = null;
    Answer answer;
    boolean upgrade = "websocket".equalsIgnoreCase(header(request, HttpHeader.UPGRADE));
    try {
      for (SocketFront front : upgrade ? sockets : List.<SocketFront>of()) {
        if (front.takes(request)) {
          allowed.accept(call(request));
          return front.handle(request, response, callback);
        }
      }
      call = call(request);
      // A complete 200 without an upgrade is what makes clients that prefer a WebSocket for their
      // watch take plain HTTP at once; a stream would keep them waiting, an error makes them retry.
      answer = upgrade ? Answer.text(200, "watch by plain HTTP\n") : router.apply(call);
    } catch (ApiException e) {
      answer = Answer.json(e.code(), e.status());
    } catch (IOException e) {
      callback.failed(e);
      return true;
    } catch (RuntimeException e) {
      LOG.error("{} {}", request.getMethod(), request.getHttpURI().getPathQuery(), e);
      answer =
          Answer.json(
              500,
              new ApiException(500, "InternalError", "Internal error occurred: " + e).status());
    }
    if (call != null) {
      for (String warning : call.warnings()) {
        response.getHeaders().add("Warning", "299 - " + quoted(warning));
      }
    }
    response.getHeaders().put(HttpHeader.CACHE_CONTROL, "no-cache, private");
    switch (answer) {
      case Answer.Body body -> {
        response.setStatus(body.code());
        response.getHeaders().put(HttpHeader.CONTENT_TYPE, body.contentType());
        response.getHeaders().put(HttpHeader.CONTENT_LENGTH, body.content().length);
        response.write(true, ByteBuffer.wrap(body.content()), callback);
      }
      case Answer.Stream stream -> stream(stream, request, response, callback);
    }
    return true;
  }

  private static void stream(
      Answer.Stream stream, Request request, Response response, Callback callback) {
    response.setStatus(200);
    response.getHeaders().put(HttpHeader.CONTENT_TYPE, stream.contentType());
    // A watch may be silent for long; only a write that gets stuck ends it.
    request.addIdleTimeoutListener(silent -> false);
    try {
      OutputStream out = Content.Sink.asOutputStream(response);
      // The headers go out at once: a client waits for them before it counts a watch as open.
      Content.Sink.write(response, false, ByteBuffer.allocate(0));
      stream.writer().writeTo(out);
      out.close();
      callback.succeeded();
    } catch (IOException e) {
      LOG.debug("{} ended by its client: {}", request.getHttpURI().getPathQuery(), e.getMessage());
      callback.failed(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      callback.failed(e);
    } catch (RuntimeException e) {
      LOG.error("stream {}", request.getHttpURI().getPathQuery(), e);
      callback.failed(e);
    }
  }

  private Call call(Request request) throws IOException {
    Map<String, String> query = new LinkedHashMap<>();
    String path;
    try {
      for (Fields.Field field : Request.extractQueryParameters(request)) {
        query.putIfAbsent(field.getName(), Objects.requireNonNullElse(field.getValue(), ""));
      }
      path = Objects.requireNonNullElse(request.getHttpURI().getCanonicalPath(), "/");
    } catch (IllegalArgumentException e) {
      throw ApiException.badRequest("the request's address can't be read: " + e.getMessage());
    }
    String type = header(request, HttpHeader.CONTENT_TYPE);
    int parameters = type.indexOf(';');
    return new Call(
        request.getMethod(),
        path,
        query,
        header(request, HttpHeader.ACCEPT),
        (parameters < 0 ? type : type.substring(0, parameters)).trim().toLowerCase(Locale.ROOT),
        body(request),
        token(request));
  }

  private static String token(Request request) {
    String header = header(request, HttpHeader.AUTHORIZATION);
    return header.regionMatches(true, 0, BEARER, 0, BEARER.length())
        ? header.substring(BEARER.length()).strip()
        : "";
  }

  private byte[] body(Request request) throws IOException {
    try (InputStream in = Content.Source.asInputStream(request)) {
      byte[] body = in.readNBytes(bodyLimit + 1);
      if (body.length > bodyLimit) {
        discard(in);
        throw new ApiException(
            413,
            "RequestEntityTooLarge",
            "Request entity too large: limit is " + bodyLimit + " bytes");
      }
      return body;
    }
  }

  /** Reads on for a while: a client that finds its connection closed never hears the answer. */
  private static void discard(InputStream in) throws IOException {
    byte[] chunk = new byte[65_536];
    long left = DISCARDED;
    int read = in.read(chunk);
    while (read >= 0 && left > 0) {
      left -= read;
      read = in.read(chunk);
    }
  }

  private static String header(Request request, HttpHeader name) {
    return Objects.requireNonNullElse(request.getHeaders().get(name), "");
  }

  private static String quoted(String warning) {
    StringBuilder text = new StringBuilder("\"");
    warning
        .codePoints()
        .limit(1000)
        .forEach(
            c -> {
              if (c == '"' || c == '\\') {
                text.append('\\');
              }
              text.append(c < ' ' || c == 127 || c > 255 ? '?' : (char) c);
            });
    return text.append('"').toString();
  }
}
