package io.ovenet.flow;

import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import io.ovenet.api.flow.Aggregate;
import io.ovenet.api.flow.Flow;
import io.ovenet.api.observer.GetFlowsResponse;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Flows that are alike in some fields, made one: the first of them, with how many there were by
 * direction. A flow that stands for several, since others of its kind were sampled away, counts as
 * so many. For one thread at a time.
 */
final class FlowAggregate {
  /** Of how many kinds there may be flows before they have to be taken. */
  static final int MOST = 10_000;

  private static final class Kind {
    final GetFlowsResponse first;
    long ingress;
    long egress;
    long unknown;

    Kind(GetFlowsResponse first) {
      this.first = first;
    }

    void add(Flow flow) {
      Aggregate several = flow.getAggregate();
      long count =
          Math.max(
              1,
              Integer.toUnsignedLong(several.getIngressFlowCount())
                  + Integer.toUnsignedLong(several.getEgressFlowCount())
                  + Integer.toUnsignedLong(several.getUnknownDirectionFlowCount()));
      switch (flow.getTrafficDirection()) {
        case INGRESS -> ingress += count;
        case EGRESS -> egress += count;
        default -> unknown += count;
      }
    }

    Aggregate counts() {
      return Aggregate.newBuilder()
          .setIngressFlowCount(unsigned(ingress))
          .setEgressFlowCount(unsigned(egress))
          .setUnknownDirectionFlowCount(unsigned(unknown))
          .build();
    }

    private static int unsigned(long count) {
      return (int) Math.min(count, 0xffff_ffffL);
    }
  }

  private final FlowMask alike;
  private final FlowMask wanted;
  private final ProtoWriter scratch = new ProtoWriter(1024);
  private final Map<ByteString, Kind> kinds = new LinkedHashMap<>();

  /**
   * Without any so far.
   *
   * @param alike the fields in which flows are one
   * @param wanted what of the first is given; the counts besides
   */
  FlowAggregate(FlowMask alike, FlowMask wanted) {
    this.alike = alike;
    this.wanted = wanted;
  }

  /** Takes a flow in. True: there are {@link #MOST} kinds now, which have to be taken first. */
  boolean add(GetFlowsResponse response) {
    byte[] flow = response.getFlow().toByteArray();
    kinds.computeIfAbsent(projected(alike, flow), _ -> new Kind(response)).add(response.getFlow());
    return kinds.size() >= MOST;
  }

  private ByteString projected(FlowMask mask, byte[] flow) {
    scratch.reset();
    mask.project(flow, 0, flow.length, scratch);
    return ByteString.copyFrom(scratch.array(), scratch.offset(), scratch.length());
  }

  /** All kinds, in the order of their first flows; there are none from then on. */
  List<GetFlowsResponse> take() {
    var taken = new ArrayList<GetFlowsResponse>(kinds.size());
    for (Kind kind : kinds.values()) {
      taken.add(kind.first.toBuilder().setFlow(written(kind)).build());
    }
    kinds.clear();
    return taken;
  }

  private Flow written(Kind kind) {
    try {
      return Flow.parseFrom(projected(wanted, kind.first.getFlow().toByteArray())).toBuilder()
          .setAggregate(kind.counts())
          .build();
    } catch (InvalidProtocolBufferException e) {
      throw new IllegalStateException("a part of a flow is no flow", e);
    }
  }
}
