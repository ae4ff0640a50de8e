package io.ovenet.ui;

import io.ovenet.kubernetes.Json;
import io.ovenet.kubernetes.JsonObject;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import org.eclipse.jetty.http.HttpField;
import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.io.Content;
import org.eclipse.jetty.server.Handler;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.util.Callback;
import org.eclipse.jetty.util.Fields;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The side of the server that speaks HTTP. */
final class WebFront extends Handler.Abstract {
  private static final Logger LOG = LoggerFactory.getLogger(WebFront.class);
  private static final int LONGEST_BODY = 4 << 20;

  /** Below this, compressing costs more than it saves. */
  private static final int SMALL = 1024;

  /** Nothing but this server's own files, and no frame around it. */
  private static final String POLICY =
      "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
          + "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

  private final StaticFiles files;
  private final Gate gate;

  WebFront(StaticFiles files, Gate gate) {
    super(InvocationType.BLOCKING);
    this.files = files;
    this.gate = gate;
  }

  @Override
  public boolean handle(Request request, Response response, Callback callback) {
    var headers = response.getHeaders();
    headers.put("Content-Security-Policy", POLICY);
    headers.put("X-Content-Type-Options", "nosniff");
    headers.put("Referrer-Policy", "no-referrer");
    headers.put("Cross-Origin-Opener-Policy", "same-origin");
    headers.put("Cross-Origin-Resource-Policy", "same-origin");
    try {
      gate.checkHost(request);
      String path = Objects.requireNonNullElse(request.getHttpURI().getCanonicalPath(), "/");
      if (path.startsWith("/api/")) {
        serveApi(path.substring("/api/".length()), request, response, callback);
      } else {
        serveFile(path, request, response, callback);
      }
    } catch (HttpFailure e) {
      fail(request, response, callback, e);
    } catch (IOException e) {
      callback.failed(e);
    } catch (IllegalArgumentException e) {
      fail(request, response, callback, new HttpFailure(400, "the address can't be read", ""));
    } catch (RuntimeException e) {
      LOG.error("{} {}", request.getMethod(), request.getHttpURI().getPath(), e);
      fail(
          request,
          response,
          callback,
          new HttpFailure(500, "the page's server failed: " + e, "its log says more"));
    }
    return true;
  }

  private void serveApi(String path, Request request, Response response, Callback callback)
      throws IOException {
    String method = request.getMethod();
    if (!method.equals("GET") && !method.equals("POST")) {
      throw new HttpFailure(405, method + " is not served", "use GET or POST");
    }
    if (path.equals("session")) {
      session(request, response, callback);
      return;
    }
    Session session = gate.of(request);
    if (session == null) {
      throw new HttpFailure(
          HttpFailure.UNAUTHORIZED,
          "you are not signed in, or no longer",
          gate.isForTenants() ? "sign in with a Kubernetes token" : "sign in with the token");
    }
    Map<String, String> parameters = parameters(request);
    if (path.equals("live")) {
      stream(session, parameters, response, callback);
      return;
    }
    byte[] body = method.equals("POST") ? body(request) : new byte[0];
    send(request, response, callback, 200, session.api().answer(method, path, parameters, body));
  }

  private void session(Request request, Response response, Callback callback) throws IOException {
    if (!request.getMethod().equals("POST")) {
      send(
          request,
          response,
          callback,
          200,
          Map.of(
              "needed",
              gate.asksForToken(),
              "known",
              gate.of(request) != null,
              "tenants",
              gate.isForTenants()));
      return;
    }
    JsonObject body;
    try {
      body = Json.parse(body(request));
    } catch (Json.JsonException e) {
      throw new HttpFailure(400, "not JSON", "");
    }
    if (body.bool("end")) {
      gate.end(request);
      setCookie(request, response, "", "; Max-Age=0");
      send(request, response, callback, 200, Map.of("known", false));
      return;
    }
    String session = gate.begin(body.string("token"));
    if (session == null) {
      throw gate.isForTenants()
          ? new HttpFailure(
              HttpFailure.UNAUTHORIZED,
              "the cluster does not know this token, or no longer",
              "get one: kubectl create token NAME -n NAMESPACE")
          : new HttpFailure(
              HttpFailure.UNAUTHORIZED,
              "that is not the token",
              "it is in the file of --token-file");
    }
    setCookie(request, response, session, "");
    send(request, response, callback, 200, Map.of("known", true));
  }

