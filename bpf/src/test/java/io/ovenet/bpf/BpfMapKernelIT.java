package io.ovenet.bpf;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

@ExtendWith(PrivateBpffs.class)
class BpfMapKernelIT {
  private static MapSpec spec(MapType type, int maxEntries) {
    int flags = type == MapType.LPM_TRIE ? MapSpec.NO_PREALLOC : 0;
    return new MapSpec(type, 8, 8, maxEntries, flags);
  }

  /** A key that is good for a trie too: 32 bits of prefix, then the number. */
  private static MemorySegment key(Arena arena, int number) {
    MemorySegment key = arena.allocate(8, 8);
    key.set(JAVA_INT, 0, 32);
    key.set(JAVA_INT, 4, number);
    return key;
  }

  private static MemorySegment value(Arena arena, long number) {
    MemorySegment value = arena.allocate(8, 8);
    value.set(JAVA_LONG, 0, number);
    return value;
  }

  @ParameterizedTest
  @EnumSource(names = {"HASH", "LRU_HASH", "LPM_TRIE"})
  void singleOperations(MapType type) {
    try (BpfMap map = BpfMap.create("single", spec(type, 100));
        Arena arena = Arena.ofConfined()) {
      MemorySegment found = arena.allocate(8, 8);
      assertThat(map.lookup(key(arena, 1), found)).isFalse();
      assertThat(map.update(key(arena, 1), value(arena, 5), UpdateMode.NO_EXIST)).isTrue();
      assertThat(map.lookup(key(arena, 1), found)).isTrue();
      assertThat(found.get(JAVA_LONG, 0)).isEqualTo(5);
      assertThat(map.update(key(arena, 1), value(arena, 6), UpdateMode.NO_EXIST)).isFalse();
      assertThat(map.update(key(arena, 2), value(arena, 6), UpdateMode.EXIST)).isFalse();
      assertThat(map.update(key(arena, 1), value(arena, 7), UpdateMode.EXIST)).isTrue();
      assertThat(map.lookup(key(arena, 1), found)).isTrue();
      assertThat(found.get(JAVA_LONG, 0)).isEqualTo(7);
      assertThat(map.delete(key(arena, 1))).isTrue();
      assertThat(map.delete(key(arena, 1))).isFalse();
    }
  }

  @ParameterizedTest
  @EnumSource(names = {"HASH", "LPM_TRIE"})
  void batchOperations(MapType type) {
    int count = 10_000;
    try (BpfMap map = BpfMap.create("batch", spec(type, 2 * count));
        Arena arena = Arena.ofConfined()) {
      MemorySegment keys = arena.allocate(8L * count, 8);
      MemorySegment values = arena.allocate(8L * count, 8);
      for (int i = 0; i < count; i++) {
        keys.asSlice(8L * i, 8).copyFrom(key(arena, i));
        values.set(JAVA_LONG, 8L * i, 3L * i);
      }
      map.updateBatch(keys, values, count);
      Map<Integer, Long> found = new HashMap<>();
      map.forEach((k, v) -> found.put(k.get(JAVA_INT, 4), v.get(JAVA_LONG, 0)));
      assertThat(found).hasSize(count);
      found.forEach((k, v) -> assertThat(v).isEqualTo(3L * k));
      assertThat(map.delete(key(arena, 17))).isTrue();
      assertThat(map.delete(key(arena, 0))).isTrue();
      assertThat(map.delete(key(arena, count - 1))).isTrue();
      assertThat(map.deleteBatch(keys, count)).isEqualTo(count - 3);
      map.forEach((k, v) -> assertThat(k.get(JAVA_INT, 4)).as("nothing is left").isEqualTo(-1));
    }
  }

  @Test
  void batchesFromTheHeap() {
    try (BpfMap map = BpfMap.create("heap", spec(MapType.HASH, 4))) {
      byte[] keys = new byte[16];
      keys[8] = 1;
      map.updateBatch(MemorySegment.ofArray(keys), MemorySegment.ofArray(new byte[16]), 2);
      assertThat(map.lookup(new byte[8])).isNotNull();
      assertThat(map.deleteBatch(MemorySegment.ofArray(keys), 2)).isEqualTo(2);
    }
  }

  @Test
  void fullMapIsAnError() {
    try (BpfMap map = BpfMap.create("full", spec(MapType.HASH, 2));
        Arena arena = Arena.ofConfined()) {
      map.update(key(arena, 1), value(arena, 0));
      map.update(key(arena, 2), value(arena, 0));
      assertThatThrownBy(() -> map.update(key(arena, 3), value(arena, 0)))
          .isInstanceOfSatisfying(
              BpfException.class, e -> assertThat(e.errno()).isEqualTo(Errno.E2BIG))
          .hasMessageContaining("map full");
      MemorySegment keys = arena.allocate(24, 8);
      for (int i = 0; i < 3; i++) {
        keys.asSlice(8L * i, 8).copyFrom(key(arena, 2 + i));
      }
      assertThatThrownBy(() -> map.updateBatch(keys, arena.allocate(24, 8), 3))
          .hasMessageContaining("entry 1 of 3");
    }
  }

