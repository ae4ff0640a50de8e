package io.ovenet.ui;

import io.grpc.Context;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.ovenet.api.observer.GetFlowsRequest;
import io.ovenet.api.observer.GetFlowsResponse;
import io.ovenet.api.observer.ServerStatusRequest;
import java.time.Duration;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Follows the Hubble server's flows, on a thread of its own, and begins anew when it goes away. The
 * last flows that the server has are read again then; those known already are told by their id.
 */
final class FlowFeed implements AutoCloseable {
  /** As upstream's page asks. */
  private static final int FIRST = 10_000;

  private static final Duration PAUSE = Duration.ofSeconds(1);

  /** A relay that has not reached a node for so long is asked anew. */
  private static final Duration PATIENCE = Duration.ofSeconds(15);

  private final RelayClient relay;
  private final FlowStore store;
  private final ServiceMap map;
  private final Thread thread;
  private final Context.CancellableContext context = Context.current().withCancellation();
  private volatile boolean closed;
  private volatile boolean connected;
  private volatile String failure = "";
  private volatile boolean refused;
  private volatile long sinceMillis = System.currentTimeMillis();
  private final AtomicLong lost = new AtomicLong();
  private volatile long newestMillis;
  private volatile long skewMillis;
  private volatile String unavailable = "";
  private volatile long unavailableSince;
  private volatile Context.CancellableContext stream = context;

  FlowFeed(RelayClient relay, FlowStore store, ServiceMap map) {
    this.relay = relay;
    this.store = store;
    this.map = map;
    this.thread =
        Thread.ofPlatform().daemon().name("flows").unstarted(() -> context.run(this::run));
  }

  void start() {
    thread.start();
  }

  private void run() {
    while (!closed) {
      try {
        stream = context.withCancellation();
        stream.run(this::follow);
        state(false, "the server ended the stream");
      } catch (StatusRuntimeException e) {
        if (closed) {
          return;
        }
        refused =
            switch (e.getStatus().getCode()) {
              case UNAUTHENTICATED, PERMISSION_DENIED -> true;
              default -> false;
            };
        state(false, words(e));
      }
      try {
        Thread.sleep(PAUSE);
      } catch (InterruptedException e) {
        return;
      }
    }
  }

  private void follow() {
    // What came before the connection broke is not counted twice: only what is newer is read.
    GetFlowsRequest.Builder request = GetFlowsRequest.newBuilder().setNumber(FIRST).setFollow(true);
    long known = newestMillis;
    Iterator<GetFlowsResponse> answers = relay.follow().getFlows(request.build());
    // The relay speaks at once; an agent without flows says nothing, so it is asked who it is.
    var _ = relay.call().serverStatus(ServerStatusRequest.getDefaultInstance());
    state(true, "");
    while (answers.hasNext() && !closed) {
      GetFlowsResponse answer = answers.next();
      switch (answer.getResponseTypesCase()) {
        case FLOW -> {
          long millis = FlowView.millis(answer.getFlow().getTime());
          if (millis > known) {
            map.add(store.add(answer.getFlow()));
          }
          if (millis > newestMillis) {
            newestMillis = millis;
            skewMillis = millis - System.currentTimeMillis();
          }
        }
        case LOST_EVENTS -> lost.addAndGet(answer.getLostEvents().getNumEventsLost());
        case NODE_STATUS -> {
          var nodes = answer.getNodeStatus();
          String names = String.join(", ", nodes.getNodeNamesList());
          unavailable =
              switch (nodes.getStateChange()) {
                case NODE_UNAVAILABLE, NODE_ERROR -> {
                  unavailableSince = System.nanoTime();
                  yield names;
                }
                default -> unavailable.equals(names) ? "" : unavailable;
              };
        }
        default -> {
          // nothing that a page shows
        }
      }
    }
  }

  /** Begins the stream anew where a node stays away; called now and then. */
  void look() {
    if (!unavailable.isEmpty() && System.nanoTime() - unavailableSince > PATIENCE.toNanos()) {
      unavailableSince = System.nanoTime();
      stream.cancel(null);
    }
  }

  /**
   * Whether the server has ended it for who asks: it does not know him, or not with these rights.
   */
  boolean isRefused() {
    return refused;
  }

  private static String words(StatusRuntimeException failure) {
    Status status = failure.getStatus();
    String said = Objects.requireNonNullElse(status.getDescription(), "");
    return status.getCode() + (said.isEmpty() ? "" : ": " + said);
  }

  private void state(boolean up, String why) {
    if (up != connected) {
      sinceMillis = System.currentTimeMillis();
    }
    connected = up;
    failure = why;
  }

  /** What the page says of it. */
  Map<String, Object> json() {
    Map<String, Object> object = new LinkedHashMap<>();
    object.put("connected", connected);
    object.put("server", relay.address());
    object.put("since", sinceMillis);
    object.put("failure", failure);
    object.put("lost", lost.get());
    object.put("newest", newestMillis);
    // Positive: a node's clock is ahead of this machine's.
    object.put("aheadMillis", Math.max(0, skewMillis));
    object.put("unavailable", unavailable);
    object.put("flows", store.newest());
    object.put("kept", store.newest() - store.oldest() + 1);
    return object;
  }

  @Override
  public void close() {
    closed = true;
    context.cancel(null);
    thread.interrupt();
  }
}
