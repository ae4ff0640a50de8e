package io.ovenet.relay;

import io.grpc.ConnectivityState;
import io.grpc.Context;
import io.grpc.ManagedChannel;
import io.grpc.StatusRuntimeException;
import io.ovenet.api.peer.ChangeNotification;
import io.ovenet.api.peer.ChangeNotificationType;
import io.ovenet.api.peer.NotifyRequest;
import io.ovenet.api.peer.PeerGrpc;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.Iterator;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentSkipListMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The agents that a peer service knows, each with a connection. Follows the service and keeps the
 * connections on threads of its own; while that is away what it told last stays. Safe for any
 * thread.
 */
final class PeerDirectory implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(PeerDirectory.class);
  private static final long RETRY_MILLIS = 1000;

  private final PeerChannels channels;
  private final ManagedChannel service;
  private final String address;
  private final ConcurrentSkipListMap<String, Peer> peers = new ConcurrentSkipListMap<>();
  private final Context.CancellableContext context = Context.current().withCancellation();
  private final Thread thread;
  private final Thread connecting;
  private volatile boolean closed;

  /**
   * Begins to follow.
   *
   * @param address of the peer service
   * @param tlsName of that service; empty: plaintext
   */
  PeerDirectory(PeerChannels channels, String address, String tlsName) {
    this.channels = channels;
    this.address = address;
    this.service = channels.open(address, tlsName);
    this.thread = Thread.ofVirtual().name("peers").start(() -> context.run(this::follow));
    this.connecting = Thread.ofVirtual().name("connect").start(this::connect);
  }

  /**
   * Has whoever cannot be reached tried again every second. gRPC by itself waits longer after each
   * failure, two minutes in the end: so long nobody would see the flows of a node that came back.
   */
  private void connect() {
    while (!closed) {
      tryAgain(service);
      for (Peer peer : peers.values()) {
        if (peer.channel() != null) {
          tryAgain(peer.channel());
        }
      }
      pause();
    }
  }

  private static void tryAgain(ManagedChannel channel) {
    if (channel.getState(true) == ConnectivityState.TRANSIENT_FAILURE) {
      channel.resetConnectBackoff();
    }
  }

  /** Those known now, by name. */
  Collection<Peer> peers() {
    return peers.values();
  }

  private void follow() {
    boolean told = false;
    while (!closed) {
      try {
        Iterator<ChangeNotification> changes =
            PeerGrpc.newBlockingStub(service)
                .withWaitForReady()
                .notify(NotifyRequest.getDefaultInstance());
        var fresh = new HashSet<String>();
        while (changes.hasNext()) {
          take(changes.next(), fresh);
          told = false;
        }
      } catch (StatusRuntimeException e) {
        if (!closed && !told) {
          LOG.warn(
              "the peer service at {} does not answer ({}); trying again every second",
              address,
              e.getStatus());
          told = true;
        }
      }
      pause();
    }
  }

  private static void pause() {
    try {
      Thread.sleep(RETRY_MILLIS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** `fresh`: those that this call has told of; one that comes again is a new beginning. */
  private void take(ChangeNotification change, Set<String> fresh) {
    if (change.getType() == ChangeNotificationType.PEER_DELETED) {
      fresh.remove(change.getName());
      remove(change.getName());
      return;
    }
    fresh.add(change.getName());
    Peer before = peers.get(change.getName());
    if (before != null && sameConnection(before.told(), change)) {
      return;
    }
    remove(change.getName());
    try {
      ManagedChannel channel = channels.open(change.getAddress(), change.getTls().getServerName());
      var peer = new Peer(change, channel, "");
      peer.isConnected(); // begins to connect
      peers.put(change.getName(), peer);
      LOG.info("peer {} at {}", change.getName(), change.getAddress());
    } catch (IllegalArgumentException e) {
      LOG.error("peer {}: {}", change.getName(), e.getMessage());
      peers.put(change.getName(), new Peer(change, null, String.valueOf(e.getMessage())));
    }
  }

  private static boolean sameConnection(ChangeNotification a, ChangeNotification b) {
    return a.getAddress().equals(b.getAddress()) && a.getTls().equals(b.getTls());
  }

  private void remove(String name) {
    Peer gone = peers.remove(name);
    if (gone != null) {
      LOG.info("peer {} is gone or has changed", name);
      gone.close();
    }
  }

  @Override
  public void close() {
    closed = true;
    context.cancel(null);
    thread.interrupt();
    connecting.interrupt();
    service.shutdownNow();
    List<String> names = new ArrayList<>(peers.keySet());
    names.forEach(this::remove);
  }
}
