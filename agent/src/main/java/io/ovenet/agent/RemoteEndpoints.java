package io.ovenet.agent;

import io.ovenet.datapath.IpcacheValue;
import io.ovenet.kubernetes.CiliumEndpointRecord;
import io.ovenet.kubernetes.ObjectKey;
import io.ovenet.kubernetes.RecordHandler;
import io.ovenet.policy.NamedPorts;
import java.net.InetAddress;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.function.ToIntFunction;
import org.jspecify.annotations.Nullable;

/**
 * What CiliumEndpoints say of pods: which address has which identity, behind which node. An address
 * that two of them claim for a while is the later one's, and the other's again if that one goes.
 * Used by its watch's thread alone.
 */
final class RemoteEndpoints implements RecordHandler<CiliumEndpointRecord> {
  /**
   * What one endpoint says of each of its addresses.
   *
   * @param before what another one said of the same address, and still does
   */
  private record Said(
      String path,
      CiliumEndpointRecord endpoint,
      IpcacheValue value,
      NamedPorts ports,
      @Nullable Said before) {
    Said after(@Nullable Said other) {
      return new Said(path, endpoint, value, ports, other);
    }

    /** What is left when one of them says nothing any more. */
    @Nullable Said without(String gone) {
      if (path.equals(gone)) {
        return before;
      }
      return before == null ? this : after(before.without(gone));
    }
  }

  private final ToIntFunction<@Nullable InetAddress> tunnel;
  private final Steering steering;
  private final Relabeler relabeler;
  private final Runnable synced;

  /** By the endpoint's path. */
  private final Map<String, List<InetAddress>> addressesOf = new HashMap<>();

  /** By address, what was said last. */
  private final Map<InetAddress, Said> said = new HashMap<>();

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
    var says = new Said(path, record, value, Pods.portsOf(record.namedPorts()), null);
    var before = addressesOf.put(path, List.copyOf(addresses));
    if (before != null) {
      for (var address : before) {
        if (!addresses.contains(address)) {
          retract(address, path);
        }
      }
    }
    for (var address : addresses) {
      var others = said.get(address);
      said.put(address, says.after(others == null ? null : others.without(path)));
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
    var last = all.without(path);
    if (last == null) {
      said.remove(address);
      steering.submit(r -> r.sayPod(address, null, NamedPorts.NONE));
      relabeler.forgetRemote(address);
      return;
    }
    said.put(address, last);
    tell(address, last);
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
