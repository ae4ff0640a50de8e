package io.ovenet.operator;

import io.ovenet.kubernetes.CiliumEndpointRecord;
import io.ovenet.kubernetes.CiliumEndpointSliceRecord;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Which endpoint is told of in which slice. An endpoint gets the first place that its namespace has
 * and stays there to its end; a slice without endpoints is over. Thread-safe.
 */
final class SliceAssignment {
  /** Upstream's default. */
  static final int MOST = 100;

  private static final class Slice {
    final String namespace;
    final Map<String, CiliumEndpointRecord> endpoints = new LinkedHashMap<>();

    Slice(String namespace) {
      this.namespace = namespace;
    }
  }

  private final Map<String, Slice> slices = new HashMap<>();

  /** By an endpoint's namespace and name. */
  private final Map<String, String> placeOf = new HashMap<>();

  /** By namespace, those with room, the oldest first. */
  private final Map<String, Set<String>> roomy = new HashMap<>();

  /** Places of endpoints; null once all endpoints that there are have been told of. */
  private @Nullable Set<String> seen = new HashSet<>();

  /**
   * The API has it so.
   *
   * @return whether that is to be changed
   */
  synchronized boolean found(CiliumEndpointSliceRecord found) {
    var name = found.key().name();
    var known = slices.get(name);
    if (known == null && seen != null) {
      return adopt(name, found);
    }
    return known == null
        || !known.namespace.equals(found.namespace())
        || !new HashSet<>(known.endpoints.values()).equals(new HashSet<>(found.endpoints()))
        || known.endpoints.size() != found.endpoints().size();
  }

  private boolean adopt(String name, CiliumEndpointSliceRecord found) {
    var slice = new Slice(found.namespace());
    boolean changed = false;
    for (var endpoint : found.endpoints()) {
      if (placeOf.putIfAbsent(endpoint.key().path(), name) == null) {
        slice.endpoints.put(endpoint.key().name(), endpoint);
      } else {
        changed = true; // told of twice: elsewhere already
      }
    }
    if (slice.endpoints.isEmpty()) {
      return true;
    }
    slices.put(name, slice);
    setRoomy(name, slice);
    return changed;
  }

  /** Whether a slice that somebody has deleted is still needed. */
  synchronized boolean lost(String name) {
    return slices.containsKey(name);
  }

  /**
   * An endpoint is new or has changed.
   *
   * @return the slice to be written; null: what it tells is the same
   */
  synchronized @Nullable String put(CiliumEndpointRecord endpoint, Supplier<String> freshName) {
    var told = CiliumEndpointSliceRecord.told(endpoint);
    var path = told.key().path();
    if (seen != null) {
      seen.add(path);
    }
    var name = placeOf.get(path);
    if (name == null) {
      name = roomIn(told.key().namespace(), freshName);
      placeOf.put(path, name);
    }
    var slice = slices.get(name);
    if (slice == null) {
      throw new IllegalStateException("no slice " + name);
    }
    var before = slice.endpoints.put(told.key().name(), told);
    setRoomy(name, slice);
    return told.equals(before) ? null : name;
  }

  private String roomIn(String namespace, Supplier<String> freshName) {
    var room = roomy.get(namespace);
    if (room != null && !room.isEmpty()) {
      return room.iterator().next();
    }
    var name = freshName.get();
    slices.put(name, new Slice(namespace));
    return name;
  }

  /**
   * An endpoint is gone.
   *
   * @return the slice to be written, or deleted if nothing is wanted of it; null: none tells of it
   */
  synchronized @Nullable String remove(String namespace, String endpoint) {
    var name = placeOf.remove(namespace + "/" + endpoint);
    var slice = name == null ? null : slices.get(name);
    if (name == null || slice == null) {
      return null;
    }
    slice.endpoints.remove(endpoint);
    if (slice.endpoints.isEmpty()) {
      slices.remove(name);
    }
    setRoomy(name, slice);
    return name;
  }

  /**
   * All endpoints that there are have been told of: others are gone.
   *
   * @return the slices to be written
   */
  synchronized Set<String> retainSeen() {
    var changed = new LinkedHashSet<String>();
    var present = seen;
    seen = null;
    if (present != null) {
      for (var path : List.copyOf(placeOf.keySet())) {
        if (!present.contains(path)) {
          int slash = path.indexOf('/');
          var name = remove(path.substring(0, slash), path.substring(slash + 1));
          if (name != null) {
            changed.add(name);
          }
        }
      }
    }
    return changed;
  }

  private void setRoomy(String name, Slice slice) {
    var room = roomy.computeIfAbsent(slice.namespace, _ -> new LinkedHashSet<>());
    if (!slice.endpoints.isEmpty() && slice.endpoints.size() < MOST) {
      room.add(name);
    } else {
      room.remove(name);
    }
    if (room.isEmpty()) {
      roomy.remove(slice.namespace);
    }
  }

  /** What a slice is to say; null: it is not to be. */
  synchronized @Nullable Wanted wanted(String name) {
    var slice = slices.get(name);
    return slice == null
        ? null
        : new Wanted(slice.namespace, new ArrayList<>(slice.endpoints.values()));
  }

  /** A slice as it is to be. */
  record Wanted(String namespace, List<CiliumEndpointRecord> endpoints) {}
}
