package io.ovenet.agent;

import io.ovenet.kubernetes.CiliumNodeRecord;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentSkipListMap;

/** The cluster's nodes as their CiliumNodes tell of them, this one too. Safe for any thread. */
final class ClusterNodes {
  private final Map<String, CiliumNodeRecord> records = new ConcurrentSkipListMap<>();

  void put(CiliumNodeRecord record) {
    records.put(record.name(), record);
  }

  void remove(String name) {
    records.remove(name);
  }

  /** By name, as of now. */
  Collection<CiliumNodeRecord> all() {
    return List.copyOf(records.values());
  }
}
