package io.ovenet.relay;

import com.google.protobuf.Timestamp;
import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ClientInterceptors;
import io.grpc.Status;
import io.grpc.stub.ClientCalls;
import io.grpc.stub.ServerCallStreamObserver;
import io.ovenet.api.observer.GetFlowsRequest;
import io.ovenet.api.observer.GetFlowsResponse;
import io.ovenet.api.relay.NodeState;
import io.ovenet.api.relay.NodeStatusEvent;
import io.ovenet.flow.TenantScope;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.PriorityQueue;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * One GetFlows over all agents, on a thread of its own: by time, as far as agents answer in time.
 * An answer waits for those of other agents that might be older, but for a second at most, so none
 * that is slow, silent or dead holds the others up.
 */
final class FlowMerge implements Runnable {
  private static final long LATENESS_NANOS = TimeUnit.SECONDS.toNanos(1);
  private static final long RELIST_NANOS = TimeUnit.SECONDS.toNanos(2);
  private static final long COALESCE_NANOS = TimeUnit.SECONDS.toNanos(10);

  private final PeerDirectory directory;
  private final GetFlowsRequest request;
  private final String nodeName;
  private final ServerCallStreamObserver<FlowAnswer> client;
  private final @Nullable Set<String> namespaces;

  /** Those that have not ended. */
  private final Map<String, PeerFlows> streams = new HashMap<>();

  /** The oldest that each has told and that has not been sent, for those that have one. */
  private final PriorityQueue<Head> heads =
      new PriorityQueue<>(Comparator.comparingLong(head -> head.arrived().answer().time()));

  /** Whose these are. */
  private final Set<PeerFlows> standing = new HashSet<>();

  /** Streams that have something again, or have ended. Any thread adds. */
  private final ConcurrentLinkedQueue<PeerFlows> news = new ConcurrentLinkedQueue<>();

  /** Of each node that has sent something, the time of the newest, in nanoseconds since 1970. */
  private final Map<String, Long> newest = new HashMap<>();

  private final Timestamp began;
  private final TreeSet<String> unavailable = new TreeSet<>();

  /** Names of nodes by what went wrong, since the last time that was told. */
  private final TreeMap<String, TreeSet<String>> errors = new TreeMap<>();

  private long errorsSince;
  private @Nullable Thread thread;

  private record Head(PeerFlows stream, PeerFlows.Arrived arrived) {}

  /**
   * Not started yet.
   *
   * @param namespaces that the client may see; null: all
   */
  FlowMerge(
      PeerDirectory directory,
      GetFlowsRequest request,
      String nodeName,
      ServerCallStreamObserver<FlowAnswer> client,
      @Nullable Set<String> namespaces) {
    this.namespaces = namespaces;
    this.directory = directory;
    this.request = request;
    this.nodeName = nodeName;
    this.client = client;
    this.began = now();
  }

  /** Starts the thread. */
  void start() {
    Thread merging = Thread.ofVirtual().name("merge").unstarted(this);
    thread = merging;
    client.setOnReadyHandler(() -> LockSupport.unpark(merging));
    client.setOnCancelHandler(() -> LockSupport.unpark(merging));
    merging.start();
  }

  @Override
  public void run() {
    try {
      ask(true);
      if (streams.isEmpty() && !request.getFollow()) {
        fail(
            unavailable.isEmpty()
                ? "this relay knows no node's agent so far: ask again, or look at its log"
                : "none of the nodes' agents can be reached: " + String.join(", ", unavailable));
        return;
      }
      merge();
    } finally {
      streams.values().forEach(PeerFlows::cancel);
    }
  }

  private void fail(String why) {
    if (!client.isCancelled()) {
      client.onError(Status.UNAVAILABLE.withDescription(why).asRuntimeException());
    }
  }

  private void merge() {
    long relist = System.nanoTime() + RELIST_NANOS;
    while (!client.isCancelled()) {
      long now = System.nanoTime();
      if (request.getFollow() && now - relist >= 0) {
        ask(false);
        relist = now + RELIST_NANOS;
      }
      tellErrors(now, false);
      hear();
      Head oldest = heads.peek();
      if (oldest == null) {
        if (streams.isEmpty() && !request.getFollow()) {
          tellErrors(now, true);
          client.onCompleted();
          return;
        }
        LockSupport.parkNanos(this, LATENESS_NANOS);
      } else if (now - oldest.arrived().nanos() < LATENESS_NANOS && someoneMayBeOlder()) {
        LockSupport.parkNanos(this, LATENESS_NANOS - (now - oldest.arrived().nanos()));
      } else {
        send(oldest);
      }
    }
  }

