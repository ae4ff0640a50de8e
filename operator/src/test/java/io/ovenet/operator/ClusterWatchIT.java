package io.ovenet.operator;

import static org.assertj.core.api.Assertions.assertThat;

import io.ovenet.kubernetes.Cluster;
import io.ovenet.kubernetes.KubernetesApi;
import io.ovenet.kubernetes.ObjectKey;
import io.ovenet.kubernetes.PodRecord;
import io.ovenet.kubernetes.RecordHandler;
import io.ovenet.kubernetes.RecordKind;
import io.ovenet.kubernetes.WatchScope;
import io.ovenet.lab.api.ApiServer;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A watch against the lab's API server: what it tells is what is there, whatever happens. */
class ClusterWatchIT {
  private static final String PODS = "/api/v1/namespaces/default/pods";

  @TempDir private Path directory;

  private static final class Mirror implements RecordHandler<PodRecord> {
    private final Map<String, PodRecord> pods = new ConcurrentSkipListMap<>();
    private volatile long toldNanos;
    private final AtomicInteger syncs = new AtomicInteger();

    @Override
    public void upserted(PodRecord pod) {
      toldNanos = System.nanoTime();
      pods.put(pod.name(), pod);
    }

    @Override
    public void deleted(ObjectKey key) {
      pods.remove(key.name());
    }

    @Override
    public void synced() {
      syncs.incrementAndGet();
    }

    private Map<String, String> colours() {
      var colours = new TreeMap<String, String>();
      pods.forEach((name, pod) -> colours.put(name, pod.labels().getOrDefault("colour", "")));
      return colours;
    }
  }

  private static KubernetesApi connect(int port) {
    var uri = URI.create("http://127.0.0.1:" + port);
    return new KubernetesApi(new Cluster(uri, null, "", true, () -> ""));
  }

  private static void until(String what, BooleanSupplier condition) throws InterruptedException {
    var deadline = System.nanoTime() + Duration.ofSeconds(60).toNanos();
    while (!condition.getAsBoolean()) {
      assertThat(System.nanoTime()).as("in time: " + what).isLessThan(deadline);
      Thread.sleep(1);
    }
  }

  private static Map<String, Object> pod(String name, String colour, String node) {
    return Map.of(
        "apiVersion",
        "v1",
        "kind",
        "Pod",
        "metadata",
        Map.of("name", name, "labels", Map.of("colour", colour)),
        "spec",
        Map.of("nodeName", node, "containers", List.of(Map.of("name", "c", "image", "none"))));
  }

  @Test
  void aMirrorIsRightAfterDisconnectsShortHistoryAndOtherContents() throws Exception {
    var seed = System.nanoTime();
    System.out.println("seed " + seed);
    var random = new Random(seed);
    var options = ApiServer.Options.DEFAULT.withWindow(20);
    var server = ApiServer.start(directory.resolve("a"), options);
    var port = server.port();
    var mirror = new Mirror();
    try (var api = connect(port);
        var _ = api.watch(RecordKind.PODS, WatchScope.podsOfNode("n1"), mirror)) {
      for (var round = 0; round < 4; round++) {
        churn(api, random, 60);
        awaitMirrored(api, mirror);
        server.close();
        // The last time with contents and versions that have nothing to do with those of before.
        var store = directory.resolve(round == 3 ? "b" : "a");
        try (var meanwhile = ApiServer.start(store, options.withPort(0));
            var other = connect(meanwhile.port())) {
          churn(other, random, 60);
        }
        server = ApiServer.start(store, options.withPort(port));
        awaitMirrored(api, mirror);
      }
      assertThat(mirror.syncs.get()).isGreaterThanOrEqualTo(5);
    } finally {
      server.close();
    }
  }

  private static void churn(KubernetesApi api, Random random, int changes) throws IOException {
    for (var i = 0; i < changes; i++) {
      var name = "p" + random.nextInt(12);
      var present = new TreeSet<String>();
      api.list(RecordKind.PODS, pod -> present.add(pod.name()));
      if (!present.contains(name)) {
        api.create(PODS, pod(name, "c" + i, random.nextInt(4) == 0 ? "n2" : "n1"));
      } else if (random.nextInt(3) == 0) {
        api.delete(PODS + "/" + name, Map.of());
      } else {
        api.patch(
            PODS + "/" + name, Map.of("metadata", Map.of("labels", Map.of("colour", "c" + i))));
      }
    }
  }

  private static void awaitMirrored(KubernetesApi api, Mirror mirror) throws Exception {
    var there = new TreeMap<String, String>();
    api.list(
        RecordKind.PODS,
        pod -> {
          if (pod.node().equals("n1")) {
            there.put(pod.name(), pod.labels().getOrDefault("colour", ""));
          }
        });
    until("mirror shows " + there, () -> mirror.colours().equals(there));
  }

  @Test
  void aChangeIsToldAtOnce() throws Exception {
    var changes = 500;
    var afterAnswer = new long[changes];
    var fromRequest = new long[changes];
    try (var server = ApiServer.start(directory.resolve("a"), ApiServer.Options.DEFAULT);
        var api = connect(server.port())) {
      api.create(PODS, pod("p", "none", "n1"));
      var mirror = new Mirror();
      try (var _ = api.watch(RecordKind.PODS, WatchScope.podsOfNode("n1"), mirror)) {
        for (var i = 0; i < changes; i++) {
          var colour = "c" + i;
          var before = System.nanoTime();
          api.patch(PODS + "/p", Map.of("metadata", Map.of("labels", Map.of("colour", colour))));
          var answered = System.nanoTime();
          until("change " + i, () -> mirror.colours().containsValue(colour));
          fromRequest[i] = mirror.toldNanos - before;
          afterAnswer[i] = mirror.toldNanos - answered;
        }
      }
    }
    Arrays.sort(afterAnswer);
    Arrays.sort(fromRequest);
    System.out.printf(
        "told after the writer's answer: p50 %d µs, p99 %d µs; after its request: p50 %d µs, p99 %d µs%n",
        afterAnswer[changes / 2] / 1000,
        afterAnswer[changes * 99 / 100] / 1000,
        fromRequest[changes / 2] / 1000,
        fromRequest[changes * 99 / 100] / 1000);
  }
}
