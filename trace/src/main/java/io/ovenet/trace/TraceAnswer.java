package io.ovenet.trace;

import io.grpc.Channel;
import io.grpc.Context;
import io.ovenet.api.trace.ReachRequest;
import io.ovenet.api.trace.SeenRequest;
import io.ovenet.api.trace.SendRequest;
import io.ovenet.api.trace.SendResponse;
import io.ovenet.api.trace.Step;
import io.ovenet.api.trace.TraceGrpc;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * What became of a packet, and of one of full size after it.
 *
 * @param sent null: no node that answered has the pod
 * @param far what the next node told; null: it saw nothing, or was not asked
 * @param farAsked whether the next node could be asked
 * @param nodeAnswers whether the next node answers a ping; null: not tried
 * @param full of full size, where one was sent
 * @param unavailable nodes that did not answer
 */
public record TraceAnswer(
    @Nullable SendResponse sent,
    @Nullable Step far,
    boolean farAsked,
    @Nullable Boolean nodeAnswers,
    @Nullable Full full,
    List<String> unavailable) {

  /** A packet of full size: the last step that was told of it, null: the next node saw nothing. */
  public record Full(SendResponse sent, @Nullable Step far) {
    boolean arrived() {
      Step last = sent.getStep().getEnd() == Step.End.SENT ? far : sent.getStep();
      return last != null && last.getEnd() == Step.End.DELIVERED;
    }
  }

  private static final int SEND_SECONDS = 15;

  /** Longer than a packet takes between nodes, however busy. */
  private static final int WAIT_MILLIS = 2500;

  public TraceAnswer {
    unavailable = List.copyOf(unavailable);
  }

  /** The last step that was told; null: none was. */
  @Nullable Step last() {
    if (far != null) {
      return far;
    }
    return sent == null || !sent.hasStep() || sent.getStep().getEnd() == Step.End.SENT
        ? null
        : sent.getStep();
  }

  /**
   * Asks; takes seconds where a packet is lost.
   *
   * @param server an agent or a relay
   * @throws io.grpc.StatusRuntimeException if the server does not answer
   */
  public static TraceAnswer ask(
      Channel server, TraceEnds.Pod from, TraceEnds.Destination to, int protocol) {
    return new Asking(server, from, protocol).ask(to);
  }

  private static final class Asking {
    private final Channel server;
    private final SendRequest.Builder request;
    private final List<String> unavailable = new ArrayList<>();
    private boolean farAsked;

    Asking(Channel server, TraceEnds.Pod from, int protocol) {
      this.server = server;
      this.request =
          SendRequest.newBuilder()
              .setNamespace(from.namespace())
              .setPod(from.name())
              .setProtocol(protocol);
    }

    private TraceGrpc.TraceBlockingStub traces() {
      return TraceGrpc.newBlockingStub(server).withDeadlineAfter(SEND_SECONDS, TimeUnit.SECONDS);
    }

    TraceAnswer ask(TraceEnds.Destination to) {
      SendResponse sent = send(to.address(), to.port(), /* fullSize= */ false);
      if (sent == null || !sent.hasStep()) {
        return new TraceAnswer(sent, null, false, null, null, unavailable);
      }
      Step near = sent.getStep();
      Step far = near.getEnd() == Step.End.SENT ? seen(sent) : null;
      boolean lost = near.getEnd() == Step.End.SENT && far == null;
      Boolean answers = lost ? reach(near) : null;
      Step last = far == null ? near : far;
      Full full = null;
      if (last.getEnd() == Step.End.DELIVERED) {
        // Straight to who answered: another packet to a service might go to somebody else.
        SendResponse big = send(near.getDestinationIp(), near.getDestinationPort(), true);
        if (big != null && big.hasStep()) {
          boolean gone = big.getStep().getEnd() == Step.End.SENT;
          full = new Full(big, gone ? seen(big) : null);
        }
      }
      return new TraceAnswer(sent, far, farAsked, answers, full, unavailable);
    }

    private @Nullable SendResponse send(String address, int port, boolean fullSize) {
      var asked = request.setDestination(address).setPort(port).setFullSize(fullSize).build();
      // Only one node has the pod: the others need not be waited for.
      try (var context = Context.current().withCancellation()) {
        Context before = context.attach();
        try {
          var responses = traces().send(asked);
          while (responses.hasNext()) {
            SendResponse response = responses.next();
            note(response.getUnavailableNodesList());
            if (!response.getNodeName().isEmpty()) {
              return response;
            }
          }
          return null;
        } finally {
          context.detach(before);
        }
      }
    }

    private @Nullable Step seen(SendResponse sent) {
      Step near = sent.getStep();
      Step[] far = new Step[1];
      farAsked = true;
      traces()
          .seen(
              SeenRequest.newBuilder()
                  .setNumber(sent.getNumber())
                  .setSender(near.getNodeIp())
                  .setWaitMillis(WAIT_MILLIS)
                  .setNodeName(near.getTunnelNode())
                  .build())
          .forEachRemaining(
              response -> {
                note(response.getUnavailableNodesList());
                if (response.getUnavailableNodesList().contains(near.getTunnelNode())) {
                  farAsked = false;
                }
                if (response.hasStep()) {
                  far[0] = response.getStep();
                }
              });
      return far[0];
    }

    private Boolean reach(Step near) {
      return traces()
          .reach(
              ReachRequest.newBuilder()
                  .setNodeName(near.getNodeName())
                  .setAddress(near.getTunnel())
                  .build())
          .getAnswers();
    }

    private void note(List<String> nodes) {
      for (String node : nodes) {
        if (!unavailable.contains(node)) {
          unavailable.add(node);
        }
      }
    }
  }
}
