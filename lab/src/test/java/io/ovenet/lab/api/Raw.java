package io.ovenet.lab.api;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.util.List;

/** Plain HTTP to a server under test. */
final class Raw implements AutoCloseable {
  /** An answer. */
  record Reply(int code, JsonNode json, List<String> warnings) {
    String reason() {
      return json.path("reason").asText();
    }

    String message() {
      return json.path("message").asText();
    }
  }

  private final HttpClient client =
      HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
  private final String url;

  Raw(String url) {
    this.url = url;
  }

  Reply get(String path) throws Exception {
    return send("GET", path, "", "");
  }

  Reply post(String path, String yaml) throws Exception {
    return send("POST", path, "application/yaml", yaml);
  }

  Reply put(String path, String json) throws Exception {
    return send("PUT", path, "application/json", json);
  }

  Reply delete(String path, String json) throws Exception {
    return send("DELETE", path, "application/json", json);
  }

  /**
   * Patches.
   *
   * @param type such as {@code merge-patch+json}
   */
  Reply patch(String path, String type, String body) throws Exception {
    return send("PATCH", path, "application/" + type, body);
  }

  Reply send(String method, String path, String type, String body) throws Exception {
    return send(method, path, type, "application/json", body);
  }

  Reply send(String method, String path, String type, String accept, String body) throws Exception {
    HttpRequest.Builder request =
        HttpRequest.newBuilder(URI.create(url + path))
            .method(method, HttpRequest.BodyPublishers.ofString(body))
            .header("Accept", accept);
    if (!type.isEmpty()) {
      request.header("Content-Type", type);
    }
    HttpResponse<String> response =
        client.send(request.build(), HttpResponse.BodyHandlers.ofString());
    JsonNode json =
        response.body().startsWith("{")
            ? Json.MAPPER.readTree(response.body())
            : Json.object().put("text", response.body());
    return new Reply(response.statusCode(), json, response.headers().allValues("Warning"));
  }

  /** An open watch. */
  static final class Lines implements AutoCloseable {
    private final BufferedReader reader;

    private Lines(BufferedReader reader) {
      this.reader = reader;
    }

    /** The next event; null at the end of the stream. */
    JsonNode next() throws IOException {
      String line = reader.readLine();
      return line == null ? Json.MAPPER.nullNode() : Json.MAPPER.readTree(line);
    }

    /** The next event that is no bookmark, as "TYPE name". */
    String change() throws IOException {
      while (true) {
        JsonNode event = next();
        if (!event.path("type").asText().equals("BOOKMARK")) {
          return event.path("type").asText()
              + " "
              + event.path("object").path("metadata").path("name").asText();
        }
      }
    }

    @Override
    public void close() throws IOException {
      reader.close();
    }
  }

  Lines watch(String path) throws Exception {
    return watch(path, "application/json");
  }

  Lines watch(String path, String accept) throws Exception {
    HttpRequest request =
        HttpRequest.newBuilder(URI.create(url + path)).header("Accept", accept).build();
    return new Lines(
        new BufferedReader(
            new InputStreamReader(
                client.send(request, HttpResponse.BodyHandlers.ofInputStream()).body(),
                StandardCharsets.UTF_8)));
  }

  @Override
  public void close() {
    client.shutdownNow();
  }
}