  private void send(Head oldest) {
    var answer = oldest.arrived().answer();
    send(answer);
    if (answer.isFlow()) {
      newest.merge(oldest.stream().peer(), answer.time(), Math::max);
    }
    heads.remove();
    PeerFlows.Arrived next = oldest.stream().take();
    if (next != null) {
      heads.add(new Head(oldest.stream(), next));
      return;
    }
    standing.remove(oldest.stream());
    if (oldest.stream().isEnded()) {
      news.add(oldest.stream());
    }
  }

  /** Takes in who has something again, and takes out who has ended. */
  private void hear() {
    for (PeerFlows stream = news.poll(); stream != null; stream = news.poll()) {
      boolean ended = stream.isEnded(); // before the look at what has come
      PeerFlows.Arrived head = stream.head();
      if (head != null) {
        if (standing.add(stream)) {
          heads.add(new Head(stream, head));
        }
      } else if (ended && streams.remove(stream.peer(), stream)) {
        ended(stream);
      }
    }
  }

  private void ended(PeerFlows stream) {
    Status failure = stream.failure();
    if (failure == null) {
      return;
    }
    String description = failure.getDescription();
    String what = description == null ? failure.getCode().name() : description;
    if (errors.isEmpty()) {
      errorsSince = System.nanoTime();
    }
    errors.computeIfAbsent(what, _ -> new TreeSet<>()).add(stream.peer());
  }

  private boolean someoneMayBeOlder() {
    return streams.size() > heads.size();
  }

  /** Asks every agent that is not asked so far, and tells which could be and which not. */
  private void ask(boolean atFirst) {
    var connected = new ArrayList<String>();
    var missing = new TreeSet<String>();
    for (Peer peer : directory.peers()) {
      if (streams.containsKey(peer.name())) {
        continue;
      }
      var channel = peer.channel();
      if (channel == null || !peer.isConnected()) {
        missing.add(peer.name());
        continue;
      }
      var stream = new PeerFlows(peer.name(), this::heard);
      streams.put(peer.name(), stream);
      ClientCalls.asyncServerStreamingCall(
          scoped(channel).newCall(FlowAnswer.METHOD, CallOptions.DEFAULT),
          atFirst ? request : goingOn(peer.name()),
          stream);
      connected.add(peer.name());
    }
    if (!connected.isEmpty()) {
      tell(NodeState.NODE_CONNECTED, connected, "");
    }
    var lost = new TreeSet<>(missing);
    lost.removeAll(unavailable);
    if (!lost.isEmpty()) {
      tell(NodeState.NODE_UNAVAILABLE, List.copyOf(lost), "");
    }
    unavailable.clear();
    unavailable.addAll(missing);
  }

  private void heard(PeerFlows stream) {
    news.add(stream);
    LockSupport.unpark(thread);
  }

  private Channel scoped(Channel channel) {
    return namespaces == null
        ? channel
        : ClientInterceptors.intercept(channel, TenantScope.of(namespaces));
  }

  /**
   * What a node is asked that comes late, or again: all since it broke off, or since the follower
   * began, so that nothing is missing of the time before it could be asked.
   */
  private GetFlowsRequest goingOn(String name) {
    var asked = request.toBuilder().clearNumber();
    Long last = newest.get(name);
    if (last != null) {
      asked.setSince(timestamp(last + 1));
    } else if (!request.hasSince()) {
      asked.setSince(began);
    }
    return asked.build();
  }

  private static Timestamp timestamp(long nanos) {
    long second = TimeUnit.SECONDS.toNanos(1);
    return Timestamp.newBuilder()
        .setSeconds(Math.floorDiv(nanos, second))
        .setNanos((int) Math.floorMod(nanos, second))
        .build();
  }

  private static Timestamp now() {
    Instant now = Instant.now();
    return Timestamp.newBuilder().setSeconds(now.getEpochSecond()).setNanos(now.getNano()).build();
  }

  private void tellErrors(long now, boolean all) {
    if (!errors.isEmpty() && (all || now - errorsSince >= COALESCE_NANOS)) {
      errors.forEach((what, nodes) -> tell(NodeState.NODE_ERROR, List.copyOf(nodes), what));
      errors.clear();
    }
  }

  private void tell(NodeState state, List<String> nodes, String message) {
    send(
        FlowAnswer.of(
            GetFlowsResponse.newBuilder()
                .setNodeStatus(
                    NodeStatusEvent.newBuilder()
                        .setStateChange(state)
                        .addAllNodeNames(nodes)
                        .setMessage(message))
                .setNodeName(nodeName)
                .setTime(now())
                .build()));
  }

  private void send(FlowAnswer answer) {
    while (!client.isReady() && !client.isCancelled()) {
      LockSupport.parkNanos(this, LATENESS_NANOS); // woken by the client's being ready
    }
    if (!client.isCancelled()) {
      client.onNext(answer);
    }
  }
}
