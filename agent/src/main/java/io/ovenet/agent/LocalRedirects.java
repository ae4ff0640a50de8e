package io.ovenet.agent;

import io.ovenet.agent.ServiceFrontend.BackendSet;
import io.ovenet.agent.ServiceFrontend.Kind;
import io.ovenet.datapath.ServiceKey;
import io.ovenet.datapath.ServiceValue;
import io.ovenet.kubernetes.PodRecord;
import io.ovenet.kubernetes.policy.LocalRedirectPolicy;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Which calls stay on this node: CiliumLocalRedirectPolicies and the pods here that answer for
 * them. Where none is ready, a call goes where it would go without the policy. Not thread-safe.
 */
final class LocalRedirects {
  private static final String VIEW = "localRedirect ";

  /** Who answers for a port; none: it is not redirected. */
  record Target(
      List<BackendKey> ready, Map<BackendKey, ServiceBackend> all, List<InetAddress> skipping) {
    static final Target NONE = new Target(List.of(), Map.of(), List.of());

    boolean isRedirected() {
      return !ready.isEmpty();
    }

    int flags() {
      return ServiceValue.REDIRECT
          | ServiceValue.LOCAL_ONLY
          | (skipping.isEmpty() ? 0 : ServiceValue.SKIPPED);
    }
  }

  private final Map<String, LocalRedirectPolicy> policies = new TreeMap<>();
  private final Map<String, PodRecord> pods = new TreeMap<>();

  /** Puts a policy; the names of the views that it changes. */
  Set<String> upsert(LocalRedirectPolicy policy) {
    var changed = new HashSet<String>();
    var before = policies.put(policy.key().path(), policy);
    if (before != null) {
      changed.add(view(before));
    }
    changed.add(view(policy));
    return changed;
  }

  /** Takes a policy out; the names of the views that this changes. */
  Set<String> remove(String path) {
    var before = policies.remove(path);
    return before == null ? Set.of() : Set.of(view(before));
  }

  /** Puts a pod of this node; the names of the views that it changes. */
  Set<String> upsertPod(PodRecord pod) {
    var before = pods.put(pod.key().path(), pod);
    return selecting(before, pod);
  }

  /** Takes a pod out; the names of the views that this changes. */
  Set<String> removePod(String path) {
    return selecting(pods.remove(path), null);
  }

  private Set<String> selecting(@Nullable PodRecord before, @Nullable PodRecord now) {
    var changed = new HashSet<String>();
    for (var policy : policies.values()) {
      if ((before != null && policy.selects(before)) || (now != null && policy.selects(now))) {
        changed.add(view(policy));
      }
    }
    return changed;
  }

  /** The view that a policy is seen in: its service's, or one of its own. */
  private static String view(LocalRedirectPolicy policy) {
    return policy.address() == null
        ? policy.key().namespace() + "/" + policy.service()
        : VIEW + policy.key().path();
  }

  /** Who answers here for a port of a service; of several policies the oldest says. */
  Target of(String service, String portName, int port, String protocol) {
    return policies.values().stream()
        .filter(policy -> policy.address() == null && view(policy).equals(service))
        .min(
            Comparator.comparing(LocalRedirectPolicy::created)
                .thenComparing(policy -> policy.key().path()))
        .map(policy -> target(policy, portName, port, protocol))
        .orElse(Target.NONE);
  }

  private Target target(LocalRedirectPolicy policy, String name, int port, String protocol) {
    var wanted = policy.backendPort(name, port, protocol);
    if (wanted == null) {
      return Target.NONE;
    }
    var ready = new ArrayList<BackendKey>();
    var all = new TreeMap<BackendKey, ServiceBackend>();
    var skipping = new ArrayList<InetAddress>();
    for (var pod : pods.values()) {
      var address =
          !pod.hostNetwork() && policy.selects(pod) && isServed(pod, wanted)
              ? HostPort.addressOf(pod)
              : null;
      if (address != null) {
        int number = ServiceFrontends.protocol(protocol);
        var key = BackendKey.of(address, wanted.port(), number, pod.uid());
        boolean takes = pod.ready() && !pod.deleting();
        all.put(
            key,
            new ServiceBackend(
                key, true, takes, pod.deleting(), pod.node(), "Pod " + pod.key().name()));
        if (takes) {
          ready.add(key);
        }
        if (policy.skipFromBackend()) {
          skipping.add(address);
        }
      }
    }
    ready.sort(null);
    return new Target(ready, all, skipping);
  }

  private static boolean isServed(PodRecord pod, LocalRedirectPolicy.Port wanted) {
    return pod.ports().stream()
        .anyMatch(
            port -> port.port() == wanted.port() && port.protocol().equals(wanted.protocol()));
  }

  /** Whether a view is that of a policy for an address. */
  static boolean isOfAddress(String name) {
    return name.startsWith(VIEW);
  }

  /** What a policy for an address makes; null: the name is none of such a policy. */
  @Nullable ServiceView ofAddress(String name) {
    var policy = isOfAddress(name) ? policies.get(name.substring(VIEW.length())) : null;
    if (policy == null || policy.address() == null) {
      return null;
    }
    var address = policy.address();
    var frontends = new ArrayList<ServiceFrontend>();
    var sets = new HashMap<BackendSet, List<BackendKey>>();
    var backends = new TreeMap<BackendKey, ServiceBackend>();
    var notes = new ArrayList<String>();
    if (!(address instanceof Inet4Address)) {
      notes.add("addressMatcher.ip: " + address.getHostAddress() + ": not served by IPv6 yet");
      return new ServiceView(name, List.of(), Map.of(), Map.of(), notes);
    }
    for (var port : policy.frontendPorts()) {
      var target = target(policy, port.name(), port.port(), port.protocol());
      backends.putAll(target.all());
      if (target.isRedirected()) {
        var set = new BackendSet(name, port.port() + "/" + port.protocol(), true);
        sets.put(set, target.ready());
        frontends.add(
            new ServiceFrontend(
                new ServiceKey(address, port.port(), ServiceFrontends.protocol(port.protocol())),
                Kind.LOCAL_REDIRECT,
                target.flags(),
                0,
                List.of(),
                set,
                target.skipping()));
      }
    }
    return new ServiceView(name, frontends, sets, backends, notes);
  }
}
