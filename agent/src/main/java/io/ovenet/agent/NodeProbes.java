package io.ovenet.agent;

import io.ovenet.kubernetes.NodeAddress;
import io.ovenet.metrics.MetricsText;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.Executors;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Asks the agents of all other nodes again and again whether they are there, at their node's own
 * address and at the one among its pods. The more nodes there are, the more seldom. Safe for any
 * thread.
 */
final class NodeProbes implements AutoCloseable {
  /** What is asked for. */
  static final String PATH = "/hello";

  private static final Duration LEAST = Duration.ofSeconds(10);

  /** So that an agent of 300 nodes is asked ten times a second by all others together. */
  private static final Duration FOR_EACH_NODE = Duration.ofMillis(200);

  private static final Duration SETTLING = Duration.ofSeconds(1);

  /** Longer than it takes to send a SYN again: one lost packet is no lost node. */
  private static final int TIMEOUT_MILLIS = 3000;

  private static final int AT_ONCE = 16;

  /** Of another node. */
  private record Target(String node, NodeProbe.Way way, String address) {
    String key() {
      return node + " " + way;
    }
  }

  private final String own;
  private final ClusterNodes nodes;
  private final int port;
  private final Map<String, NodeProbe> last = new ConcurrentSkipListMap<>();
  private final Semaphore due = new Semaphore(0);
  private final Thread thread;

  /**
   * Asks nobody yet.
   *
   * @param own name of this node, which isn't asked
   * @param port at which the agents answer
   */
  NodeProbes(String own, ClusterNodes nodes, int port) {
    this.own = own;
    this.nodes = nodes;
    this.port = port;
    nodes.whenChanged(due::release);
    thread = Thread.ofVirtual().name("node-probes").unstarted(this::run);
  }

  void start() {
    thread.start();
  }

  /** What the last round found, by name and way. */
  Collection<NodeProbe> all() {
    return List.copyOf(last.values());
  }

  /** Writes how many nodes there are and how many of them are not reached. */
  void write(MetricsText to) {
    to.gauge("ovenet_nodes_probed", "Other nodes that are asked again and again.");
    to.sample("ovenet_nodes_probed", (double) count(NodeProbe.Way.NODE, false));
    to.gauge(
        "ovenet_nodes_unreachable",
        "Those that did not answer: at their own address, or by the pods' network.");
    for (var way : NodeProbe.Way.values()) {
      to.sample(
          "ovenet_nodes_unreachable",
          List.of("way"),
          new String[] {way.toString().toLowerCase(Locale.ROOT)},
          (double) count(way, true));
    }
  }

  private long count(NodeProbe.Way way, boolean unreached) {
    return last.values().stream()
        .filter(probe -> probe.way() == way && !(unreached && probe.reached()))
        .count();
  }

  private void run() {
    try {
      Thread.sleep(SETTLING);
      while (true) {
        int asked = round();
        long pause = Math.max(LEAST.toMillis(), asked * FOR_EACH_NODE.toMillis() / 2);
        if (due.tryAcquire(pause, TimeUnit.MILLISECONDS)) {
          // What this node was told just now others may not know yet, and take us for strangers.
          Thread.sleep(SETTLING);
        }
        due.drainPermits();
      }
    } catch (InterruptedException _) {
      // The agent ends.
    }
  }

  /** Asks each once; how many questions that were. */
  int round() throws InterruptedException {
    var targets = targets();
    var room = new Semaphore(AT_ONCE);
    try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
      for (var target : targets) {
        room.acquire();
        threads.execute(
            () -> {
              try {
                last.put(target.key(), ask(target));
              } finally {
                room.release();
              }
            });
      }
    }
    last.keySet().retainAll(targets.stream().map(Target::key).toList());
    return targets.size();
  }

  private List<Target> targets() {
    var targets = new ArrayList<Target>();
    for (var node : nodes.all()) {
      if (!node.name().equals(own)) {
        for (NodeAddress address : node.addresses()) {
          var way = NodeProbe.Way.to(address.type());
          if (way != null) {
            targets.add(new Target(node.name(), way, address.address()));
          }
        }
      }
    }
    return targets;
  }

  private NodeProbe ask(Target target) {
    var before = last.get(target.key());
    var now = Instant.now();
    try (var socket = new Socket()) {
      long began = System.nanoTime();
      socket.connect(
          new InetSocketAddress(InetAddress.ofLiteral(target.address()), port), TIMEOUT_MILLIS);
      long took = System.nanoTime() - began;
      socket.setSoTimeout(TIMEOUT_MILLIS);
      socket
          .getOutputStream()
          .write(("GET " + PATH + " HTTP/1.0\r\n\r\n").getBytes(StandardCharsets.US_ASCII));
      var line =
          new BufferedReader(
                  new InputStreamReader(socket.getInputStream(), StandardCharsets.US_ASCII), 128)
              .readLine();
      if (line == null || !line.contains(" 200 ")) {
        return failed(target, now, before, "answered '" + line + "', which no agent does");
      }
      return new NodeProbe(target.node(), target.way(), target.address(), "", took, now, now);
    } catch (IOException | IllegalArgumentException e) {
      return failed(target, now, before, String.valueOf(e.getMessage()));
    }
  }

  private static NodeProbe failed(
      Target target, Instant now, @Nullable NodeProbe before, String error) {
    return new NodeProbe(
        target.node(),
        target.way(),
        target.address(),
        error,
        before == null ? 0 : before.nanos(),
        now,
        before == null ? null : before.reachedAt());
  }

  @Override
  public void close() {
    thread.interrupt();
  }
}
