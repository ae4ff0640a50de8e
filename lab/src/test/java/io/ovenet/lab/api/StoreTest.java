package io.ovenet.lab.api;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The store: versions, watchers, and what a reopened one holds. */
final class StoreTest {
  @TempDir Path directory;

  private Store open(int window) throws Exception {
    return new Store(directory.resolve("o.db"), window);
  }

  private static ObjectNode object(String value) {
    ObjectNode object = Json.object();
    object.put("apiVersion", "v1").put("value", value).putObject("metadata");
    return object;
  }

  private static Key key(String name) {
    return new Key("things", "ns", name);
  }

  private static Stored done(Store.Outcome outcome) {
    return ((Store.Outcome.Done) outcome).object();
  }

  @Test
  void oneOfManyWritersWinsEachVersion() throws Exception {
    try (Store store = open(100)) {
      Stored first = done(store.create(key("a"), object("0")));
      assertThat(store.create(key("a"), object("x"))).isEqualTo(new Store.Outcome.Conflict());
      AtomicInteger won = new AtomicInteger();
      List<Thread> writers = new ArrayList<>();
      for (int i = 0; i < 20; i++) {
        ObjectNode mine = object("w" + i);
        writers.add(
            Thread.ofVirtual()
                .start(
                    () -> {
                      if (store.replace(key("a"), mine, first.version())
                          instanceof Store.Outcome.Done) {
                        won.incrementAndGet();
                      }
                    }));
      }
      for (Thread writer : writers) {
        writer.join();
      }
      assertThat(won).hasValue(1);
    }
  }

  @Test
  void watchersSeeEveryChangeOnceInOrder() throws Exception {
    long seed = System.nanoTime();
    System.out.println("StoreTest seed " + seed);
    try (Store store = open(100_000)) {
      long start = store.version();
      Map<String, String> replica = new TreeMap<>();
      Thread reader =
          Thread.ofVirtual()
              .start(
                  () -> {
                    long last = start;
                    try (History.Cursor cursor = store.watch("things", start)) {
                      while (true) {
                        Event event = cursor.next(Duration.ofSeconds(60));
                        if (event == null || event.object().key().name().equals("end")) {
                          return;
                        }
                        if (event.version() <= last) {
                          throw new AssertionError(event + " after " + last);
                        }
                        last = event.version();
                        String name = event.object().key().name();
                        if (event.type() == Event.Type.DELETED) {
                          replica.remove(name);
                        } else {
                          replica.put(name, event.object().tree().path("value").asText());
                        }
                      }
                    } catch (InterruptedException e) {
                      throw new AssertionError(e);
                    }
                  });
      List<Thread> writers = new ArrayList<>();
      for (int i = 0; i < 4; i++) {
        Random random = new Random(seed + i);
        writers.add(Thread.ofVirtual().start(() -> scribble(store, random)));
      }
      for (Thread writer : writers) {
        writer.join();
      }
      store.create(key("end"), object("end"));
      reader.join();
      Map<String, String> held = new TreeMap<>();
      for (Stored stored : store.list("things", "ns").items()) {
        held.put(stored.key().name(), stored.tree().path("value").asText());
      }
      held.remove("end");
      assertThat(replica).as("seed %d", seed).isEqualTo(held);
    }
    try (Store store = open(100)) {
      assertThat(store.list("things", "").items()).as("reopened").isNotEmpty();
    }
  }

  private static void scribble(Store store, Random random) {
    scribble(store, random, 300);
  }

  private static void scribble(Store store, Random random, int writes) {
    for (int i = 0; i < writes; i++) {
      Key key = key("k" + random.nextInt(10));
      Stored current = store.get(key);
      if (current == null) {
        store.create(key, object("v" + i));
      } else if (random.nextInt(3) == 0) {
        store.delete(key, current.version());
      } else {
        store.replace(key, object("v" + i), current.version());
      }
    }
  }

  @Test
  void aReopenedStoreHoldsTheSameAndContinuesItsVersions() throws Exception {
    long version;
    Map<String, Long> held = new TreeMap<>();
    try (Store store = open(100)) {
      scribble(store, new Random(7));
      store.list("things", "").items().forEach(s -> held.put(s.key().name(), s.version()));
      Stored last = done(store.create(key("gone"), object("x")));
      version = done(store.delete(key("gone"), last.version())).version();
    }
    try (Store store = open(100)) {
      Map<String, Long> again = new TreeMap<>();
      store.list("things", "").items().forEach(s -> again.put(s.key().name(), s.version()));
      assertThat(again).isEqualTo(held);
      assertThat(store.version()).isEqualTo(version);
      try (History.Cursor cursor = store.watch("things", version)) {
        assertThat(cursor.caughtUp()).isEqualTo(version);
      }
      try (History.Cursor cursor = store.watch("things", version - 1)) {
        Event event = Objects.requireNonNull(cursor.next(Duration.ofSeconds(1)));
        assertThat(event.type()).isEqualTo(Event.Type.DELETED);
        assertThat(event.object().key().name()).isEqualTo("gone");
      }
    }
  }

  /** Who watches on after restarts has what a listing says, or is told that history is gone. */
  @Test
  void watchesGoOnOverRestarts() throws Exception {
    long seed = System.nanoTime();
    Random random = new Random(seed);
    int window = 20;
    Map<Long, Map<String, Long>> states = new TreeMap<>();
    int followed = 0;
    for (int restart = 0; restart < 12; restart++) {
      try (Store store = open(window)) {
        Map<String, Long> now = listed(store);
        for (Map.Entry<Long, Map<String, Long>> former : states.entrySet()) {
          Map<String, Long> seen = new TreeMap<>(former.getValue());
          try (History.Cursor cursor = store.watch("things", former.getKey())) {
            for (Event event = cursor.next(Duration.ZERO);
                event != null;
                event = cursor.next(Duration.ZERO)) {
              if (event.type() == Event.Type.DELETED) {
                seen.remove(event.object().key().name());
              } else {
                seen.put(event.object().key().name(), event.version());
              }
            }
            assertThat(seen).as("seed " + seed + " from " + former.getKey()).isEqualTo(now);
            followed++;
          } catch (ApiException e) {
            assertThat(e.code()).as("seed " + seed).isEqualTo(410);
          }
        }
        for (int i = 0; i < 6; i++) {
          scribble(store, random, 1);
          states.put(store.version(), listed(store));
        }
      }
    }
    assertThat(followed).as("seed " + seed).isGreaterThan(12 * 6);
  }

  private static Map<String, Long> listed(Store store) {
    Map<String, Long> all = new TreeMap<>();
    store.list("things", "").items().forEach(s -> all.put(s.key().name(), s.version()));
    return all;
  }

  @Test
  void aCursorThatFallsBehindIsTold() throws Exception {
    try (Store store = open(10);
        History.Cursor cursor = store.watch("things", store.version())) {
      for (int i = 0; i < 30; i++) {
        store.create(key("k" + i), object("v"));
      }
      assertThatThrownBy(() -> cursor.next(Duration.ofSeconds(1)))
          .isInstanceOfSatisfying(ApiException.class, e -> assertThat(e.code()).isEqualTo(410));
    }
  }
}
