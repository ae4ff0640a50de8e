package io.ovenet.agent;

import io.ovenet.datapath.IpcacheKey;
import io.ovenet.datapath.IpcacheValue;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Whose address is whose: what several sources say about a prefix, the strongest of them in the
 * kernel. Used by the steering thread alone.
 */
final class Ipcache {
  /** Who says it, weakest first: an address that a policy names may be a node's or a pod's. */
  enum Source {
    WORLD,
    PREFIX,
    REMOTE_NODE,
    REMOTE_ENDPOINT,
    LOCAL_ENDPOINT,
    HOST
  }

  private final Table<IpcacheKey, IpcacheValue> table;
  private final Map<IpcacheKey, IpcacheValue> realized;
  private final Map<IpcacheKey, EnumMap<Source, IpcacheValue>> said = new HashMap<>();
  private final Set<IpcacheKey> dirty = new LinkedHashSet<>();

  /**
   * Adopts what the table holds: it stays until {@link #prune} or until somebody says otherwise.
   */
  Ipcache(Table<IpcacheKey, IpcacheValue> table) {
    this.table = table;
    realized = new HashMap<>(table.dump());
  }

  /** What the source says from now on; null: nothing. Takes effect with {@link #realize}. */
  void say(Source source, IpcacheKey key, @Nullable IpcacheValue value) {
    var all = said.computeIfAbsent(key, _ -> new EnumMap<>(Source.class));
    if (value == null) {
      all.remove(source);
    } else {
      all.put(source, value);
    }
    dirty.add(key);
  }

  /** From here on what nobody has said goes away. For when every source has spoken. */
  void prune() {
    dirty.addAll(realized.keySet());
  }

  /** The identity that is in the kernel for exactly this prefix, 0 if there is none. */
  int realizedIdentity(IpcacheKey key) {
    var value = realized.get(key);
    return value == null ? 0 : value.identity();
  }

  /**
   * Brings the kernel to what is said. True if anything changed. What could not be done is tried
   * again next time.
   */
  boolean realize() {
    var put = new HashMap<IpcacheKey, IpcacheValue>();
    var gone = new ArrayList<IpcacheKey>();
    for (var key : dirty) {
      var wanted = strongest(key);
      if (wanted == null) {
        said.remove(key);
        if (realized.containsKey(key)) {
          gone.add(key);
        }
      } else if (!wanted.equals(realized.get(key))) {
        put.put(key, wanted);
      }
    }
    // Additions first: of an address that moves from one prefix to another, none is the world.
    table.put(put);
    realized.putAll(put);
    table.delete(gone);
    realized.keySet().removeAll(gone);
    dirty.clear();
    return !put.isEmpty() || !gone.isEmpty();
  }

  private @Nullable IpcacheValue strongest(IpcacheKey key) {
    var all = said.get(key);
    IpcacheValue strongest = null;
    if (all != null) {
      for (var value : all.values()) {
        strongest = value;
      }
    }
    return strongest;
  }

  /** The prefixes in the kernel; for tests and state. */
  List<IpcacheKey> keys() {
    return List.copyOf(realized.keySet());
  }
}