  private static void setCookie(
      Request request, Response response, String value, String attributes) {
    response
        .getHeaders()
        .add(
            new HttpField(
                HttpHeader.SET_COOKIE,
                Gate.COOKIE
                    + "="
                    + value
                    + attributes
                    + "; Path=/; HttpOnly; SameSite=Strict"
                    + (request.isSecure() ? "; Secure" : "")));
  }

  private void serveFile(String path, Request request, Response response, Callback callback) {
    StaticFiles.File file = files.get(path);
    if (file == null) {
      throw new HttpFailure(404, "there is no " + path, "");
    }
    var headers = response.getHeaders();
    headers.put(HttpHeader.CONTENT_TYPE, file.type());
    headers.put(
        HttpHeader.CACHE_CONTROL,
        file.hashed() ? "public, max-age=31536000, immutable" : "no-cache");
    boolean small = takesGzip(request);
    if (small) {
      headers.put(HttpHeader.CONTENT_ENCODING, "gzip");
    }
    byte[] content = small ? file.gzip() : file.plain();
    headers.put(HttpHeader.CONTENT_LENGTH, content.length);
    response.setStatus(200);
    response.write(true, ByteBuffer.wrap(content), callback);
  }

  private static void stream(
      Session session, Map<String, String> parameters, Response response, Callback callback) {
    response.setStatus(200);
    response.getHeaders().put(HttpHeader.CONTENT_TYPE, "text/event-stream");
    response.getHeaders().put(HttpHeader.CACHE_CONTROL, "no-store");
    try (OutputStream out = Content.Sink.asOutputStream(response)) {
      session.live().stream(parameters, out, session);
      callback.succeeded();
    } catch (IOException e) {
      LOG.debug("a page went away: {}", e.getMessage());
      callback.failed(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      callback.failed(e);
    }
  }

  private static void send(
      Request request, Response response, Callback callback, int code, Map<String, Object> answer)
      throws IOException {
    byte[] content = Json.write(answer);
    var headers = response.getHeaders();
    response.setStatus(code);
    headers.put(HttpHeader.CONTENT_TYPE, "application/json");
    headers.put(HttpHeader.CACHE_CONTROL, "no-store");
    if (content.length > SMALL && takesGzip(request)) {
      headers.put(HttpHeader.CONTENT_ENCODING, "gzip");
      content = StaticFiles.compress(content);
    }
    headers.put(HttpHeader.CONTENT_LENGTH, content.length);
    response.write(true, ByteBuffer.wrap(content), callback);
  }

  private static void fail(
      Request request, Response response, Callback callback, HttpFailure failure) {
    try {
      send(
          request,
          response,
          callback,
          failure.code(),
          Map.of(
              "error", String.valueOf(failure.getMessage()),
              "remedy", failure.remedy()));
    } catch (IOException e) {
      callback.failed(e);
    }
  }

  private static boolean takesGzip(Request request) {
    String accepted =
        Objects.requireNonNullElse(request.getHeaders().get(HttpHeader.ACCEPT_ENCODING), "");
    return accepted.contains("gzip");
  }

  private static Map<String, String> parameters(Request request) {
    Map<String, String> parameters = new LinkedHashMap<>();
    for (Fields.Field field : Request.extractQueryParameters(request)) {
      parameters.putIfAbsent(field.getName(), Objects.requireNonNullElse(field.getValue(), ""));
    }
    return parameters;
  }

  private static byte[] body(Request request) throws IOException {
    try (InputStream in = Content.Source.asInputStream(request)) {
      byte[] body = in.readNBytes(LONGEST_BODY + 1);
      if (body.length > LONGEST_BODY) {
        throw new HttpFailure(413, "more than 4 MiB", "ask about fewer policies at once");
      }
      return body;
    }
  }
}
