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
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
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
 * pods, has the labels of its Node, also as they change, and says whether the pods' addresses run
 * out: that is how others know the node. One that somebody deletes is made again, unless the Node
 * itself has gone. Safe for any thread.
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
  private volatile @Nullable Ipam pods;

  /** What was written last. */
  private volatile List<NodeAddress> addresses = List.of();

  /** Whether it was said that the pods' addresses run out. */
  private volatile boolean toldLow;

  /** Whether there has been a Node; not so where nobody makes any. */
  private boolean hadNode;

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
    api.watch(RecordKind.NODES, WatchScope.named(name), nodes());
  }

  /** Where the pods' addresses are from, and the node's own one among them. */
  void pods(Ipam ipam) {
    pods = ipam;
    due.release();
  }

  /** The node's addresses are others. */
  void changed() {
    due.release();
  }

  /** A pod got an address or gave one back. */
  void podsChanged() {
    var known = pods;
    if (known != null && known.isLow() != toldLow) {
      due.release();
    }
  }

  /** The CiliumNode is so now; null: it is gone. */
  void seen(@Nullable CiliumNodeRecord record) {
    if (record == null || !record.addresses().equals(addresses)) {
      due.release();
    }
  }

  private RecordHandler<NodeRecord> nodes() {
    return new RecordHandler<>() {
      private @Nullable NodeRecord before;

      @Override
      public void upserted(NodeRecord record) {
        var last = before;
        if (last == null
            || !record.key().uid().equals(last.key().uid())
            || !record.labels().equals(last.labels())
            || !record.addresses().equals(last.addresses())) {
          before = record;
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
      var node = node(name);
      if (node == null && hadNode) {
        log.warn("this node is not one of the cluster any more: its Node is gone");
        return true;
      }
      hadNode = node != null;
      var named = new ArrayList<NodeAddress>();
      if (node != null) {
        named.addAll(ofType(node.addresses(), "InternalIP"));
      }
      var primary = NodeSetup.primaryAddress();
      if (named.isEmpty() && primary != null) {
        named.add(new NodeAddress("InternalIP", primary.getHostAddress()));
      }
      var known = pods;
      if (known == null) {
        named.addAll(routersBefore());
      } else {
        named.add(new NodeAddress(ROUTER, known.router().getHostAddress()));
      }
      addresses = List.copyOf(named);
      var record =
          new CiliumNodes(api)
              .ensure(
                  name,
                  node == null ? "" : node.key().uid(),
                  node == null ? Map.of() : node.labels(),
                  named,
                  known == null ? List.of() : known.cidrs());
      if (known != null) {
        reportPods(known, record);
      }
      told.accept(record);
      return true;
    } catch (IOException | RuntimeException e) {
      log.warn("cannot write this node's CiliumNode ({}); trying again", e.getMessage());
      return false;
    }
  }

  private void reportPods(Ipam ipam, CiliumNodeRecord record) throws IOException {
    boolean low = ipam.isLow();
    if (low && !ipam.knows(record.podCidrs())) {
      return; // one has just been given; once it is in use this looks again
    }
    var depleted = record.depletedPodCidrs();
    boolean told =
        low
            ? depleted.containsAll(record.podCidrs())
            : Collections.disjoint(depleted, record.podCidrs());
    if (!told) {
      new CiliumNodes(api).reportPodCidrs(name, record.podCidrs(), low);
    }
    toldLow = low;
  }

  private @Nullable NodeRecord node(String name) throws IOException {
    try {
      return RecordKind.NODES.reader().apply(api.get(RecordKind.NODES.path("", name)));
    } catch (ApiException e) {
      if (e.notFound()) {
        return null;
      }
      throw e;
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
