package io.ovenet.agent;

import io.ovenet.bpf.IpPrefix;
import io.ovenet.datapath.IpcacheKey;
import io.ovenet.datapath.IpcacheValue;
import io.ovenet.kubernetes.CidrGroupRecord;
import io.ovenet.kubernetes.CiliumNodeRecord;
import io.ovenet.kubernetes.ClusterWatch;
import io.ovenet.kubernetes.EndpointSliceRecord;
import io.ovenet.kubernetes.IdentityRecord;
import io.ovenet.kubernetes.KubernetesRecord;
import io.ovenet.kubernetes.NamespaceRecord;
import io.ovenet.kubernetes.ObjectKey;
import io.ovenet.kubernetes.PodRecord;
import io.ovenet.kubernetes.RecordHandler;
import io.ovenet.kubernetes.RecordKind;
import io.ovenet.kubernetes.ServiceRecord;
import io.ovenet.kubernetes.WatchScope;
import io.ovenet.kubernetes.policy.PeerServices;
import io.ovenet.kubernetes.policy.PolicyParser;
import io.ovenet.policy.CidrGroup;
import io.ovenet.policy.PeerGroup;
import io.ovenet.policy.PolicyKind;
import io.ovenet.policy.ReservedIdentity;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What the API server says, as changes for the steering thread. Each watch has a handler of its
 * own; what a handler remembers is used by its watch's thread alone.
 */
final class ClusterInput {
  private static final Logger log = LoggerFactory.getLogger(ClusterInput.class);

  /** How many watches have to be in sync before the kernel follows. */
  static final int WATCHES = 11;

  private final String node;
  private final boolean overlay;
  private final boolean endpointSlices;
  private final ClusterNodes nodes;
  private final NodeRoutes routes;
  private final Steering steering;
  private final Pods pods;
  private final Names names;
  private final Relabeler relabeler;
  private final PeerServices peerServices;
  private final CountDownLatch synced = new CountDownLatch(WATCHES);

  /**
   * With no node known yet.
   *
   * @param nodes told of all nodes
   * @param overlay whether packets to other nodes go through tunnels
   * @param endpointSlices whether endpoints are heard of by slices
   */
  ClusterInput(
      String node,
      boolean overlay,
      boolean endpointSlices,
      ClusterNodes nodes,
      NodeRoutes routes,
      Steering steering,
      Pods pods,
      Names names,
      Relabeler relabeler) {
    this.node = node;
    this.overlay = overlay;
    this.endpointSlices = endpointSlices;
    this.nodes = nodes;
    this.routes = routes;
    this.steering = steering;
    this.pods = pods;
    this.names = names;
    this.relabeler = relabeler;
    this.peerServices =
        new PeerServices(
            new PeerServices.Listener() {
              @Override
              public void upserted(PeerGroup group) {
                steering.submit(r -> r.upsertGroup(group));
              }

              @Override
              public void deleted(String id) {
                steering.submit(r -> r.removeGroup(id));
              }
            });
  }

  /** Done when every watch has told all there is. */
  CountDownLatch synced() {
    return synced;
  }

  /**
   * Starts the watches.
   *
   * @param allocator told of identities too
   * @param ownNode told of this node's CiliumNode; null: it is gone
   */
  void start(
      ClusterWatch api,
      PolicyParser parser,
      ValidPolicies validPolicies,
      PoliciesInForce inForce,
      DeletedPolicies deletedPolicies,
      RecordHandler<IdentityRecord> allocator,
      Consumer<@Nullable CiliumNodeRecord> ownNode) {
    api.watch(RecordKind.CILIUM_IDENTITIES, WatchScope.ALL, identities(allocator));
    api.watch(RecordKind.NAMESPACES, WatchScope.ALL, namespaces());
    api.watch(RecordKind.PODS, WatchScope.podsOfNode(node), localPods());
    api.watch(RecordKind.CILIUM_NODES, WatchScope.ALL, nodes(ownNode));
    var endpoints = new RemoteEndpoints(this::tunnel, steering, relabeler, synced::countDown);
    if (endpointSlices) {
      api.watch(RecordKind.CILIUM_ENDPOINT_SLICES, WatchScope.ALL, new SlicedEndpoints(endpoints));
    } else {
      api.watch(RecordKind.CILIUM_ENDPOINTS, WatchScope.ALL, endpoints);
    }
    api.watch(RecordKind.SERVICES, WatchScope.ALL, services());
    api.watch(RecordKind.ENDPOINT_SLICES, WatchScope.ALL, slices());
    api.watch(RecordKind.CILIUM_CIDR_GROUPS, WatchScope.ALL, cidrGroups());
    api.watch(
        RecordKind.CILIUM_NETWORK_POLICIES,
        WatchScope.ALL,
        new PolicySource(
            PolicyKind.CILIUM_NETWORK_POLICY,
            parser,
            steering,
            validPolicies,
            inForce,
            deletedPolicies,
            synced));
    api.watch(
        RecordKind.CILIUM_CLUSTERWIDE_NETWORK_POLICIES,
        WatchScope.ALL,
        new PolicySource(
            PolicyKind.CILIUM_CLUSTERWIDE_NETWORK_POLICY,
            parser,
            steering,
            validPolicies,
            inForce,
            deletedPolicies,
            synced));
    api.watch(
        RecordKind.NETWORK_POLICIES,
        WatchScope.ALL,
        new PolicySource(
            PolicyKind.NETWORK_POLICY,
            parser,
            steering,
            validPolicies,
            inForce,
            deletedPolicies,
            synced));
  }

