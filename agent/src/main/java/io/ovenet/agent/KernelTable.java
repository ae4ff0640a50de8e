package io.ovenet.agent;

import io.ovenet.bpf.KernelException;
import io.ovenet.datapath.MapTable;
import java.util.Collection;
import java.util.HashMap;
import java.util.Map;

/** A map in the kernel. */
final class KernelTable<K, V> implements Table<K, V> {
  private final String name;
  private final String remedy;
  private final MapTable<K, V> map;

  /**
   * @param remedy what somebody can do when it is full
   */
  KernelTable(String name, String remedy, MapTable<K, V> map) {
    this.name = name;
    this.remedy = remedy;
    this.map = map;
  }

  @Override
  public Map<K, V> dump() {
    var entries = new HashMap<K, V>();
    map.forEach(entries::put);
    return entries;
  }

  @Override
  public void put(Map<K, V> entries) {
    try {
      if (entries.size() == 1) {
        entries.forEach(map::upsert);
      } else {
        map.upsertAll(entries);
      }
    } catch (KernelException e) {
      throw new TableException(
          "cannot put "
              + entries.size()
              + " entries into "
              + name
              + " (room for "
              + map.capacity()
              + "): "
              + e.getMessage()
              + "; "
              + remedy,
          e);
    }
  }

  @Override
  public void delete(Collection<K> keys) {
    if (keys.size() == 1) {
      keys.forEach(map::delete);
    } else {
      map.deleteAll(keys);
    }
  }
}
