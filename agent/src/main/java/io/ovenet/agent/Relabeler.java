package io.ovenet.agent;

import io.ovenet.policy.Labels;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.Map;
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
  private final Map<Integer, Labels> wanted = new HashMap<>();

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

  /** Whether the endpoint's labels are still those of its pod; sees to it if not. */
  void check(LocalEndpoint endpoint) {
    var pod = pods.known(endpoint.namespace(), endpoint.pod(), endpoint.podUid());
    var labels = pod == null ? null : pods.knownIdentityLabels(pod);
    if (labels == null) {
      return;
    }
    synchronized (this) {
      if (labels.equals(wanted.getOrDefault(endpoint.id(), endpoint.labels()))) {
        return;
      }
      wanted.put(endpoint.id(), labels);
    }
    int known = identities.known(labels);
    if (known != 0) {
      relabel(endpoint, known, labels);
    } else {
      Thread.ofVirtual().name("relabel").start(() -> allocate(endpoint, labels));
    }
  }

  private void allocate(LocalEndpoint endpoint, Labels labels) {
    while (isWanted(endpoint, labels)) {
      try {
        relabel(endpoint, identities.allocate(labels), labels);
        return;
      } catch (IOException | UncheckedIOException e) {
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

  private synchronized boolean isWanted(LocalEndpoint endpoint, Labels labels) {
    return labels.equals(wanted.get(endpoint.id()));
  }

  private void relabel(LocalEndpoint endpoint, int identity, Labels labels) {
    var realized =
        steering.realized(
            r -> {
              var present = r.endpoint(endpoint.id());
              if (present != null
                  && present.generation() == endpoint.generation()
                  && isWanted(endpoint, labels)) {
                r.relabel(endpoint.id(), identity, labels);
              }
            });
    // In force or not: it is what is wanted, and the steering thread tries until it is.
    Thread.ofVirtual()
        .name("relabelled")
        .start(
            () -> {
              realized.exceptionally(_ -> null).join();
              remember(endpoint, identity, labels);
            });
  }

  private void remember(LocalEndpoint endpoint, int identity, Labels labels) {
    if (!isWanted(endpoint, labels)) {
      return;
    }
    var relabelled = endpoint.with(identity, labels);
    names.local(relabelled);
    store.update(relabelled);
    synchronized (this) {
      wanted.remove(endpoint.id(), labels);
    }
    changes.added(relabelled);
    log.info(
        "endpoint {} ({}/{}) has identity {} now",
        endpoint.id(),
        endpoint.namespace(),
        endpoint.pod(),
        identity);
  }

  /** Names a pod of another node for flows; one of this node has a better name already. */
  void nameRemote(InetAddress address, int identity, String namespace, String pod) {
    if (!isLocal(address)) {
      names.remote(address, identity, namespace, pod);
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
