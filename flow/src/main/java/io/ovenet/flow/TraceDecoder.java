package io.ovenet.flow;

import com.google.protobuf.InvalidProtocolBufferException;
import io.ovenet.api.flow.DropReason;
import io.ovenet.api.flow.Endpoint;
import io.ovenet.api.flow.Policy;
import io.ovenet.api.flow.TrafficDirection;
import io.ovenet.api.trace.Judgement;
import io.ovenet.api.trace.Step;
import io.ovenet.datapath.DropDetail;
import io.ovenet.datapath.TraceStep;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.ByteBuffer;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** Names a node's part of a traced packet's way. Thread-safe. */
public final class TraceDecoder {
  private final FlowNames names;
  private final String nodeName;

  /**
   * By a node's names.
   *
   * @param nodeName {@code cluster/node}
   */
  public TraceDecoder(FlowNames names, String nodeName) {
    this.names = names;
    this.nodeName = nodeName;
  }

  /** With names as of the time of the step. */
  public Step decode(TraceStep step) {
    var told =
        Step.newBuilder()
            .setNodeName(nodeName)
            .setEnd(end(step.end()))
            .setSourceIp(step.source().getHostAddress())
            .setSourcePort(step.sourcePort())
            .setDestinationIp(step.destination().getHostAddress())
            .setDestinationPort(step.destinationPort())
            .setCalledIp(step.called().getHostAddress())
            .setCalledPort(step.calledPort())
            .setProtocol(step.protocol())
            .setLength(step.length())
            .setMtu(step.mtu())
            .setMasked(step.masked());
    var source = end(step, step.sourceEndpoint(), step.sourceIdentity(), step.source());
    if (source != null) {
      told.setSource(source);
    }
    var destination =
        end(step, step.destinationEndpoint(), step.destinationIdentity(), step.destination());
    if (destination != null) {
      told.setDestination(destination);
    }
    if (step.service() != 0) {
      var service = names.service(step.service());
      told.setService(service == null ? "a service that is gone" : service);
    }
    if (step.reason() != 0) {
      var reason = DropReason.forNumber(step.reason());
      told.setDropReason(reason == null ? DropReason.DROP_REASON_UNKNOWN : reason);
      var detail = DropDetail.of(step.detail());
      if (detail != null && detail != DropDetail.NONE) {
        told.setDetail(detail.name().toLowerCase(Locale.ROOT).replace('_', ' '));
      }
    }
    if (step.tunnel() != 0) {
      var tunnel = address(step.tunnel());
      told.setTunnel(tunnel.getHostAddress()).setTunnelNode(nodeAt(tunnel, step.timeNanos()));
    }
    add(told, step.egress(), TrafficDirection.EGRESS);
    add(told, step.ingress(), TrafficDirection.INGRESS);
    return told.build();
  }

  private static Step.End end(TraceStep.@Nullable End end) {
    return switch (end) {
      case null -> Step.End.END_UNSPECIFIED;
      case REFUSED -> Step.End.REFUSED;
      case DELIVERED -> Step.End.DELIVERED;
      case SENT -> Step.End.SENT;
      case TO_NODE -> Step.End.TO_NODE;
      case TO_WORLD -> Step.End.TO_WORLD;
      case TOO_BIG -> Step.End.TOO_BIG;
    };
  }

  /** Null where the packet was refused before anybody was looked for. */
  private @Nullable Endpoint end(TraceStep step, int id, int identity, InetAddress address) {
    if (identity == 0) {
      return null;
    }
    long[] halves = Addresses.halves(address);
    var named =
        names.end(step.timeNanos(), id, identity, /* addressed= */ true, 0, halves[0], halves[1]);
    return parse(named.encoded(), Endpoint.parser());
  }

  private static <T> T parse(byte[] bytes, com.google.protobuf.Parser<T> parser) {
    try {
      return parser.parseFrom(bytes);
    } catch (InvalidProtocolBufferException e) {
      throw new IllegalStateException("a message of our own cannot be read", e);
    }
  }

  private String nodeAt(InetAddress address, long time) {
    long[] halves = Addresses.halves(address);
    var known = names.address(0, halves[0], halves[1], time);
    return known == null || known.workloads().isEmpty() ? "" : known.workloads().get(0).getName();
  }

  private void add(Step.Builder told, TraceStep.@Nullable Judgement judged, TrafficDirection way) {
    if (judged == null) {
      return;
    }
    var judgement = Judgement.newBuilder().setDirection(way);
    if (judged.verdict() != null) {
      judgement.setVerdict(judged.verdict().name());
    }
    var origin = judged.rule() == 0 ? null : names.rule(judged.rule());
    if (origin != null) {
      origin.encoded().forEach(each -> judgement.addPolicies(parse(each, Policy.parser())));
    }
    told.addJudgements(judgement);
  }

  private static InetAddress address(int ipv4) {
    try {
      return InetAddress.getByAddress(ByteBuffer.allocate(4).putInt(ipv4).array());
    } catch (UnknownHostException e) {
      throw new IllegalStateException("four bytes are no address", e);
    }
  }
}
