package io.ovenet.agent;

import io.ovenet.policy.Labels;
import io.ovenet.policy.NamedPorts;
import io.ovenet.policy.ReservedIdentity;
import java.io.IOException;
import java.net.InetAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Sees to it that endpoints have the identity of their pod's labels, whenever these or those of the
 * namespace change. A known identity is taken at once, on the watch's own thread; for a new one the
 * API server is asked by another thread, again until it answers.
 */
final class Relabeler {
  private static final Logger log = LoggerFactory.getLogger(Relabeler.class);
  private static final Duration RETRY = Duration.ofSeconds(1);

  private final EndpointStore store;
  private final Pods pods;
  private final Identities identities;
  private final Steering steering;
  private final Names names;
  private final EndpointLifecycle.Listener changes;

  /** What an endpoint is to have, by its id, until it is remembered. */
  private record Wanted(Labels labels, NamedPorts ports, boolean audit) {
    static Wanted of(LocalEndpoint endpoint) {
      return new Wanted(endpoint.labels(), endpoint.ports(), endpoint.audit());
    }
  }

  private final Map<Integer, Wanted> wanted = new HashMap<>();

  /**
   * @param changes told of endpoints with other labels, as added
   */
  Relabeler(
      EndpointStore store,
      Pods pods,
      Identities identities,
      Steering steering,
      Names names,
      EndpointLifecycle.Listener changes) {
    this.store = store;
    this.pods = pods;
    this.identities = identities;
    this.steering = steering;
    this.names = names;
    this.changes = changes;
  }

  void checkNamespace(String namespace) {
    for (var endpoint : store.all()) {
      if (endpoint.namespace().equals(namespace)) {
        check(endpoint);
      }
    }
  }

  void checkPod(String namespace, String pod) {
    for (var endpoint : new ArrayList<>(store.all())) {
      if (endpoint.isOf(namespace, pod)) {
        check(endpoint);
      }
    }
  }

  /** A number means these labels from now on, or nothing. */
  void checkIdentity(int number, @Nullable Labels labels) {
    for (var endpoint : store.all()) {
      if (endpoint.identity() == number
          && !isReserved(endpoint)
          && !endpoint.labels().equals(labels)) {
        renumber(endpoint);
      }
    }
  }

  /** Whether the cluster knows the endpoints' labels by the numbers that they have. */
  void checkIdentities() {
    for (var endpoint : store.all()) {
      if (!isReserved(endpoint) && !identities.means(endpoint.identity(), endpoint.labels())) {
        renumber(endpoint);
      }
    }
  }

  /** Its number is everybody's who has none of the cluster's yet. */
  private static boolean isReserved(LocalEndpoint endpoint) {
    return ReservedIdentity.of(endpoint.identity()) != null;
  }

  /** The endpoint's labels are what they were, its number is not theirs any more. */
  private void renumber(LocalEndpoint endpoint) {
    synchronized (this) {
      if (wanted.putIfAbsent(endpoint.id(), Wanted.of(endpoint)) != null) {
        return; // on its way to another number anyhow
      }
    }
    log.warn(
        "identity {} of endpoint {} ({}/{}) is not its labels' any more; it gets another",
        endpoint.identity(),
        endpoint.id(),
        endpoint.namespace(),
        endpoint.pod());
    Thread.ofVirtual().name("renumber").start(() -> allocate(endpoint, Wanted.of(endpoint)));
  }

  /** Whether the endpoint's labels are still those of its pod; sees to it if not. */
  void check(LocalEndpoint endpoint) {
    var pod = pods.known(endpoint.namespace(), endpoint.pod(), endpoint.podUid());
    var labels = pod == null ? null : pods.knownIdentityLabels(pod);
    if (pod == null || labels == null) {
      return;
    }
    var now = new Wanted(labels, Pods.portsOf(pod.namedPorts()), pods.isAudited(pod));
    synchronized (this) {
      if (now.equals(wanted.getOrDefault(endpoint.id(), Wanted.of(endpoint)))) {
        return;
      }
      wanted.put(endpoint.id(), now);
    }
    int known =
        labels.equals(endpoint.labels()) && identities.means(endpoint.identity(), labels)
            ? endpoint.identity()
            : identities.known(labels);
    if (known != 0) {
      relabel(endpoint, known, now);
    } else {
      Thread.ofVirtual().name("relabel").start(() -> allocate(endpoint, now));
    }
  }

  private void allocate(LocalEndpoint endpoint, Wanted now) {
    while (isWanted(endpoint, now)) {
      try {
        relabel(endpoint, identities.allocate(now.labels()), now);
        return;
      } catch (IOException | RuntimeException e) {
        log.error(
            "endpoint {} ({}/{}) has to keep its identity for now: no number for its new labels;"
                + " trying again",
            endpoint.id(),
            endpoint.namespace(),
            endpoint.pod(),
            e);
      }
      try {
        Thread.sleep(RETRY);
      } catch (InterruptedException _) {
        return;
      }
    }
  }

  private synchronized boolean isWanted(LocalEndpoint endpoint, Wanted now) {
    return now.equals(wanted.get(endpoint.id()));
  }

  private void relabel(LocalEndpoint endpoint, int identity, Wanted now) {
    var realized =
        steering.realized(
            r -> {
              var present = r.endpoint(endpoint.id());
              if (present != null
                  && present.generation() == endpoint.generation()
                  && isWanted(endpoint, now)) {
                r.change(
                    endpoint.id(),
                    old -> old.with(identity, now.labels(), now.ports(), now.audit()));
              }
            });
    // In force or not: it is what is wanted, and the steering thread tries until it is.
    Thread.ofVirtual()
        .name("relabelled")
        .start(
            () -> {
              realized.exceptionally(_ -> null).join();
              remember(endpoint, identity, now);
            });
  }

  private void remember(LocalEndpoint endpoint, int identity, Wanted now) {
    if (!isWanted(endpoint, now)) {
      return;
    }
    var relabelled = endpoint.with(identity, now.labels(), now.ports(), now.audit());
    names.local(relabelled);
    store.update(relabelled);
    synchronized (this) {
      wanted.remove(endpoint.id(), now);
    }
    changes.added(relabelled);
    log.info(
        "endpoint {} ({}/{}) has identity {} now",
        endpoint.id(),
        endpoint.namespace(),
        endpoint.pod(),
        identity);
  }

  /** Tells again of a pod's endpoints, of which more is known now. */
  void renamed(String namespace, String pod) {
    for (var endpoint : new ArrayList<>(store.all())) {
      if (endpoint.isOf(namespace, pod)) {
        names.local(endpoint);
        changes.added(endpoint);
      }
    }
  }

  /** Names a pod of another node for flows; one of this node has a better name already. */
  void nameRemote(
      InetAddress address, int identity, String namespace, String pod, String workload) {
    if (!isLocal(address)) {
      names.remote(address, identity, namespace, pod, workload);
    }
  }

  void forgetRemote(InetAddress address) {
    if (!isLocal(address)) {
      names.remoteGone(address);
    }
  }

  private boolean isLocal(InetAddress address) {
    for (var endpoint : store.all()) {
      if (endpoint.address().equals(address)) {
        return true;
      }
    }
    return false;
  }
}
