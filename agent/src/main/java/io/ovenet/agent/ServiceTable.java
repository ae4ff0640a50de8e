package io.ovenet.agent;

import io.ovenet.datapath.ServiceKey;
import io.ovenet.kubernetes.EndpointSliceRecord;
import io.ovenet.kubernetes.PodRecord;
import io.ovenet.kubernetes.ServiceRecord;
import io.ovenet.kubernetes.policy.LocalRedirectPolicy;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * The cluster's services as this node should have them: pure, and by parts. What changes marks the
 * services that it affects; {@link #changes} works out these alone. Not thread-safe.
 *
 * <p>Two services with one address and port: the older one has it, by name where they are of the
 * same second, on every node alike.
 */
final class ServiceTable {
  private final Map<String, ServiceRecord> services = new HashMap<>();

  /** By service, then by name. */
  private final Map<String, TreeMap<String, EndpointSliceRecord>> slices = new HashMap<>();

  private final Map<String, String> serviceOfSlice = new HashMap<>();
  private final Map<String, ServiceView> views = new TreeMap<>();
  private final Map<ServiceKey, String> owners = new HashMap<>();
  private final Map<ServiceKey, Set<String>> waiting = new HashMap<>();
  private final Map<String, List<HostPort>> hostPorts = new HashMap<>();
  private final LocalRedirects redirects = new LocalRedirects();
  private final Set<String> dirty = new LinkedHashSet<>();
  private final String node;
  private String zone = "";
  private List<InetAddress> nodeAddresses = List.of();

  ServiceTable(String node) {
    this.node = node;
  }

  /** Where this node is. */
  void zone(String name) {
    if (!zone.equals(name)) {
      zone = name;
      dirty.addAll(services.keySet());
    }
  }

  /** The addresses at which this node has node ports. */
  void nodeAddresses(Collection<InetAddress> addresses) {
    var now = List.copyOf(addresses);
    if (!now.equals(nodeAddresses)) {
      nodeAddresses = now;
      services.forEach(
          (path, service) -> {
            if (service.ports().stream().anyMatch(port -> port.nodePort() != 0)) {
              dirty.add(path);
            }
          });
      dirty.addAll(hostPorts.keySet());
    }
  }

  void upsertService(ServiceRecord service) {
    services.put(service.key().path(), ServiceFrontends.needed(service));
    dirty.add(service.key().path());
  }

  void removeService(String path) {
    if (services.remove(path) != null) {
      dirty.add(path);
    }
  }

  void upsertSlice(EndpointSliceRecord slice) {
    var name = slice.key().path();
    var service = slice.service().isEmpty() ? "" : slice.key().namespace() + "/" + slice.service();
    var before = serviceOfSlice.get(name);
    if (before != null && !before.equals(service)) {
      removeSlice(name);
    }
    if (!service.isEmpty()) {
      serviceOfSlice.put(name, service);
      slices.computeIfAbsent(service, _ -> new TreeMap<>()).put(name, slice);
      dirty.add(service);
    }
  }

  void removeSlice(String name) {
    var service = serviceOfSlice.remove(name);
    if (service != null) {
      var left = slices.get(service);
      if (left != null) {
        left.remove(name);
        if (left.isEmpty()) {
          slices.remove(service);
        }
      }
      dirty.add(service);
    }
  }

  /** A pod of this node is there, or has changed. */
  void upsertPod(PodRecord pod) {
    hostPorts(pod.key().path(), HostPort.of(pod));
    dirty.addAll(redirects.upsertPod(pod));
  }

  /** A pod of this node is gone. */
  void removePod(String path) {
    hostPorts(path, List.of());
    dirty.addAll(redirects.removePod(path));
  }

  /** A policy that keeps calls on the node is there. */
  void upsertRedirect(LocalRedirectPolicy policy) {
    dirty.addAll(redirects.upsert(policy));
  }

  /** A policy that keeps calls on the node is gone, or means nothing. */
  void removeRedirect(String path) {
    dirty.addAll(redirects.remove(path));
  }

  /** The ports of this node that lead to one of its pods; none: the pod has none or is gone. */
  private void hostPorts(String pod, List<HostPort> ports) {
    var name = "hostPort " + pod;
    var before = ports.isEmpty() ? hostPorts.remove(name) : hostPorts.put(name, List.copyOf(ports));
    if (!ports.equals(before == null ? List.of() : before)) {
      dirty.add(name);
    }
  }

  /** All services, as {@link #changes} gave them last. */
  Map<String, ServiceView> views() {
    return views;
  }

  /** The services that have changed since the last call; an empty view: the service is gone. */
  Map<String, ServiceView> changes() {
    var changes = new LinkedHashMap<String, ServiceView>();
    // Another service may get what one gives up, or lose it to one that is older.
    while (!dirty.isEmpty()) {
      var path = dirty.iterator().next();
      dirty.remove(path);
      var before = views.get(path);
      var now = settle(path, wanted(path));
      if (now.frontends().isEmpty() && now.backends().isEmpty() && !services.containsKey(path)) {
        views.remove(path);
      } else {
        views.put(path, now);
      }
      if (!now.equals(before == null ? ServiceView.none(path) : before)
          || changes.containsKey(path)) {
        changes.put(path, now);
      }
    }
    return changes;
  }

  private ServiceView wanted(String path) {
    var ports = hostPorts.get(path);
    if (ports != null) {
      return ServiceFrontends.ofHostPorts(path, ports, nodeAddresses);
    }
    var redirected = redirects.ofAddress(path);
    if (redirected != null) {
      return redirected;
    }
    var service = services.get(path);
    if (service == null) {
      return ServiceView.none(path);
    }
    return new ServiceFrontends(node, new BackendChoice(node, zone), nodeAddresses, redirects)
        .of(service, slices.getOrDefault(path, new TreeMap<>()).values());
  }

  /** Leaves out what older services have; gives back what this one no longer wants. */
  private ServiceView settle(String path, ServiceView wanted) {
    var frontends = new ArrayList<ServiceFrontend>();
    var notes = new ArrayList<>(wanted.notes());
    var claimed = new TreeSet<String>();
    for (var frontend : wanted.frontends()) {
      var key = called(frontend);
      var owner = owners.get(key);
      if (owner == null || owner.equals(path) || older(path, owner)) {
        if (owner != null && !owner.equals(path)) {
          dirty.add(owner);
          waiting.computeIfAbsent(key, _ -> new TreeSet<>()).add(owner);
        }
        owners.put(key, path);
        frontends.add(frontend);
      } else {
        waiting.computeIfAbsent(key, _ -> new TreeSet<>()).add(path);
        if (claimed.add(owner)) {
          notes.add(
              key.address().getHostAddress()
                  + ":"
                  + key.port()
                  + " is that of "
                  + owner
                  + ", which is older: give one of them another address or port");
        }
      }
    }
    var before = views.get(path);
    if (before != null) {
      var kept = new HashSet<ServiceKey>();
      frontends.forEach(frontend -> kept.add(called(frontend)));
      for (var frontend : before.frontends()) {
        if (!kept.contains(called(frontend)) && owners.remove(called(frontend), path)) {
          var heirs = waiting.remove(called(frontend));
          if (heirs != null) {
            dirty.addAll(heirs);
          }
        }
      }
    }
    return new ServiceView(path, frontends, wanted.sets(), wanted.backends(), notes);
  }

  /** What is called, from inside and outside: one service has both. */
  private static ServiceKey called(ServiceFrontend frontend) {
    var key = frontend.key();
    return key.scope() == ServiceKey.CLUSTER
        ? key
        : new ServiceKey(
            key.address(), key.port(), key.protocol(), ServiceKey.CLUSTER, key.network());
  }

  private boolean older(String path, String than) {
    return age(path).compareTo(age(than)) < 0;
  }

  /** A port of the node's own is older than any service; a redirect takes nothing from one. */
  private String age(String path) {
    @Nullable ServiceRecord service = services.get(path);
    String created =
        service != null ? service.created() : LocalRedirects.isOfAddress(path) ? "~" : "";
    return created + " " + path;
  }
}
