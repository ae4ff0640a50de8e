package io.ovenet.agent;

import io.ovenet.kubernetes.ApiException;
import io.ovenet.kubernetes.CiliumNodeRecord;
import io.ovenet.kubernetes.CiliumNodes;
import io.ovenet.kubernetes.KubernetesApi;
import io.ovenet.kubernetes.NodeAddress;
import io.ovenet.kubernetes.NodeRecord;
import io.ovenet.kubernetes.ObjectKey;
import io.ovenet.kubernetes.RecordHandler;
import io.ovenet.kubernetes.RecordKind;
import io.ovenet.kubernetes.WatchScope;
import java.io.IOException;
import java.net.InetAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Sees to it that this node's CiliumNode names its addresses, in the end also the one among its
 * pods, and has the labels of its Node, also as they change: that is how other nodes know it. Safe
 * for any thread.
 */
final class OwnNode implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(OwnNode.class);
  private static final Duration RETRY = Duration.ofSeconds(1);

  /** Upstream's type of the address that a node has among its pods. */
  private static final String ROUTER = "CiliumInternalIP";

  private final KubernetesApi api;
  private final String name;
  private final Consumer<CiliumNodeRecord> told;
  private final Semaphore due = new Semaphore(1);

  /** Null while this start of the agent knows of none: what a former one named stays. */
  private volatile @Nullable InetAddress router;

  private volatile boolean closed;

  /**
   * For one node.
   *
   * @param told of the object as it is after it was looked at
   */
  OwnNode(KubernetesApi api, String name, Consumer<CiliumNodeRecord> told) {
    this.api = api;
    this.name = name;
    this.told = told;
  }

  /** Looks at it, and from here on whenever there is a reason to. */
  void start() {
    Thread.ofVirtual().name("own-node").start(this::run);
    api.watch(RecordKind.NODES, WatchScope.named(name), node());
  }

  /** The address among the pods. */
  void router(InetAddress address) {
    router = address;
    due.release();
  }

  private RecordHandler<NodeRecord> node() {
    return new RecordHandler<>() {
      private Map<String, String> labels = Map.of();

      @Override
      public void upserted(NodeRecord record) {
        if (!record.labels().equals(labels)) {
          labels = record.labels();
          due.release();
        }
      }

      @Override
      public void deleted(ObjectKey key) {
        // The CiliumNode belongs to it, and goes too.
      }

      @Override
      public void synced() {
        // Labels that are not known yet are none; they are written when they are.
      }
    };
  }

  private void run() {
    try {
      while (!closed) {
        due.acquire();
        due.drainPermits();
        if (!closed && !ensure()) {
          // Sooner, if something changes.
          if (due.tryAcquire(RETRY.toMillis(), TimeUnit.MILLISECONDS)) {
            due.drainPermits();
          }
          due.release();
        }
      }
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
    }
  }

  /** False if it could not be done. */
  private boolean ensure() {
    try {
      var uid = "";
      Map<String, String> labels = Map.of();
      var addresses = new ArrayList<NodeAddress>();
      try {
        var node = RecordKind.NODES.reader().apply(api.get(RecordKind.NODES.path("", name)));
        uid = node.key().uid();
        labels = node.labels();
        addresses.addAll(ofType(node.addresses(), "InternalIP"));
      } catch (ApiException e) {
        if (!e.notFound()) {
          throw e;
        }
      }
      var primary = NodeSetup.primaryAddress();
      if (addresses.isEmpty() && primary != null) {
        addresses.add(new NodeAddress("InternalIP", primary.getHostAddress()));
      }
      var known = router;
      if (known == null) {
        addresses.addAll(routersBefore());
      } else {
        addresses.add(new NodeAddress(ROUTER, known.getHostAddress()));
      }
      told.accept(new CiliumNodes(api).ensure(name, uid, labels, addresses));
      return true;
    } catch (IOException | RuntimeException e) {
      log.warn("cannot write this node's CiliumNode ({}); trying again", e.getMessage());
      return false;
    }
  }

  private List<NodeAddress> routersBefore() throws IOException {
    try {
      var path = RecordKind.CILIUM_NODES.path("", name);
      return ofType(RecordKind.CILIUM_NODES.reader().apply(api.get(path)).addresses(), ROUTER);
    } catch (ApiException e) {
      if (e.notFound()) {
        return List.of();
      }
      throw e;
    }
  }

  private static List<NodeAddress> ofType(List<NodeAddress> addresses, String type) {
    return addresses.stream().filter(address -> address.type().equals(type)).toList();
  }

  @Override
  public void close() {
    closed = true;
    due.release();
  }
}
