package io.ovenet.trace;

import io.ovenet.api.flow.Endpoint;
import io.ovenet.api.flow.TrafficDirection;
import io.ovenet.api.trace.Judgement;
import io.ovenet.api.trace.SendResponse;
import io.ovenet.api.trace.Step;
import io.ovenet.flow.RuleOrigin;
import io.ovenet.kubernetes.question.Target;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** What became of a traced packet, hop by hop, in words. */
public final class TraceText {
  /** How it ended. */
  public enum Outcome {
    PASSES,
    /** It could not be found out. */
    UNKNOWN,
    STOPPED
  }

  /**
   * A part of the way.
   *
   * @param where a node's name, or what lies between two
   */
  public record Hop(String where, String what) {}

  private final TraceAnswer answer;
  private final TraceEnds.Pod from;
  private final TraceEnds.Destination to;
  private final Target target;
  private final List<Hop> hops = new ArrayList<>();
  private final List<String> notes = new ArrayList<>();
  private Outcome outcome = Outcome.UNKNOWN;

  public TraceText(
      TraceAnswer answer, TraceEnds.Pod from, TraceEnds.Destination to, Target target) {
    this.answer = answer;
    this.from = from;
    this.to = to;
    this.target = target;
    tell();
  }

  /** In the order of the way. */
  public List<Hop> hops() {
    return List.copyOf(hops);
  }

  /** What is to be said besides. */
  public List<String> notes() {
    return List.copyOf(notes);
  }

  public Outcome outcome() {
    return outcome;
  }

  private void tell() {
    SendResponse sent = answer.sent();
    if (sent == null) {
      notes.add("No node that answers has a pod " + from + ".");
      unavailable();
      return;
    }
    String node = bare(sent.getNodeName());
    if (!sent.getFailure().isEmpty()) {
      outcome = Outcome.STOPPED;
      hop(node, "nothing could be sent for " + from + ": " + sent.getFailure());
      return;
    }
    if (!sent.hasStep()) {
      outcome = Outcome.STOPPED;
      hop(
          node,
          "no program of the pod's device saw the packet: from_pod is not attached there, or the"
              + " agent's tables and its programs are apart (`ovenet doctor`, the agent's log)");
      return;
    }
    near(node, sent.getStep());
    Step last = answer.last();
    if (sent.getStep().getEnd() == Step.End.SENT && answer.far() == null) {
      lost(sent.getStep());
    } else if (last != null) {
      end(last);
    }
    full();
    unseen(last);
    unavailable();
  }

  private void near(String node, Step step) {
    hop(node, from + " sends to " + step.getCalledIp() + ":" + target.text(step.getCalledPort()));
    if (!step.getService().isEmpty()) {
      hop(
          node,
          step.getDestinationIp().equals(step.getCalledIp())
              ? "service " + step.getService() + " answers there"
              : "service "
                  + step.getService()
                  + ": becomes "
                  + step.getDestinationIp()
                  + ":"
                  + step.getDestinationPort()
                  + of(step.hasDestination() ? step.getDestination() : null));
    }
    judgements(node, step);
    if (step.getEnd() == Step.End.SENT) {
      hop(
          node,
          "into the overlay, to "
              + (step.getTunnelNode().isEmpty() ? "a node" : bare(step.getTunnelNode()))
              + " at "
              + step.getTunnel()
              + ", with the identity "
              + step.getSource().getIdentity());
    }
    Step far = answer.far();
    if (far != null) {
      String there = bare(far.getNodeName());
      hop(there, "came through the overlay from " + far.getTunnel());
      judgements(there, far);
    }
  }

  private void judgements(String node, Step step) {
    for (Judgement each : step.getJudgementsList()) {
      boolean egress = each.getDirection() == TrafficDirection.EGRESS;
      Endpoint whose = egress ? step.getSource() : step.getDestination();
      hop(node, (egress ? "egress of " : "ingress of ") + name(whose) + ": " + verdict(each));
    }
  }

  private static String verdict(Judgement judgement) {
    String rules =
        String.join(", ", judgement.getPoliciesList().stream().map(RuleOrigin::text).toList());
    return switch (judgement.getVerdict()) {
      case "ALLOW" -> rules.isEmpty() ? "allowed, as no policy isolates it" : "allowed by " + rules;
      case "AUDIT" -> "passes only since policy audits" + (rules.isEmpty() ? "" : ": " + rules);
      case "REDIRECT" -> "to a proxy, by " + rules;
      case "DENY" -> "denied by " + rules;
      default ->
          "denied, as nothing allows it"
              + (rules.isEmpty() ? "" : " and it is isolated by " + rules);
    };
  }

