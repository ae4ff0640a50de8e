package io.ovenet.agent;

import io.ovenet.datapath.EndpointTable;
import io.ovenet.datapath.IpcacheKey;
import io.ovenet.datapath.IpcacheValue;
import io.ovenet.datapath.Revisions;
import io.ovenet.kubernetes.CiliumEndpoints;
import io.ovenet.kubernetes.CiliumNodes;
import io.ovenet.kubernetes.IdentityAllocator;
import io.ovenet.kubernetes.KubernetesApi;
import io.ovenet.kubernetes.policy.PolicyParser;
import io.ovenet.policy.PolicyEngine;
import io.ovenet.policy.PolicySettings;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.net.InetAddress;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Collection;
import java.util.HashMap;
import java.util.Map;

/**
 * An agent's control plane without a node under it: it follows a cluster as an agent does, and what
 * an agent writes into the kernel's maps it writes into tables of this process. It needs neither
 * root nor the kernel. Thread-safe.
 */
public final class ControlPlane implements AutoCloseable {
  private static final int MTU = 1500;
  private static final long ENDPOINTS_BYTES = 4096 * 128;
  private static final long PAGE = 4096;
  private static final long REVISIONS_BYTES = 24;

  private final ArrayDeque<AutoCloseable> parts = new ArrayDeque<>();
  private final KubernetesApi api;
  private final AgentConfig config;
  private final Names names;
  private final Steering steering;
  private final ClusterInput input;
  private final Announcements announcements;
  private final IdentityAllocator allocator;
  private final ValidPolicies valid;
  private final PoliciesInForce inForce = new PoliciesInForce();
  private final DeletedPolicies deleted;

  /** Hears when an address comes to be known, or is no longer. Called by the steering thread. */
  public interface Addresses {
    void known(InetAddress address, int identity);

    void forgotten(InetAddress address);
  }

  /**
   * Follows nothing yet.
   *
   * @param directory where a node keeps its state; must exist
   * @param addresses told of what the node would know of others
   */
  public ControlPlane(AgentConfig config, Path directory, Addresses addresses) throws IOException {
    this.config = config;
    api = own(KubernetesApi.open(config.kubeconfig()));
    var rules = new RuleNumbers(1);
    names = new Names(config.clusterName(), config.nodeName(), rules);
    var store = new EndpointStore(directory.resolve("endpoints"));
    valid = own(new ValidPolicies(directory.resolve("policies")));
    var engine = new PolicyEngine(PolicySettings.defaults(config.clusterName()));
    steering =
        own(
            new Steering(
                new Realizer(tables(addresses), engine, rules, store.all()),
                names::revision,
                inForce));
    var status =
        own(
            new StatusWriter(
                config.nodeName(),
                "",
                new CiliumEndpoints(api),
                new CiliumNodes(api),
                _ -> null,
                _ -> ""));
    deleted = own(new DeletedPolicies(_ -> true, _ -> false));
    var pods = new Pods(config.clusterName(), api);
    allocator = new IdentityAllocator(api);
    var relabeler =
        new Relabeler(store, pods, new AllocatedIdentities(allocator), steering, names, status);
    announcements = new Announcements(config, steering, names);
    input =
        new ClusterInput(
            config.nodeName(),
            config.routing().overlay(),
            config.endpointSlices(),
            new ClusterNodes(),
            new NodeRoutes(config.routing(), new StateFiles(directory), MTU),
            steering,
            pods,
            names,
            relabeler);
  }

  private <T extends AutoCloseable> T own(T part) {
    parts.push(part);
    return part;
  }

  private static Tables tables(Addresses addresses) {
    var arena = Arena.ofAuto();
    return new Tables(
        new MemoryTable<>(),
        new MemoryTable<>(),
        new MemoryTable<>() {
          @Override
          public void put(Map<IpcacheKey, IpcacheValue> added) {
            super.put(added);
            added.forEach((key, value) -> addresses.known(key.address(), value.identity()));
          }

          @Override
          public void delete(Collection<IpcacheKey> keys) {
            super.delete(keys);
            keys.forEach(key -> addresses.forgotten(key.address()));
          }
        },
        new MemoryTable<>(),
        new EndpointTable(arena.allocate(ENDPOINTS_BYTES, PAGE)),
        new Revisions(arena.allocate(REVISIONS_BYTES, 16)));
  }

  /** Adds an endpoint of this node, as a CNI call would. */
  public void add(LocalEndpoint endpoint) {
    names.local(endpoint);
    steering.submit(r -> r.addEndpoint(endpoint));
  }

  /** Follows the cluster. Comes back when all of it is known and its policy in force. */
  public void follow() throws InterruptedException {
    input.start(
        announcements.around(api),
        new PolicyParser(config.clusterName()),
        valid,
        inForce,
        deleted,
        allocator,
        _ -> {});
    input.synced().await();
    steering.begin().join();
  }

  @Override
  public void close() throws IOException {
    var failures = new IOException("the control plane could not be closed");
    while (!parts.isEmpty()) {
      try {
        parts.pop().close();
      } catch (Exception e) {
        failures.addSuppressed(e);
      }
    }
    if (failures.getSuppressed().length > 0) {
      throw failures;
    }
  }

  /** A table of nobody's. */
  private static class MemoryTable<K, V> implements Table<K, V> {
    private final Map<K, V> entries = new HashMap<>();

    @Override
    public Map<K, V> dump() {
      return Map.copyOf(entries);
    }

    @Override
    public void put(Map<K, V> added) {
      entries.putAll(added);
    }

    @Override
    public void delete(Collection<K> keys) {
      keys.forEach(entries::remove);
    }
  }
}
