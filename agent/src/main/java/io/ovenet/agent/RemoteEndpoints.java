package io.ovenet.agent;

import io.ovenet.datapath.IpcacheValue;
import io.ovenet.kubernetes.CiliumEndpointRecord;
import io.ovenet.kubernetes.ObjectKey;
import io.ovenet.kubernetes.RecordHandler;
import io.ovenet.policy.NamedPorts;
import java.net.InetAddress;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Set;
import java.util.function.ToIntFunction;
import org.jspecify.annotations.Nullable;

/**
 * What CiliumEndpoints say of pods: which address has which identity, behind which node. An address
 * that two of them claim for a while is the later one's, and the other's again if that one goes.
 * Used by its watch's thread alone.
 */
final class RemoteEndpoints implements RecordHandler<CiliumEndpointRecord> {
  /** What one endpoint says of each of its addresses. */
  private record Said(CiliumEndpointRecord endpoint, IpcacheValue value, NamedPorts ports) {}

  private final ToIntFunction<@Nullable InetAddress> tunnel;
  private final Steering steering;
  private final Relabeler relabeler;
  private final Runnable synced;

  /** By the endpoint's path. */
  private final Map<String, Set<InetAddress>> addressesOf = new HashMap<>();

  /** By address and the path of who says it, the latest last. */
  private final Map<InetAddress, Map<String, Said>> said = new HashMap<>();

  /**
   * With none so far.
   *
   * @param tunnel the tunnel's other end for a node's address, 0 for none
   * @param synced run when all that there are have been told
   */
  RemoteEndpoints(
      ToIntFunction<@Nullable InetAddress> tunnel,
      Steering steering,
      Relabeler relabeler,
      Runnable synced) {
    this.tunnel = tunnel;
    this.steering = steering;
    this.relabeler = relabeler;
    this.synced = synced;
  }

  @Override
  public void upserted(CiliumEndpointRecord record) {
    var path = record.key().path();
    var addresses = new LinkedHashSet<InetAddress>();
    if (record.identity() != 0) {
      for (var ip : record.ips()) {
        var parsed = ClusterInput.parse(ip, record.key());
        if (parsed != null) {
          addresses.add(parsed);
        }
      }
    }
    var node =
        record.nodeAddress().isEmpty()
            ? null
            : ClusterInput.parse(record.nodeAddress(), record.key());
    var value =
        new IpcacheValue(record.identity(), tunnel.applyAsInt(node), 0, IpcacheValue.POD, 0);
    var says = new Said(record, value, Pods.portsOf(record.namedPorts()));
    var before = addressesOf.put(path, addresses);
    if (before != null) {
      for (var address : before) {
        if (!addresses.contains(address)) {
          retract(address, path);
        }
      }
    }
    for (var address : addresses) {
      var all = said.computeIfAbsent(address, _ -> new LinkedHashMap<>(2));
      all.remove(path);
      all.put(path, says);
      tell(address, says);
    }
  }

  @Override
  public void deleted(ObjectKey key) {
    var before = addressesOf.remove(key.path());
    if (before != null) {
      before.forEach(address -> retract(address, key.path()));
    }
  }

  private void retract(InetAddress address, String path) {
    var all = said.get(address);
    if (all == null) {
      return;
    }
    all.remove(path);
    if (all.isEmpty()) {
      said.remove(address);
      steering.submit(r -> r.sayPod(address, null, NamedPorts.NONE));
      relabeler.forgetRemote(address);
      return;
    }
    Said last = null;
    for (var each : all.values()) {
      last = each;
    }
    if (last != null) {
      tell(address, last);
    }
  }

  private void tell(InetAddress address, Said says) {
    steering.submit(r -> r.sayPod(address, says.value, says.ports));
    relabeler.nameRemote(
        address,
        says.value.identity(),
        says.endpoint.key().namespace(),
        says.endpoint.key().name(),
        says.endpoint.workload());
  }

  @Override
  public void synced() {
    synced.run();
  }
}
