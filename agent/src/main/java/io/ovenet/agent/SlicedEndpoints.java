package io.ovenet.agent;

import io.ovenet.kubernetes.CiliumEndpointRecord;
import io.ovenet.kubernetes.CiliumEndpointSliceRecord;
import io.ovenet.kubernetes.ObjectKey;
import io.ovenet.kubernetes.RecordHandler;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Set;

/**
 * CiliumEndpoints out of CiliumEndpointSlices: of a slice that has changed, those that differ are
 * told. An endpoint that is in two slices for a while is what the later one says. Used by its
 * watch's thread alone.
 */
final class SlicedEndpoints implements RecordHandler<CiliumEndpointSliceRecord> {
  private final RecordHandler<CiliumEndpointRecord> endpoints;

  /** What each slice told last. */
  private final Map<String, CiliumEndpointSliceRecord> slices = new HashMap<>();

  /** By the namespace that all endpoints of a slice are in. */
  private final Map<String, Set<String>> slicesOf = new HashMap<>();

  /** The slice that an endpoint, whose uid no slice tells, was last told by. */
  private final Map<ObjectKey, String> toldBy = new HashMap<>();

  /** With none so far; {@code endpoints} is told of each. */
  SlicedEndpoints(RecordHandler<CiliumEndpointRecord> endpoints) {
    this.endpoints = endpoints;
  }

  @Override
  public void upserted(CiliumEndpointSliceRecord slice) {
    var name = slice.key().name();
    var now = endpoints(slice);
    var before = forget(name);
    slices.put(name, slice);
    slicesOf.computeIfAbsent(slice.namespace(), _ -> new HashSet<>()).add(name);
    now.forEach(
        (key, endpoint) -> {
          var teller = toldBy.put(key, name);
          if (!name.equals(teller) || !endpoint.equals(before.get(key))) {
            endpoints.upserted(endpoint);
          }
        });
    before.keySet().removeAll(now.keySet());
    before.keySet().forEach(key -> gone(name, key));
  }

  @Override
  public void deleted(ObjectKey key) {
    forget(key.name()).keySet().forEach(endpoint -> gone(key.name(), endpoint));
  }

  /** The last of each, if a slice has two of a name. */
  private static Map<ObjectKey, CiliumEndpointRecord> endpoints(CiliumEndpointSliceRecord slice) {
    var endpoints = new LinkedHashMap<ObjectKey, CiliumEndpointRecord>();
    slice.endpoints().forEach(endpoint -> endpoints.put(endpoint.key(), endpoint));
    return endpoints;
  }

  /** What the slice told. */
  private Map<ObjectKey, CiliumEndpointRecord> forget(String name) {
    var slice = slices.remove(name);
    if (slice == null) {
      return new LinkedHashMap<>();
    }
    slicesOf.computeIfPresent(
        slice.namespace(),
        (_, all) -> {
          all.remove(name);
          return all.isEmpty() ? null : all;
        });
    return endpoints(slice);
  }

  private void gone(String slice, ObjectKey key) {
    if (!toldBy.remove(key, slice)) {
      return; // another slice tells of it by now
    }
    for (var other : slicesOf.getOrDefault(key.namespace(), Set.of())) {
      var elsewhere = endpoints(Objects.requireNonNull(slices.get(other))).get(key);
      if (elsewhere != null) {
        toldBy.put(key, other);
        endpoints.upserted(elsewhere);
        return;
      }
    }
    endpoints.deleted(key);
  }

  @Override
  public void synced() {
    endpoints.synced();
  }
}
