package io.ovenet.agent;

import io.ovenet.kubernetes.CiliumEndpointRecord;
import io.ovenet.kubernetes.CiliumEndpointSliceRecord;
import io.ovenet.kubernetes.ObjectKey;
import io.ovenet.kubernetes.RecordHandler;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * CiliumEndpoints out of CiliumEndpointSlices: of a slice that has changed, those that differ are
 * told. An endpoint that is in two slices for a while is what the later one says. Used by its
 * watch's thread alone.
 */
final class SlicedEndpoints implements RecordHandler<CiliumEndpointSliceRecord> {
  private final RecordHandler<CiliumEndpointRecord> endpoints;

  /** By slice, and by the endpoint's path. */
  private final Map<String, Map<String, CiliumEndpointRecord>> slices = new HashMap<>();

  /** The slice that an endpoint was last told by. */
  private final Map<String, String> toldBy = new HashMap<>();

  /** With none so far; {@code endpoints} is told of each. */
  SlicedEndpoints(RecordHandler<CiliumEndpointRecord> endpoints) {
    this.endpoints = endpoints;
  }

  @Override
  public void upserted(CiliumEndpointSliceRecord slice) {
    var name = slice.key().name();
    var now = new LinkedHashMap<String, CiliumEndpointRecord>();
    slice.endpoints().forEach(endpoint -> now.put(endpoint.key().path(), endpoint));
    var before = slices.put(name, now);
    now.forEach(
        (path, endpoint) -> {
          var teller = toldBy.put(path, name);
          if (!name.equals(teller) || before == null || !endpoint.equals(before.get(path))) {
            endpoints.upserted(endpoint);
          }
        });
    if (before != null) {
      before.forEach(
          (path, endpoint) -> {
            if (!now.containsKey(path)) {
              gone(name, path, endpoint);
            }
          });
    }
  }

  @Override
  public void deleted(ObjectKey key) {
    var before = slices.remove(key.name());
    if (before != null) {
      before.forEach((path, endpoint) -> gone(key.name(), path, endpoint));
    }
  }

  private void gone(String slice, String path, CiliumEndpointRecord endpoint) {
    if (!toldBy.remove(path, slice)) {
      return; // another slice tells of it by now
    }
    for (var other : slices.entrySet()) {
      var elsewhere = other.getValue().get(path);
      if (elsewhere != null) {
        toldBy.put(path, other.getKey());
        endpoints.upserted(elsewhere);
        return;
      }
    }
    endpoints.deleted(endpoint.key());
  }

  @Override
  public void synced() {
    endpoints.synced();
  }
}
