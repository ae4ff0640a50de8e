package io.ovenet.flow;

import io.ovenet.api.peer.ChangeNotification;
import io.ovenet.api.peer.ChangeNotificationType;
import io.ovenet.api.peer.TLS;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Consumer;

/** Which nodes serve flows, and where. Safe for any thread; listeners must not block. */
public final class Peers {
  /** Ends a subscription. */
  @FunctionalInterface
  public interface Subscription extends AutoCloseable {
    @Override
    void close();
  }

  private final Map<String, ChangeNotification> peers = new TreeMap<>();
  private final Set<Consumer<ChangeNotification>> listeners = new LinkedHashSet<>();

  /**
   * The name that a node's certificate has to have: dots within a name would be labels of their
   * own.
   *
   * @param cluster empty: the one called default
   */
  public static String tlsName(String node, String cluster) {
    return node.replace('.', '-')
        + "."
        + (cluster.isEmpty() ? "default" : cluster.replace('.', '-'))
        + ".hubble-grpc.cilium.io";
  }

  /**
   * Tells of a node.
   *
   * @param name {@code node}, or {@code cluster/node} outside the cluster called default
   * @param address {@code host:port}
   * @param tlsName empty: plaintext
   */
  public synchronized void upsert(String name, String address, String tlsName) {
    var peer =
        ChangeNotification.newBuilder()
            .setName(name)
            .setAddress(address)
            .setType(ChangeNotificationType.PEER_ADDED);
    if (!tlsName.isEmpty()) {
      peer.setTls(TLS.newBuilder().setServerName(tlsName));
    }
    ChangeNotification added = peer.build();
    ChangeNotification before = peers.put(name, added);
    if (before == null) {
      tell(added);
    } else if (!before.equals(added)) {
      tell(added.toBuilder().setType(ChangeNotificationType.PEER_UPDATED).build());
    }
  }

  /** Takes a node away; nothing happens if it is not known. */
  public synchronized void remove(String name) {
    ChangeNotification before = peers.remove(name);
    if (before != null) {
      tell(before.toBuilder().setType(ChangeNotificationType.PEER_DELETED).build());
    }
  }

  private void tell(ChangeNotification change) {
    new ArrayList<>(listeners).forEach(listener -> listener.accept(change));
  }

  /** Those there are, by name, as added. */
  public synchronized List<ChangeNotification> all() {
    return List.copyOf(peers.values());
  }

  /** Tells all there are, then each change, in order. */
  public synchronized Subscription subscribe(Consumer<ChangeNotification> listener) {
    peers.values().forEach(listener);
    listeners.add(listener);
    return () -> unsubscribe(listener);
  }

  private synchronized void unsubscribe(Consumer<ChangeNotification> listener) {
    listeners.remove(listener);
  }
}
