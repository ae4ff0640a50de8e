package io.ovenet.flow;

import com.google.protobuf.Timestamp;
import io.grpc.stub.ServerCallStreamObserver;
import io.ovenet.api.observer.GetAgentEventsRequest;
import io.ovenet.api.observer.GetAgentEventsResponse;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** One GetAgentEvents, on a thread of its own. */
final class AgentEventStream implements Runnable {
  private final AgentEvents events;
  private final GetAgentEventsRequest request;
  private final long since;
  private final long until;
  private final String nodeName;
  private final ServerCallStreamObserver<GetAgentEventsResponse> client;

  /**
   * Checks the request.
   *
   * @throws IllegalArgumentException saying what is wrong with it
   */
  AgentEventStream(
      AgentEvents events,
      GetAgentEventsRequest request,
      String nodeName,
      ServerCallStreamObserver<GetAgentEventsResponse> client) {
    if (request.getFirst() && request.getFollow()) {
      throw new IllegalArgumentException("first and follow exclude each other");
    }
    this.events = events;
    this.request = request;
    this.since = request.hasSince() ? FlowQuery.nanos(request.getSince(), "since") : Long.MIN_VALUE;
    this.until = request.hasUntil() ? FlowQuery.nanos(request.getUntil(), "until") : Long.MAX_VALUE;
    this.nodeName = nodeName;
    this.client = client;
  }

  @Override
  public void run() {
    try {
      long position = start();
      long end = request.getFollow() ? Long.MAX_VALUE : events.next();
      long sent = 0;
      while (position < end && !client.isCancelled()) {
        List<AgentEvents.Entry> found = events.from(position);
        if (found.isEmpty()) {
          if (!request.getFollow()) {
            break;
          }
          events.await(position);
          continue;
        }
        for (AgentEvents.Entry entry : found) {
          boolean enough =
              !request.getFollow() && request.getNumber() != 0 && sent == request.getNumber();
          if (enough || entry.time() > until || client.isCancelled()) {
            finish();
            return;
          }
          position = entry.sequence() + 1;
          if (entry.time() >= since) {
            client.onNext(response(entry));
            sent++;
          }
        }
      }
      finish();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void finish() {
    if (!client.isCancelled()) {
      client.onCompleted();
    }
  }

  /** As of flows: the newest {@code number}, or of a follower without one those to come. */
  private long start() {
    boolean everything =
        request.hasSince()
            || request.getFirst()
            || (request.getNumber() == 0 && !request.getFollow());
    if (everything) {
      return 0;
    }
    long back = request.getNumber();
    List<AgentEvents.Entry> all = events.from(0);
    int matches = 0;
    for (AgentEvents.Entry entry : all) {
      matches += entry.time() <= until ? 1 : 0;
    }
    if (Long.compareUnsigned(back, matches) >= 0) {
      return 0;
    }
    return back == 0 ? events.next() : all.get(matches - (int) back).sequence();
  }

  private GetAgentEventsResponse response(AgentEvents.Entry entry) {
    return GetAgentEventsResponse.newBuilder()
        .setAgentEvent(entry.event())
        .setNodeName(nodeName)
        .setTime(timestamp(entry.time()))
        .build();
  }

  static Timestamp timestamp(long nanos) {
    long second = TimeUnit.SECONDS.toNanos(1);
    return Timestamp.newBuilder()
        .setSeconds(Math.floorDiv(nanos, second))
        .setNanos((int) Math.floorMod(nanos, second))
        .build();
  }
}