  /** Counts as in sync after the first listing. */
  private abstract class Handler<R extends KubernetesRecord> implements RecordHandler<R> {
    @Override
    public void synced() {
      synced.countDown();
    }
  }

  private RecordHandler<IdentityRecord> identities(RecordHandler<IdentityRecord> allocator) {
    return new Handler<>() {
      @Override
      public void upserted(IdentityRecord record) {
        allocator.upserted(record);
        var labels = record.labels();
        names.identity(record.number(), labels);
        steering.submit(r -> r.upsertIdentity(record.number(), labels));
        relabeler.checkIdentity(record.number(), labels);
      }

      @Override
      public void deleted(ObjectKey key) {
        allocator.deleted(key);
        try {
          int number = Integer.parseInt(key.name());
          steering.submit(r -> r.removeIdentity(number));
          relabeler.checkIdentity(number, null);
        } catch (NumberFormatException e) {
          log.warn("a CiliumIdentity whose name is no number is gone: {}", key);
        }
      }

      @Override
      public void synced() {
        allocator.synced();
        relabeler.checkIdentities();
        super.synced();
      }
    };
  }

  private RecordHandler<CidrGroupRecord> cidrGroups() {
    return new Handler<>() {
      @Override
      public void upserted(CidrGroupRecord record) {
        for (var error : record.errors()) {
          log.error("{} is left out of CiliumCIDRGroup {}: {}", error.path(), record.key(), error);
        }
        steering.submit(r -> r.upsertGroup(record.group()));
      }

      @Override
      public void deleted(ObjectKey key) {
        steering.submit(r -> r.removeGroup(CidrGroup.id(key.name())));
      }
    };
  }

  private RecordHandler<NamespaceRecord> namespaces() {
    return new Handler<>() {
      @Override
      public void upserted(NamespaceRecord record) {
        pods.upserted(record);
        relabeler.checkNamespace(record.name());
      }

      @Override
      public void deleted(ObjectKey key) {
        pods.namespaceDeleted(key.name());
      }
    };
  }

  private RecordHandler<PodRecord> localPods() {
    return new Handler<>() {
      @Override
      public void upserted(PodRecord record) {
        pods.upserted(record);
        if (names.pod(record)) {
          relabeler.renamed(record.namespace(), record.name());
        }
        relabeler.checkPod(record.namespace(), record.name());
      }

      @Override
      public void deleted(ObjectKey key) {
        pods.deleted(key.namespace(), key.name());
        names.podGone(key.namespace(), key.name());
      }
    };
  }

  private RecordHandler<CiliumNodeRecord> nodes(Consumer<@Nullable CiliumNodeRecord> ownNode) {
    var told = new HashMap<String, Map<IpcacheKey, IpcacheValue>>();
    return new Handler<>() {
      @Override
      public void upserted(CiliumNodeRecord record) {
        nodes.put(record);
        if (record.name().equals(node)) {
          ownNode.accept(record);
          return;
        }
        var address = internal(record);
        int tunnel = tunnel(address);
        var behind = behind(record, tunnel);
        retract(told.put(record.name(), behind), behind);
        behind.forEach((key, value) -> say(key, value));
        var addresses = addresses(record);
        steering.submit(r -> r.nodes().put(record.name(), addresses, record.labels(), tunnel));
        if (address != null) {
          routes.upsert(record.name(), address, prefixes(record));
        }
      }

      @Override
      public void deleted(ObjectKey key) {
        nodes.remove(key.name());
        if (key.name().equals(node)) {
          ownNode.accept(null);
          return;
        }
        retract(told.remove(key.name()), Map.of());
        steering.submit(r -> r.nodes().remove(key.name()));
        routes.remove(key.name());
      }

      private void retract(
          @Nullable Map<IpcacheKey, IpcacheValue> before, Map<IpcacheKey, IpcacheValue> now) {
        if (before != null) {
          for (var key : before.keySet()) {
            if (!now.containsKey(key)) {
              said(key);
            }
          }
        }
      }

      // What the nodes that are left say: a prefix may have moved from one to another.
      private void said(IpcacheKey key) {
        for (var other : told.values()) {
          if (other.containsKey(key)) {
            say(key, other.get(key));
            return;
          }
        }
        say(key, null);
      }

      private void say(IpcacheKey key, @Nullable IpcacheValue value) {
        steering.submit(r -> r.say(Ipcache.Source.REMOTE_NODE, key, value));
      }
    };
  }

