package io.ovenet.bench;

import io.ovenet.kubernetes.CiliumEndpointRecord;
import io.ovenet.kubernetes.KubernetesRecord;
import io.ovenet.kubernetes.ObjectKey;
import io.ovenet.kubernetes.RecordHandler;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.function.Function;

/** Hears of endpoints as an agent does, and notes when pods came and went, nothing else. */
final class BareWatch<R extends KubernetesRecord> implements RecordHandler<R> {
  private static final String HEARER = "watch";

  private final Arrivals arrivals;
  private final CountDownLatch synced;
  private final Function<R, List<CiliumEndpointRecord>> endpoints;
  private final Map<ObjectKey, Set<String>> addresses = new HashMap<>();

  /**
   * Has heard of nothing.
   *
   * @param synced counted down by each listing
   * @param endpoints of an object
   */
  BareWatch(
      Arrivals arrivals, CountDownLatch synced, Function<R, List<CiliumEndpointRecord>> endpoints) {
    this.arrivals = arrivals;
    this.synced = synced;
    this.endpoints = endpoints;
  }

  @Override
  public void upserted(R record) {
    long now = System.nanoTime();
    Set<String> found = new HashSet<>();
    for (CiliumEndpointRecord endpoint : endpoints.apply(record)) {
      endpoint.ips().stream().filter(SimulatedCluster::isChurn).forEach(found::add);
    }
    Set<String> before =
        found.isEmpty() ? addresses.remove(key(record)) : addresses.put(key(record), found);
    if (before != null) {
      before.stream().filter(a -> !found.contains(a)).forEach(a -> arrivals.gone(HEARER, a, now));
    }
    found.forEach(a -> arrivals.known(HEARER, a, now));
  }

  /** An object's uid is not told with its deletion. */
  private static ObjectKey key(KubernetesRecord record) {
    return name(record.key());
  }

  private static ObjectKey name(ObjectKey key) {
    return new ObjectKey(key.namespace(), key.name(), "");
  }

  @Override
  public void deleted(ObjectKey key) {
    long now = System.nanoTime();
    Set<String> before = addresses.remove(name(key));
    if (before != null) {
      before.forEach(a -> arrivals.gone(HEARER, a, now));
    }
  }

  @Override
  public void synced() {
    synced.countDown();
  }
}