  private void end(Step step) {
    String node = bare(step.getNodeName());
    switch (step.getEnd()) {
      case DELIVERED -> {
        outcome = Outcome.PASSES;
        hop(node, "would be delivered to " + name(step.getDestination()) + "; dropped before it");
      }
      case TO_NODE -> {
        outcome = Outcome.PASSES;
        hop(node, "would be given to the node's own stack; dropped before it");
      }
      case TO_WORLD -> outside(node, step);
      case TOO_BIG -> {
        outcome = Outcome.STOPPED;
        hop(node, "too big for the pod's device, which takes " + step.getMtu() + " bytes");
      }
      case REFUSED -> {
        outcome = Outcome.STOPPED;
        hop(node, "dropped: " + reason(step));
      }
      case SENT, END_UNSPECIFIED, UNRECOGNIZED ->
          hop(node, "how it ended there cannot be said by this version of ovenet");
    }
  }

  private void outside(String node, Step step) {
    if (to.service() && step.getService().isEmpty()) {
      hop(
          node,
          "the service is not among this node's: another program translates it, or nobody does"
              + " (`ovenet service why "
              + to.address()
              + ":"
              + to.port()
              + "`); its way is not followed");
      return;
    }
    if (step.getDestination().getPodName().isEmpty()) {
      outcome = Outcome.PASSES;
      hop(
          node,
          "would leave the cluster"
              + (step.getMasked() ? " by the node's address" : "")
              + ", to "
              + name(step.getDestination())
              + "; dropped before it");
      return;
    }
    hop(
        node,
        "would be routed to "
            + name(step.getDestination())
            + " without an overlay; dropped before it, since no header could say that it is traced:"
            + " what the other node decides is not known");
  }

  private static String reason(Step step) {
    String reason = step.getDropReason().name().toLowerCase(Locale.ROOT).replace('_', ' ');
    return step.getDetail().isEmpty() ? reason : reason + " (" + step.getDetail() + ")";
  }

  /** Between two nodes. */
  private void lost(Step near) {
    String between = bare(near.getNodeName()) + " → " + near.getTunnel();
    String there = near.getTunnelNode().isEmpty() ? near.getTunnel() : bare(near.getTunnelNode());
    boolean answers = Boolean.TRUE.equals(answer.nodeAnswers());
    if (!answer.farAsked() && answers) {
      hop(
          between,
          "whether it came is not known: "
              + there
              + " answers a ping, but its agent cannot be asked");
      return;
    }
    outcome = Outcome.STOPPED;
    hop(
        between,
        answers
            ? "lost: "
                + there
                + " answers a ping and has not seen the packet; the overlay's port is blocked between"
                + " them, or the overlay's device there is not up"
            : "lost: "
                + there
                + (answer.farAsked() ? " has not seen the packet" : " cannot be asked")
                + " and does not answer a ping either; the way between the nodes is broken");
  }

  private void full() {
    TraceAnswer.Full full = answer.full();
    if (full == null) {
      return;
    }
    Step near = full.sent().getStep();
    if (full.arrived()) {
      notes.add("Of full size (" + full.sent().getLength() + " bytes): passes, too");
      if (full.sent().getLength() < full.sent().getMtu()) {
        notes.add("Longer packets, up to " + full.sent().getMtu() + " bytes, were not tried");
      }
      return;
    }
    outcome = Outcome.STOPPED;
    if (near.getEnd() == Step.End.SENT && full.far() == null) {
      hop(
          bare(near.getNodeName()) + " → " + near.getTunnel(),
          "a packet of "
              + full.sent().getLength()
              + " bytes is lost here while small ones pass: the MTU between the nodes is too small"
              + " for pods' "
              + full.sent().getMtu()
              + " bytes and the overlay's header");
    } else {
      hop(bare(near.getNodeName()), "of full size (" + full.sent().getLength() + " bytes):");
      end(full.far() == null ? near : full.far());
      outcome = Outcome.STOPPED;
    }
  }

  private void unseen(@Nullable Step last) {
    notes.add(
        "Not seen: what happens inside of "
            + from
            + (last != null && last.getEnd() == Step.End.DELIVERED
                ? " and of " + name(last.getDestination()) + ", whether somebody listens there,"
                : ",")
            + " and the way of answers.");
  }

  private void unavailable() {
    if (!answer.unavailable().isEmpty()) {
      notes.add("No answer from: " + String.join(", ", answer.unavailable()) + ".");
    }
  }

  private void hop(String where, String what) {
    hops.add(new Hop(where, what));
  }

  private static String of(@Nullable Endpoint end) {
    return end == null || end.getPodName().isEmpty() ? "" : " (" + name(end) + ")";
  }

  private static String name(Endpoint end) {
    if (!end.getPodName().isEmpty()) {
      return end.getNamespace() + "/" + end.getPodName();
    }
    return end.getLabelsCount() == 0
        ? "identity " + end.getIdentity()
        : String.join(",", end.getLabelsList());
  }

  private static String bare(String node) {
    return node.substring(node.lastIndexOf('/') + 1);
  }
}
