package io.ovenet.bench;

import io.ovenet.bpf.BpfMap;
import io.ovenet.kubernetes.IdentityRecord;
import io.ovenet.kubernetes.JsonObject;
import io.ovenet.kubernetes.ObjectKey;
import io.ovenet.kubernetes.RecordHandler;
import io.ovenet.kubernetes.RecordKind;
import io.ovenet.kubernetes.WatchScope;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/**
 * From a new identity in the API to its class in the kernel's table, after which every endpoint of
 * the node decides about it: the table is looked at every 50 µs.
 */
final class NewIdentities {
  private static final long EVERY_NANOS = 50_000;
  private static final long BETWEEN_NANOS = 20_000_000;
  private static final long CEILING_NANOS = 20_000_000_000L;

  private NewIdentities() {}

  static void measure(
      BenchNode node, WorldSize size, int count, long seed, Map<String, Object> report)
      throws IOException, InterruptedException {
    Output.note(count + " new identities");
    Map<Integer, Long> told = new ConcurrentHashMap<>();
    CountDownLatch listed = new CountDownLatch(1);
    List<Long> afterPost = new ArrayList<>();
    List<Long> afterTold = new ArrayList<>();
    Random random = new Random(seed);
    try (BpfMap classes = node.map("class_map");
        var _ =
            node.api().watch(RecordKind.CILIUM_IDENTITIES, WatchScope.ALL, clock(told, listed))) {
      if (!listed.await(CEILING_NANOS, TimeUnit.NANOSECONDS)) {
        throw new IOException("the identities were not listed");
      }
      for (int i = 0; i < count; i++) {
        Map<String, Object> identity = PolicyWorld.peer(size, i, random);
        int number = number(identity);
        long begin = System.nanoTime();
        node.create("/apis/cilium.io/v2/ciliumidentities", identity);
        long found = await(classes, number);
        afterPost.add(found - begin);
        long ceiling = System.nanoTime() + CEILING_NANOS;
        while (!told.containsKey(number) && System.nanoTime() < ceiling) {
          LockSupport.parkNanos(EVERY_NANOS);
        }
        afterTold.add(found - told.getOrDefault(number, 0L));
        LockSupport.parkNanos(BETWEEN_NANOS);
      }
    }
    report.put("a new identity: POST to its class in the kernel", Times.of(afterPost));
    report.put("  another watcher told to its class in the kernel", Times.of(afterTold));
  }

  private static int number(Map<String, Object> identity) {
    return JsonObject.of(identity).object("metadata").string("name").transform(Integer::parseInt);
  }

  private static long await(BpfMap classes, int number) throws IOException {
    byte[] key =
        ByteBuffer.allocate(classes.keySize())
            .order(ByteOrder.nativeOrder())
            .putInt(0, number)
            .array();
    long ceiling = System.nanoTime() + CEILING_NANOS;
    while (classes.lookup(key) == null) {
      if (System.nanoTime() > ceiling) {
        throw new IOException("identity " + number + " never came into class_map");
      }
      LockSupport.parkNanos(EVERY_NANOS);
    }
    return System.nanoTime();
  }

  private static RecordHandler<IdentityRecord> clock(
      Map<Integer, Long> told, CountDownLatch listed) {
    return new RecordHandler<>() {
      @Override
      public void upserted(IdentityRecord record) {
        told.putIfAbsent(record.number(), System.nanoTime());
      }

      @Override
      public void deleted(ObjectKey key) {}

      @Override
      public void synced() {
        listed.countDown();
      }
    };
  }
}
