package io.ovenet.agent;

import static io.ovenet.api.flow.AgentEventType.POLICY_DELETED;
import static io.ovenet.api.flow.AgentEventType.POLICY_UPDATED;

import com.google.protobuf.Timestamp;
import io.ovenet.api.flow.AgentEvent;
import io.ovenet.api.flow.AgentEventType;
import io.ovenet.api.flow.EndpointUpdateNotification;
import io.ovenet.api.flow.PolicyUpdateNotification;
import io.ovenet.api.flow.TimeNotification;
import io.ovenet.flow.AgentEvents;
import io.ovenet.flow.MonotonicClock;
import io.ovenet.flow.Peers;
import io.ovenet.kubernetes.CiliumNodeRecord;
import io.ovenet.kubernetes.ClusterWatch;
import io.ovenet.kubernetes.KubernetesRecord;
import io.ovenet.kubernetes.ObjectKey;
import io.ovenet.kubernetes.PolicyRecord;
import io.ovenet.kubernetes.RecordHandler;
import io.ovenet.kubernetes.RecordKind;
import io.ovenet.kubernetes.WatchScope;
import io.ovenet.metrics.Histogram;
import io.ovenet.metrics.MetricsText;
import io.ovenet.policy.Label;
import io.ovenet.policy.Labels;
import io.ovenet.policy.NodeLabels;
import io.ovenet.policy.ReservedIdentity;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * What Hubble's clients are told of the agent itself: what it did, and which nodes serve flows.
 * Safe for any thread.
 */
final class Announcements {
  /** A node as flows name it. */
  private record Known(Set<InetAddress> addresses, ReservedIdentity identity, Labels labels) {}

  private final String cluster;
  private final int port;
  private final boolean tls;
  private final Steering steering;
  private final Names names;
  private final String self;
  private final AgentEvents events = new AgentEvents();
  private final Peers peers = new Peers();
  private final boolean nodeLabels;
  private final Map<String, Known> nodes = new HashMap<>();
  private final Histogram enforced =
      new Histogram(
          "ovenet_policy_enforcement_seconds",
          "From a policy's event of the API to its last change in the kernel.",
          "kind",
          0.0005,
          0.001,
          0.0025,
          0.005,
          0.01,
          0.025,
          0.05,
          0.1,
          0.5,
          1,
          5);

  /**
   * Tells that the agent has begun.
   *
   * @param names told of the nodes
   */
  Announcements(AgentConfig config, Steering steering, Names names) {
    this.cluster = config.clusterName();
    this.port = config.hubblePort();
    this.tls = config.hubbleTls() != null;
    this.steering = steering;
    this.names = names;
    this.self = config.nodeName();
    this.nodeLabels = config.nodeLabels();
    long now = new MonotonicClock().nowNanos();
    add(
        AgentEvent.newBuilder()
            .setType(AgentEventType.AGENT_STARTED)
            .setAgentStart(TimeNotification.newBuilder().setTime(timestamp(now))));
  }

  AgentEvents events() {
    return events;
  }

  /** Writes how long policies took to be in force. */
  void write(MetricsText to) {
    enforced.write(to);
  }

  Peers peers() {
    return peers;
  }

  void created(LocalEndpoint endpoint) {
    endpoint(AgentEventType.ENDPOINT_CREATED, endpoint);
  }

  void deleted(LocalEndpoint endpoint) {
    endpoint(AgentEventType.ENDPOINT_DELETED, endpoint);
  }

  private void endpoint(AgentEventType type, LocalEndpoint endpoint) {
    var labels = new ArrayList<String>();
    for (Label label : endpoint.labels().asList()) {
      labels.add(label.toString());
    }
    add(
        AgentEvent.newBuilder()
            .setType(type)
            .setEndpointUpdate(
                EndpointUpdateNotification.newBuilder()
                    .setId(endpoint.id())
                    .addAllLabels(labels)
                    .setPodName(endpoint.pod())
                    .setNamespace(endpoint.namespace())));
  }

  /** The same watches, of which policies and nodes are told here as well. */
  ClusterWatch around(ClusterWatch watch) {
    return new ClusterWatch() {
      @Override
      public <R extends KubernetesRecord> Subscription watch(
          RecordKind<R> kind, WatchScope scope, RecordHandler<R> handler) {
        return watch.watch(kind, scope, new Overheard<>(kind, handler));
      }
    };
  }

  /** A handler that others listen to. */
  private final class Overheard<R extends KubernetesRecord> implements RecordHandler<R> {
    private final RecordKind<R> kind;
    private final RecordHandler<R> handler;

    Overheard(RecordKind<R> kind, RecordHandler<R> handler) {
      this.kind = kind;
      this.handler = handler;
    }

