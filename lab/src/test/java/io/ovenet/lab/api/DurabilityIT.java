package io.ovenet.lab.api;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A server in a process of its own, killed while it writes: what it answered must be there. */
final class DurabilityIT {
  private static final int WRITERS = 8;
  private static final int WRITES = 1000;
  private static final String MAPS = "/api/v1/namespaces/default/configmaps";

  @TempDir Path directory;

  /** The server's process. */
  static final class Child {
    private Child() {}

    public static void main(String[] args) throws Exception {
      ApiServer api = ApiServer.start(Path.of(args[0]), ApiServer.Options.DEFAULT);
      System.out.println(api.url());
      Thread.currentThread().join();
    }
  }

  private Process child() throws IOException {
    return new ProcessBuilder(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "--enable-native-access=ALL-UNNAMED",
            "-XX:+UseSerialGC",
            "-XX:TieredStopAtLevel=1",
            "-Xmx256m",
            "-cp",
            System.getProperty("java.class.path"),
            Child.class.getName(),
            directory.toString())
        .redirectError(ProcessBuilder.Redirect.DISCARD)
        .start();
  }

  @Test
  void losesNothingThatItAnswered() throws Exception {
    Process process = child();
    Queue<String> made = new ConcurrentLinkedQueue<>();
    Queue<String> gone = new ConcurrentLinkedQueue<>();
    AtomicInteger answered = new AtomicInteger();
    try (BufferedReader out =
        new BufferedReader(
            new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8))) {
      String url = out.readLine();
      List<Thread> writers = new ArrayList<>();
      for (int i = 0; i < WRITERS; i++) {
        int writer = i;
        writers.add(Thread.ofVirtual().start(() -> write(url, writer, made, gone, answered)));
      }
      Awaits.until(java.time.Duration.ofSeconds(60), () -> answered.get() > WRITERS * WRITES / 2);
      process.destroyForcibly().waitFor();
      for (Thread writer : writers) {
        writer.join();
      }
    } finally {
      process.destroyForcibly().waitFor();
    }
    assertThat(answered.get()).as("killed amid the writes").isLessThan(WRITERS * WRITES);
    try (ApiServer api = ApiServer.start(directory, ApiServer.Options.DEFAULT);
        Raw raw = new Raw(api.url())) {
      Set<String> there = new HashSet<>();
      for (JsonNode item : raw.get(MAPS).json().path("items")) {
        there.add(item.at("/metadata/name").asText());
      }
      assertThat(there).containsAll(made);
      assertThat(there).doesNotContainAnyElementsOf(gone);
      System.out.printf(
          "killed after %d answered writes: %d objects kept, %d deletions kept%n",
          answered.get(), made.size(), gone.size());
    }
  }

  /** Creates objects, and deletes each second one; notes only what was answered. */
  private static void write(
      String url, int writer, Queue<String> made, Queue<String> gone, AtomicInteger answered) {
    try (Raw raw = new Raw(url)) {
      for (int i = 0; i < WRITES; i++) {
        String name = "m-" + writer + "-" + i;
        if (raw.post(MAPS, "{metadata: {name: " + name + "}, data: {k: v}}").code() != 201) {
          throw new AssertionError("create " + name);
        }
        answered.incrementAndGet();
        if (i % 2 == 0) {
          made.add(name);
          continue;
        }
        if (raw.delete(MAPS + "/" + name, "").code() == 200) {
          gone.add(name);
        }
      }
    } catch (IOException e) {
      // The server was killed: nothing more will be answered.
      return;
    } catch (Exception e) {
      throw new AssertionError(e);
    }
  }

  private static String map(String name, String app) {
    return "{metadata: {name: " + name + ", labels: {app: " + app + "}}}";
  }

  @Test
  void aWatchGoesOnAfterARestart() throws Exception {
    String version;
    try (ApiServer api = ApiServer.start(directory, ApiServer.Options.DEFAULT);
        Raw raw = new Raw(api.url())) {
      for (String name : List.of("moved", "gone", "kept")) {
        assertThat(raw.post(MAPS, map(name, "x")).code()).isEqualTo(201);
      }
      version = raw.get(MAPS).json().at("/metadata/resourceVersion").asText();
      String moved = "{\"metadata\":{\"labels\":{\"app\":\"y\"}}}";
      assertThat(raw.patch(MAPS + "/moved", "merge-patch+json", moved).code()).isEqualTo(200);
      assertThat(raw.delete(MAPS + "/gone", "").code()).isEqualTo(200);
      assertThat(raw.post(MAPS, map("new", "x")).code()).isEqualTo(201);
    }
    try (ApiServer api = ApiServer.start(directory, ApiServer.Options.DEFAULT);
        Raw raw = new Raw(api.url());
        Raw.Lines watch =
            raw.watch(MAPS + "?watch=1&labelSelector=app%3Dx&resourceVersion=" + version)) {
      assertThat(watch.change()).isEqualTo("DELETED moved");
      assertThat(watch.change()).isEqualTo("DELETED gone");
      assertThat(watch.change()).isEqualTo("MODIFIED new");
      assertThat(raw.post(MAPS, map("last", "x")).code()).isEqualTo(201);
      assertThat(watch.change()).isEqualTo("ADDED last");
    }
  }

  @Test
  void answersAWriteWithinAMillisecondOrSo() throws Exception {
    try (ApiServer api = ApiServer.start(directory, ApiServer.Options.DEFAULT);
        Raw raw = new Raw(api.url())) {
      String name = MAPS + "/m";
      raw.post(MAPS, "{metadata: {name: m}, data: {k: v}}");
      long[] nanos = new long[1500];
      for (int i = 0; i < nanos.length; i++) {
        String body = "{\"metadata\":{\"name\":\"m\"},\"data\":{\"k\":\"" + i + "\"}}";
        long start = System.nanoTime();
        assertThat(raw.put(name, body).code()).isEqualTo(200);
        nanos[i] = System.nanoTime() - start;
      }
      long[] sorted = Arrays.copyOfRange(nanos, 500, nanos.length);
      Arrays.sort(sorted);
      System.out.printf(
          "PUT until its answer: p50 %.2f ms, p99 %.2f ms%n",
          sorted[sorted.length / 2] / 1e6, sorted[sorted.length * 99 / 100] / 1e6);
      JsonNode kept = raw.get(name).json();
      assertThat(kept.at("/data/k").asText()).isEqualTo("1499");
    }
  }
}
