package io.ovenet.agent;

import io.ovenet.kubernetes.CiliumNodeRecord;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentSkipListMap;

/**
 * The cluster's nodes as their CiliumNodes tell of them, this one too. Safe for any thread; one
 * writes.
 */
final class ClusterNodes {
  private final Map<String, CiliumNodeRecord> records = new ConcurrentSkipListMap<>();
  private volatile Runnable changed = () -> {};

  /** Runs this whenever a node is there, or is at an address, that was not before. */
  void whenChanged(Runnable run) {
    changed = run;
  }

  void put(CiliumNodeRecord record) {
    var before = records.put(record.name(), record);
    if (before == null || !before.addresses().equals(record.addresses())) {
      changed.run();
    }
  }

  void remove(String name) {
    records.remove(name);
  }

  /** By name, as of now. */
  Collection<CiliumNodeRecord> all() {
    return List.copyOf(records.values());
  }
}
