package io.ovenet.kubernetes.policy;

import io.ovenet.kubernetes.EndpointSliceRecord;
import io.ovenet.kubernetes.ObjectKey;
import io.ovenet.kubernetes.ServiceRecord;
import io.ovenet.policy.Cidr;
import io.ovenet.policy.PeerGroup;
import io.ovenet.policy.PeerService;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Services and their EndpointSlices, in any order → services as rules mean them. Told on is only
 * what is another service to rules: endpoints of one that has a selector are not. Thread-safe; the
 * listener is called with the lock held, in the order of the changes.
 */
public final class PeerServices {
  /** Is told of groups. */
  public interface Listener {
    void upserted(PeerGroup group);

    /** The group of this id is gone. */
    void deleted(String id);
  }

  private final Listener listener;
  private final Map<String, ServiceRecord> services = new HashMap<>();

  /** By service, then by name. */
  private final Map<String, Map<String, EndpointSliceRecord>> slices = new HashMap<>();

  private final Map<String, String> serviceOfSlice = new HashMap<>();
  private final Map<String, PeerService> told = new HashMap<>();

  public PeerServices(Listener listener) {
    this.listener = listener;
  }

  /** A service is there, or has changed. */
  public synchronized void upsert(ServiceRecord service) {
    String path = path(service.key().namespace(), service.key().name());
    services.put(path, service);
    tell(path);
  }

  /** A service is gone. */
  public synchronized void removeService(ObjectKey key) {
    String path = path(key.namespace(), key.name());
    services.remove(path);
    tell(path);
  }

  /** A slice is there, or has changed. */
  public synchronized void upsert(EndpointSliceRecord slice) {
    String name = path(slice.key().namespace(), slice.key().name());
    String service = path(slice.key().namespace(), slice.service());
    String before = serviceOfSlice.put(name, service);
    if (before != null && !before.equals(service)) {
      takeOut(name, before);
    }
    slices.computeIfAbsent(service, _ -> new TreeMap<>()).put(name, slice);
    tell(service);
  }

  /** A slice is gone. */
  public synchronized void removeSlice(ObjectKey key) {
    String name = path(key.namespace(), key.name());
    String service = serviceOfSlice.remove(name);
    if (service != null) {
      takeOut(name, service);
    }
  }

  private void takeOut(String slice, String service) {
    Map<String, EndpointSliceRecord> left = slices.getOrDefault(service, Map.of());
    left.remove(slice);
    if (left.isEmpty()) {
      slices.remove(service);
    }
    tell(service);
  }

  private void tell(String path) {
    ServiceRecord service = services.get(path);
    @Nullable PeerService now = service == null ? null : peers(service, path);
    PeerService before = now == null ? told.remove(path) : told.put(path, now);
    if (now != null && !now.equals(before)) {
      listener.upserted(now);
    } else if (now == null && before != null) {
      listener.deleted(before.id());
    }
  }

  private PeerService peers(ServiceRecord service, String path) {
    List<Cidr> addresses = new ArrayList<>();
    if (service.selector().isEmpty()) {
      for (EndpointSliceRecord slice : slices.getOrDefault(path, Map.of()).values()) {
        slice.endpoints().stream()
            .filter(endpoint -> endpoint.ready() || (endpoint.serving() && endpoint.terminating()))
            .forEach(endpoint -> addresses.add(Cidr.of(endpoint.address())));
      }
    }
    return new PeerService(
        namespace(service.key().namespace()),
        service.key().name(),
        service.labels(),
        service.selector(),
        addresses);
  }

  private static String path(String namespace, String name) {
    return namespace(namespace) + "/" + name;
  }

  private static String namespace(String written) {
    return written.isEmpty() ? "default" : written;
  }
}