  /** What is behind a node: whatever its pods' prefixes have. */
  private static Map<IpcacheKey, IpcacheValue> behind(CiliumNodeRecord record, int tunnel) {
    var behind = new HashMap<IpcacheKey, IpcacheValue>();
    for (var prefix : prefixes(record)) {
      behind.put(
          new IpcacheKey(prefix.address(), prefix.length()),
          new IpcacheValue(ReservedIdentity.UNMANAGED.number(), tunnel, 0, 0, 0));
    }
    return behind;
  }

  private static List<InetAddress> addresses(CiliumNodeRecord record) {
    var addresses = new ArrayList<InetAddress>();
    for (var address : record.addresses()) {
      var parsed = parse(address.address(), record.key());
      if (parsed != null) {
        addresses.add(parsed);
      }
    }
    return addresses;
  }

  /** Services that policies may name. */
  private RecordHandler<ServiceRecord> services() {
    return new Handler<>() {
      @Override
      public void upserted(ServiceRecord record) {
        peerServices.upsert(record);
      }

      @Override
      public void deleted(ObjectKey key) {
        peerServices.removeService(key);
      }
    };
  }

  /** Who answers for them; those of default/kubernetes are the API servers. */
  private RecordHandler<EndpointSliceRecord> slices() {
    var apiServers = new HashMap<String, EndpointSliceRecord>();
    return new Handler<>() {
      @Override
      public void upserted(EndpointSliceRecord record) {
        boolean ofApi =
            record.key().namespace().equals("default") && record.service().equals("kubernetes");
        if (ofApi) {
          apiServers.put(record.key().path(), record);
          tell();
        } else if (apiServers.remove(record.key().path()) != null) {
          tell();
        }
        peerServices.upsert(record);
      }

      @Override
      public void deleted(ObjectKey key) {
        if (apiServers.remove(key.path()) != null) {
          tell();
        }
        peerServices.removeSlice(key);
      }

      private void tell() {
        var addresses = new HashSet<InetAddress>();
        for (var slice : apiServers.values()) {
          slice.endpoints().forEach(endpoint -> addresses.add(endpoint.address()));
        }
        steering.submit(r -> r.nodes().apiServers(addresses));
      }
    };
  }

  private static @Nullable InetAddress internal(CiliumNodeRecord record) {
    for (var address : record.addresses()) {
      if (address.type().equals("InternalIP")
          && parse(address.address(), record.key()) instanceof Inet4Address ipv4) {
        return ipv4;
      }
    }
    return null;
  }

  private static List<IpPrefix> prefixes(CiliumNodeRecord record) {
    var prefixes = new ArrayList<IpPrefix>();
    for (var text : record.podCidrs()) {
      try {
        var prefix = IpPrefix.parse(text);
        if (prefix.address() instanceof Inet4Address) {
          prefixes.add(prefix);
        }
      } catch (IllegalArgumentException e) {
        log.warn("{} names '{}', which is no prefix; it is passed over", record.key(), text);
      }
    }
    return prefixes;
  }

  /** The other end of the tunnel to an address's node; 0 where packets are routed. */
  private int tunnel(@Nullable InetAddress nodeAddress) {
    return overlay && nodeAddress instanceof Inet4Address
        ? ByteBuffer.wrap(nodeAddress.getAddress()).getInt()
        : 0;
  }

  static @Nullable InetAddress parse(String text, ObjectKey of) {
    try {
      return InetAddress.ofLiteral(text);
    } catch (IllegalArgumentException e) {
      log.warn("{} names '{}', which is no address; it is passed over", of, text);
      return null;
    }
  }
}
