package io.ovenet.kubernetes;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class ReflectorTest {
  private static final String PODS = "/api/v1/namespaces/shop/pods/";

  private ApiFixture server;
  private KubernetesApi api;
  private final Told told = new Told();

  @BeforeEach
  void start() throws IOException {
    server = new ApiFixture();
    api = new KubernetesApi(server.cluster());
  }

  @AfterEach
  void stop() {
    api.close();
    server.close();
  }

  /** Remembers what it was told, and what must be there if all of it is believed. */
  private static final class Told implements RecordHandler<PodRecord> {
    private final List<String> calls = new ArrayList<>();
    private final Map<String, PodRecord> pods = new TreeMap<>();
    private int syncs;

    @Override
    public synchronized void upserted(PodRecord pod) {
      calls.add("+" + pod.name());
      pods.put(pod.name(), pod);
    }

    @Override
    public synchronized void deleted(ObjectKey key) {
      calls.add("-" + key.name());
      assertThat(pods.remove(key.name())).isNotNull();
    }

    @Override
    public synchronized void synced() {
      calls.add("synced");
      syncs++;
    }

    synchronized List<String> calls() {
      return List.copyOf(calls);
    }

    synchronized List<String> names() {
      return List.copyOf(pods.keySet());
    }

    synchronized int syncs() {
      return syncs;
    }
  }

  private static Map<String, Object> labelled(String value) {
    return Map.of("metadata", Map.of("labels", Map.of("app", value)), "spec", Map.of());
  }

  private void watchPods() {
    api.watch(RecordKind.PODS, WatchScope.ALL, told);
    Until.holds("watching", () -> told.syncs() == 1 && server.watching() == 1);
  }

  private void awaitCalls(String... calls) {
    Until.holds(
        List.of(calls) + ", not " + told.calls(), () -> told.calls().size() >= calls.length);
    assertThat(told.calls()).containsExactly(calls);
  }

  @Test
  void tellsWhatIsThereAndThenWhatHappensInOrder() {
    server.put(PODS + "a", labelled("x"));
    watchPods();
    server.put(PODS + "b", labelled("x"));
    server.put(PODS + "a", labelled("y"));
    server.remove(PODS + "b");
    awaitCalls("+a", "synced", "+b", "+a", "-b");
  }

  @Test
  void listsInPages() {
    server.pageSize(3);
    for (var i = 0; i < 10; i++) {
      server.put(PODS + "p" + i, labelled("x"));
    }
    watchPods();
    assertThat(told.names()).hasSize(10);
    assertThat(server.requests("GET /api/v1/pods?limit")).hasSize(4);
  }

  @Test
  void aPageIsAboutAMebibyte() {
    assertThat(Reflector.nextPage(50, 1 << 20)).isEqualTo(50);
    assertThat(Reflector.nextPage(50, 5 << 20)).isEqualTo(10);
    assertThat(Reflector.nextPage(50, 1 << 18)).isEqualTo(200);
    assertThat(Reflector.nextPage(50, 60)).as("not more than a server gives").isEqualTo(500);
    assertThat(Reflector.nextPage(50, 0)).isEqualTo(500);
    assertThat(Reflector.nextPage(5, 1 << 30)).as("it goes on").isEqualTo(5);
  }

  @Test
  void asksForTheNodesPodsOnly() {
    api.watch(RecordKind.PODS, WatchScope.podsOfNode("n-1"), told);
    Until.holds("watching", () -> server.watching() == 1);
    assertThat(server.requests("GET"))
        .allMatch(request -> request.contains("fieldSelector=spec.nodeName%3Dn-1"));
  }

  @Test
  void aWatchThatEndedIsTakenUpWithoutListing() {
    server.put(PODS + "a", labelled("x"));
    server.put(PODS + "gone", labelled("x"));
    watchPods();
    server.endWatches();
    server.remove(PODS + "gone");
    server.put(PODS + "new", labelled("x"));
    Until.holds("both changes", () -> told.names().equals(List.of("a", "new")));
    assertThat(told.calls().stream().filter("+a"::equals)).hasSize(1);
    assertThat(server.requests("GET /api/v1/pods?limit")).hasSize(1);
  }

  @Test
  void expiredHistoryIsListedAgain() {
    server.put(PODS + "a", labelled("x"));
    server.put(PODS + "gone", labelled("x"));
    watchPods();
    var held = server;
    synchronized (held) {
      server.endWatches();
      server.remove(PODS + "gone");
      server.put(PODS + "new", labelled("x"));
      server.compact();
    }
    Until.holds("both changes", () -> told.names().equals(List.of("a", "new")));
    assertThat(told.calls()).containsExactly("+a", "+gone", "synced", "+new", "-gone", "synced");
    Until.holds("watching", () -> server.watching() == 1);
    server.put(PODS + "later", labelled("x"));
    Until.holds("watched again", () -> told.names().contains("later"));
  }

  @Test
  void aServerThatDiesIsSurvived() {
    server.put(PODS + "a", labelled("x"));
    server.put(PODS + "gone", labelled("x"));
    watchPods();
    server.stop();
    server.remove(PODS + "gone");
    server.put(PODS + "new", labelled("x"));
    restart();
    Until.holds("both changes", () -> told.names().equals(List.of("a", "new")));
    assertThat(told.calls().stream().filter("+a"::equals)).hasSize(1);
  }

  @Test
  void aBookmarkSparesAListing() {
    watchPods();
    server.bookmark();
    server.put(PODS + "a", labelled("x"));
    awaitCalls("synced", "+a");
    assertThat(server.requests("GET /api/v1/pods?limit")).hasSize(1);
  }

  @Test
  void aServerBackWithOtherContentsIsBelieved() {
    server.put(PODS + "kept", labelled("x"));
    server.put(PODS + "gone", labelled("x"));
    watchPods();
    server.stop();
    server.wipe();
    server.put(PODS + "kept", labelled("y"));
    server.put(PODS + "other", labelled("x"));
    restart();
    Until.holds("new contents", () -> told.names().equals(List.of("kept", "other")));
    // Another incarnation of the same name: the old one is told to be gone first.
    assertThat(told.calls()).containsSubsequence("-kept", "+kept");
    assertThat(told.calls()).endsWith("synced");
  }

  @Test
  void whetherAWatchStandsIsTold() {
    watchPods();
    Until.holds("the watch stands", () -> watches(1));
    server.stop();
    Until.holds("it does not", () -> watches(0));
    restart();
    Until.holds("it does again", () -> watches(1));
  }

  private boolean watches(int standing) {
    return api.watches().equals(Map.of("pods", new KubernetesApi.WatchCount(1, standing)));
  }

  @Test
  void theServerMayComeLater() {
    server.stop();
    api.watch(RecordKind.PODS, WatchScope.ALL, told);
    server.put(PODS + "a", labelled("x"));
    restart();
    awaitCalls("+a", "synced");
  }

  @Test
  void anObjectThatCannotBeReadIsLeftOutAndTheRestIsTold() {
    var identities = "/apis/cilium.io/v2/ciliumidentities/";
    server.put(identities + "300", Map.of("security-labels", Map.of("k8s:app", "x")));
    server.put(identities + "not-a-number", Map.of("security-labels", Map.of("k8s:app", "x")));
    server.put(
        identities + "301", Map.of("security-labels", "no map", "metadata", Map.of("labels", 7)));
    var seen = new ArrayList<IdentityRecord>();
    var synced = new java.util.concurrent.CountDownLatch(1);
    api.watch(
        RecordKind.CILIUM_IDENTITIES,
        WatchScope.ALL,
        new RecordHandler<>() {
          @Override
          public void upserted(IdentityRecord record) {
            seen.add(record);
          }

          @Override
          public void deleted(ObjectKey key) {}

          @Override
          public void synced() {
            synced.countDown();
          }
        });
    Until.holds("synced", () -> synced.getCount() == 0);
    assertThat(seen).extracting(IdentityRecord::number).containsExactly(300, 301);
    assertThat(seen.get(1).labels().size()).isZero();
  }

  @Test
  void nothingIsToldAfterClose() {
    var watch = api.watch(RecordKind.PODS, WatchScope.ALL, told);
    Until.holds("watching", () -> server.watching() == 1);
    watch.close();
    server.put(PODS + "a", labelled("x"));
    Until.holds(
        "the connection is gone",
        () -> {
          server.bookmark();
          return server.watching() == 0;
        });
    assertThat(told.calls()).containsExactly("synced");
  }

  private void restart() {
    try {
      server.start();
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }
}
