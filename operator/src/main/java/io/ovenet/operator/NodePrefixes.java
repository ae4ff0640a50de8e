package io.ovenet.operator;

import io.ovenet.kubernetes.ApiException;
import io.ovenet.kubernetes.CiliumNodeRecord;
import io.ovenet.kubernetes.CiliumNodes;
import io.ovenet.kubernetes.ClusterWatch;
import io.ovenet.kubernetes.KubernetesApi;
import io.ovenet.kubernetes.ObjectKey;
import io.ovenet.kubernetes.RecordHandler;
import io.ovenet.kubernetes.RecordKind;
import io.ovenet.kubernetes.WatchScope;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentSkipListMap;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Gives every CiliumNode a prefix for its pods, and another one when its agent says that all it has
 * are depleted. The objects themselves are the only record of what is given: nothing is given
 * before all of them have been seen.
 */
final class NodePrefixes implements RecordHandler<CiliumNodeRecord>, AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(NodePrefixes.class);

  private final CiliumNodes nodes;
  private final PodCidrPool pool;
  private final OperatorMetrics metrics;
  private final ConcurrentSkipListMap<String, CiliumNodeRecord> present =
      new ConcurrentSkipListMap<>();
  private final WorkQueue<String> queue;
  private final ClusterWatch.Subscription watch;
  private volatile boolean synced;

  /** Whether the nodes that were there at first have been entered into the pool; queue's thread. */
  private boolean adopted;

  NodePrefixes(KubernetesApi api, PodCidrPool pool, OperatorMetrics metrics) {
    this.nodes = new CiliumNodes(api);
    this.pool = pool;
    this.metrics = metrics;
    this.queue = new WorkQueue<>("node", metrics, this::reconcile);
    this.watch = api.watch(RecordKind.CILIUM_NODES, WatchScope.ALL, this);
  }

  @Override
  public void upserted(CiliumNodeRecord node) {
    present.put(node.name(), node);
    if (synced) {
      queue.add(node.name());
    }
  }

  @Override
  public void deleted(ObjectKey key) {
    present.remove(key.name());
    if (synced) {
      queue.add(key.name());
    }
  }

  @Override
  public void synced() {
    if (!synced) {
      synced = true;
      present.keySet().forEach(queue::add);
    }
  }

  private void adopt() {
    for (var node : new TreeMap<>(present).values()) {
      var prefixes = prefixes(node);
      if (!prefixes.isEmpty()) {
        pool.occupy(node.name(), prefixes);
      }
    }
    adopted = true;
    LOG.info(
        "pod prefixes: {} nodes, {} of {} prefixes free", present.size(), pool.free(), pool.size());
  }

  private void reconcile(String name) throws IOException {
    if (!adopted) {
      adopt();
    }
    try {
      look(name);
    } finally {
      metrics.podPrefixes(pool.free(), pool.size());
    }
  }

  private void look(String name) throws IOException {
    var node = present.get(name);
    if (node == null) {
      pool.release(name);
      // What was missing to others may be there now.
      present.values().stream()
          .filter(other -> !other.operatorError().isEmpty())
          .forEach(other -> queue.add(other.name()));
      return;
    }
    var error = serve(node);
    if (!error.equals(node.operatorError())) {
      if (!error.isEmpty()) {
        LOG.error("node {}: {}", name, error);
      }
      nodes.reportOperatorError(name, error);
    }
  }

  /** Sees to the node's prefixes; says what is wrong, or "". */
  private String serve(CiliumNodeRecord node) throws IOException {
    if (node.podCidrs().isEmpty()) {
      return give(node, pool.allocate(node.name()));
    }
    var prefixes = prefixes(node);
    if (prefixes.isEmpty()) {
      return "spec.ipam.podCIDRs "
          + node.podCidrs()
          + " has no IPv4 prefix: correct it or empty it";
    }
    var overlap = pool.occupy(node.name(), prefixes);
    if (overlap != null) {
      return "spec.ipam.podCIDRs "
          + overlap.prefix()
          + " overlaps that of node "
          + overlap.node()
          + ": empty one of them for a new one";
    }
    return node.depletedPodCidrs().containsAll(node.podCidrs())
        ? give(node, pool.another(node.name()))
        : "";
  }

  /** Writes one more prefix into the node's object; null: there is none. */
  private String give(CiliumNodeRecord node, @Nullable Ipv4Prefix prefix) throws IOException {
    if (prefix == null) {
      return "all " + pool.size() + " prefixes are given: enlarge cluster-pool-ipv4-cidr";
    }
    var all = new ArrayList<>(node.podCidrs());
    all.add(prefix.toString());
    try {
      nodes.assign(node, all);
      LOG.info("node {}: given {}, {} prefixes left", node.name(), prefix, pool.free());
    } catch (ApiException e) {
      // Written or deleted since it was read: its watch tells, and then it is looked at again.
      // Until then the prefix stays the node's.
      if (!e.conflict() && !e.notFound()) {
        throw e;
      }
    }
    return "";
  }

  private static List<Ipv4Prefix> prefixes(CiliumNodeRecord node) {
    var prefixes = new ArrayList<Ipv4Prefix>();
    for (var text : node.podCidrs()) {
      try {
        prefixes.add(Ipv4Prefix.parse(text));
      } catch (IllegalArgumentException e) {
        LOG.debug("node {}: left out of its prefixes: {}", node.name(), e.getMessage());
      }
    }
    return prefixes;
  }

  @Override
  public void close() {
    watch.close();
    queue.close();
  }
}