  @Test
  void shortKeysAndValuesAreRefused() {
    try (BpfMap map = BpfMap.create("short", spec(MapType.HASH, 2))) {
      assertThatThrownBy(() -> map.update(new byte[7], new byte[8]))
          .isInstanceOf(IndexOutOfBoundsException.class);
      assertThatThrownBy(() -> map.update(new byte[8], new byte[7]))
          .isInstanceOf(IndexOutOfBoundsException.class);
      assertThat(map.lookup(new byte[8])).isNull();
    }
  }

  @Test
  void perCpuValuesComeTogether() {
    try (BpfMap map = BpfMap.create("percpu", new MapSpec(MapType.PERCPU_ARRAY, 4, 4, 3, 0))) {
      assertThat(map.transferSize()).isEqualTo(8 * Cpus.possible());
      byte[] values = new byte[map.transferSize()];
      for (int cpu = 0; cpu < Cpus.possible(); cpu++) {
        values[8 * cpu] = (byte) (cpu + 1);
      }
      map.update(new byte[] {2, 0, 0, 0}, values);
      assertThat(map.lookup(new byte[] {2, 0, 0, 0})).isEqualTo(values);
      assertThat(map.lookup(new byte[] {1, 0, 0, 0})).isEqualTo(new byte[values.length]);
    }
  }

  @Test
  void sharedArrayIsTheProgramsMemory() {
    try (BpfObject object = TestObject.open("use_maps").load();
        BpfMap map = object.map("shared_array");
        BpfProgram program = object.program("use_maps");
        Arena arena = Arena.ofShared()) {
      MemorySegment shared = map.mapInto(arena);
      assertThat(shared.byteSize()).isEqualTo(100L * map.valueStride());
      shared.set(JAVA_LONG, 0, 41);
      program.testRun(TestObject.PACKET, new byte[0], 1);
      assertThat(shared.get(JAVA_LONG, 0)).isEqualTo(42);
      shared.set(JAVA_LONG, 99L * map.valueStride(), 9);
      byte[] last = map.lookup(new byte[] {99, 0, 0, 0});
      assertThat(last).isNotNull().startsWith(9, 0);
      try (BpfMap hash = object.map("hash_map")) {
        assertThatThrownBy(() -> hash.mapInto(arena)).isInstanceOf(IllegalStateException.class);
      }
    }
  }

  @Test
  void pinnedMapIsFoundAgain(Path bpffs) {
    Path pin = bpffs.resolve("map");
    assertThat(BpfMap.openPinnedIfPresent(pin)).isNull();
    assertThatThrownBy(() -> BpfMap.openPinned(pin))
        .hasMessageContaining("ENOENT")
        .hasMessageContaining(pin.toString());
    int id;
    try (BpfMap map = BpfMap.create("pinned", spec(MapType.HASH, 2))) {
      map.pin(pin);
      map.update(new byte[8], new byte[8]);
      id = map.id();
    }
    try (BpfMap map = BpfMap.openPinned(pin)) {
      assertThat(map.id()).isEqualTo(id);
      assertThat(map.name()).isEqualTo("pinned");
      assertThat(map.spec()).isEqualTo(spec(MapType.HASH, 2));
      assertThat(map.lookup(new byte[8])).isNotNull();
    }
  }

  @Test
  void manyThreadsUseOneMap() throws InterruptedException {
    int each = 2_000;
    ConcurrentLinkedQueue<Throwable> failures = new ConcurrentLinkedQueue<>();
    try (BpfMap map = BpfMap.create("threads", spec(MapType.HASH, 8 * each))) {
      Thread[] threads = new Thread[8];
      for (int t = 0; t < threads.length; t++) {
        int first = t * each;
        threads[t] =
            Thread.ofVirtual()
                .start(
                    () -> {
                      try (Arena arena = Arena.ofConfined()) {
                        MemorySegment found = arena.allocate(8, 8);
                        for (int i = first; i < first + each; i++) {
                          map.update(key(arena, i), value(arena, ~(long) i));
                          assertThat(map.lookup(key(arena, i), found)).isTrue();
                          assertThat(found.get(JAVA_LONG, 0)).isEqualTo(~(long) i);
                        }
                      } catch (Throwable e) {
                        failures.add(e);
                      }
                    });
      }
      for (Thread thread : threads) {
        thread.join();
      }
    }
    assertThat(failures).isEmpty();
  }
}
