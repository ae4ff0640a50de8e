package io.ovenet.agent;

import io.ovenet.datapath.RedirectSkipKey;
import java.net.InetAddress;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Which pods' calls skip which local redirect, in redirect_skip_map. Not thread-safe. */
final class RedirectSkips {
  private final Table<RedirectSkipKey, Integer> table;
  private final Map<Integer, Set<RedirectSkipKey>> present = new HashMap<>();

  /** Adopts what the table holds. */
  RedirectSkips(Table<RedirectSkipKey, Integer> table) {
    this.table = table;
    table.dump().keySet().forEach(this::isThere);
  }

  private void isThere(RedirectSkipKey key) {
    present.computeIfAbsent(key.service(), _ -> new HashSet<>()).add(key);
  }

  /** Adds what frontends should have; before the frontends say that they are skipped. */
  void add(Map<Integer, List<InetAddress>> wanted) {
    var entries = new HashMap<RedirectSkipKey, Integer>();
    wanted.forEach(
        (service, pods) -> {
          for (var pod : pods) {
            var key = new RedirectSkipKey(service, pod);
            if (!present.getOrDefault(service, Set.of()).contains(key)) {
              entries.put(key, 1);
            }
          }
        });
    if (!entries.isEmpty()) {
      table.put(entries);
      entries.keySet().forEach(this::isThere);
    }
  }

  /** Takes out what a frontend should no longer have. */
  void keep(int service, Collection<InetAddress> wanted) {
    var all = present.get(service);
    if (all == null) {
      return;
    }
    var gone = all.stream().filter(key -> !wanted.contains(key.client())).toList();
    if (!gone.isEmpty()) {
      table.delete(gone);
      gone.forEach(all::remove);
      if (all.isEmpty()) {
        present.remove(service);
      }
    }
  }

  /** Takes out what others than these frontends have. */
  void retain(Collection<Integer> services) {
    for (var service : List.copyOf(present.keySet())) {
      if (!services.contains(service)) {
        keep(service, Set.of());
      }
    }
  }
}
