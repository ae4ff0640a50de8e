package io.ovenet.ui;

import static org.assertj.core.api.Assertions.assertThat;

import io.ovenet.kubernetes.Json;
import io.ovenet.kubernetes.JsonObject;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;

/** Asks a page's server as a browser does, with headers of the test's own. */
record PageClient(String url, List<String> always) {
  static void holds(Callable<Boolean> condition) throws Exception {
    Instant deadline = Instant.now().plus(Duration.ofMinutes(1));
    while (!condition.call()) {
      assertThat(Instant.now()).isBefore(deadline);
      Thread.sleep(20);
    }
  }

  record Answer(int code, String body, Map<String, List<String>> headers) {
    String header(String name) {
      return headers.getOrDefault(name, List.of("")).getFirst();
    }

    JsonObject json() {
      return Json.parse(body.getBytes(StandardCharsets.UTF_8));
    }
  }

  /** Headers as {@code Name: value}; HttpURLConnection would not let a test set Host. */
  Answer ask(String method, String path, String body, String... headers) throws Exception {
    URI url = URI.create(this.url);
    try (var socket = new java.net.Socket(url.getHost(), url.getPort())) {
      List<String> lines = new ArrayList<>(List.of(method + " " + path + " HTTP/1.1"));
      lines.addAll(always);
      boolean host = false;
      for (String header : headers) {
        lines.add(header);
        host |= header.startsWith("Host:");
      }
      if (!host) {
        lines.add("Host: 127.0.0.1:" + url.getPort());
      }
      byte[] content = body.getBytes(StandardCharsets.UTF_8);
      lines.add("Content-Length: " + content.length);
      lines.add("Connection: close");
      var out = socket.getOutputStream();
      out.write((String.join("\r\n", lines) + "\r\n\r\n").getBytes(StandardCharsets.UTF_8));
      out.write(content);
      out.flush();
      String all = new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      int end = all.indexOf("\r\n\r\n");
      Map<String, List<String>> found = new java.util.TreeMap<>(String.CASE_INSENSITIVE_ORDER);
      String[] head = all.substring(0, end).split("\r\n", -1);
      for (int i = 1; i < head.length; i++) {
        int colon = head[i].indexOf(':');
        found
            .computeIfAbsent(head[i].substring(0, colon), _ -> new ArrayList<>())
            .add(head[i].substring(colon + 1).strip());
      }
      return new Answer(Integer.parseInt(head[0].split(" ", -1)[1]), all.substring(end + 4), found);
    }
  }

  JsonObject get(String path) throws Exception {
    Answer answer = ask("GET", "/api/" + path, "");
    assertThat(answer.code()).as(answer.body()).isEqualTo(200);
    return answer.json();
  }
}