    @Override
    public void upserted(R record) {
      long heard = System.nanoTime();
      handler.upserted(record);
      switch (record) {
        case PolicyRecord policy ->
            policy(heard, POLICY_UPDATED, policy.kind(), policy.key(), rules(policy));
        case CiliumNodeRecord node -> node(node);
        default -> {}
      }
    }

    @Override
    public void deleted(ObjectKey key) {
      long heard = System.nanoTime();
      handler.deleted(key);
      if (kind.equals(RecordKind.CILIUM_NODES)) {
        peers.remove(peerName(key.name()));
        named(key.name(), null);
      } else if (kind.equals(RecordKind.CILIUM_NETWORK_POLICIES)) {
        policy(heard, POLICY_DELETED, "CiliumNetworkPolicy", key, 0);
      } else if (kind.equals(RecordKind.CILIUM_CLUSTERWIDE_NETWORK_POLICIES)) {
        policy(heard, POLICY_DELETED, "CiliumClusterwideNetworkPolicy", key, 0);
      } else if (kind.equals(RecordKind.NETWORK_POLICIES)) {
        policy(heard, POLICY_DELETED, "NetworkPolicy", key, 0);
      }
    }

    @Override
    public void synced() {
      handler.synced();
    }
  }

  private static int rules(PolicyRecord policy) {
    return policy.document().get("specs") instanceof List<?> specs
        ? specs.size() + (policy.document().get("spec") == null ? 0 : 1)
        : 1;
  }

  /** Told with the revision that it is in force with, when it is. */
  @SuppressWarnings("FutureReturnValueIgnored") // what fails is the steering thread's to tell
  private void policy(long heard, AgentEventType type, String kind, ObjectKey key, int rules) {
    var update = PolicyUpdateNotification.newBuilder().setRuleCount(rules);
    update.addLabels("k8s:io.cilium.k8s.policy.derived-from=" + kind);
    update.addLabels("k8s:io.cilium.k8s.policy.name=" + key.name());
    if (!key.namespace().isEmpty()) {
      update.addLabels("k8s:io.cilium.k8s.policy.namespace=" + key.namespace());
    }
    steering
        .realized(_ -> {})
        .thenRun(
            () -> {
              enforced.observe(kind, (System.nanoTime() - heard) / 1e9);
              add(
                  AgentEvent.newBuilder()
                      .setType(type)
                      .setPolicyUpdate(update.setRevision(names.revision())));
            });
  }

  /** Flows call a node's addresses by its name, with its labels. Told by one watch's thread. */
  private void named(String node, @Nullable Known now) {
    var before = now == null ? nodes.remove(node) : nodes.put(node, now);
    if (before != null) {
      for (var gone : before.addresses()) {
        if (now == null || !now.addresses().contains(gone)) {
          names.remoteGone(gone);
        }
      }
    }
    if (now != null) {
      var same =
          before != null && now.labels().equals(before.labels()) ? before.addresses() : Set.of();
      for (var address : now.addresses()) {
        if (!same.contains(address)) {
          names.node(address, now.identity().number(), node, now.labels());
        }
      }
    }
  }

  private Known known(CiliumNodeRecord node) {
    var identity = node.name().equals(self) ? ReservedIdentity.HOST : ReservedIdentity.REMOTE_NODE;
    var labels =
        identity == ReservedIdentity.REMOTE_NODE && nodeLabels
            ? NodeLabels.ofRemote(node.labels(), cluster, false)
            : identity.labels();
    return new Known(addresses(node), identity, labels);
  }

  private static Set<InetAddress> addresses(CiliumNodeRecord node) {
    var addresses = new HashSet<InetAddress>();
    for (var address : node.addresses()) {
      try {
        addresses.add(InetAddress.ofLiteral(address.address()));
      } catch (IllegalArgumentException _) {
        // Who uses it as an address says that it is none.
      }
    }
    return addresses;
  }

  private void node(CiliumNodeRecord node) {
    named(node.name(), known(node));
    for (var address : node.addresses()) {
      if (address.type().equals("InternalIP") && port != 0) {
        var text = address.address();
        peers.upsert(
            peerName(node.name()),
            (text.indexOf(':') < 0 ? text : "[" + text + "]") + ":" + port,
            tls ? Peers.tlsName(node.name(), cluster) : "");
        return;
      }
    }
    peers.remove(peerName(node.name()));
  }

  private String peerName(String node) {
    return cluster.equals("default") ? node : cluster + "/" + node;
  }

  private void add(AgentEvent.Builder event) {
    events.add(new MonotonicClock().nowNanos(), event.build());
  }

  private static Timestamp timestamp(long nanos) {
    long second = TimeUnit.SECONDS.toNanos(1);
    return Timestamp.newBuilder()
        .setSeconds(nanos / second)
        .setNanos((int) (nanos % second))
        .build();
  }
}
