package io.ovenet.datapath;

import java.lang.foreign.MemorySegment;
import java.net.InetAddress;
import org.jspecify.annotations.Nullable;

/**
 * {@code struct trace_step}: 120 bytes. A node's part of the way of a traced packet.
 *
 * <pre>
 *   0      8        24            40       56        58             60         62
 *   | time | source | destination | called | port be | dst. port be | called be | source endpoint
 *   64              66         67    68       69       72                76            80
 *   | dst. endpoint | protocol | end | reason | detail | source identity | dst. identity | service
 *   84           88       96        104      108   112
 *   | tunnel be  | egress | ingress | length | mtu | masked
 * </pre>
 *
 * @param timeNanos of CLOCK_MONOTONIC
 * @param destination as the packet goes on
 * @param called as it came
 * @param destinationPort of ICMP the type, as {@code calledPort}
 * @param sourceEndpoint 0: no endpoint of this node, as {@code destinationEndpoint}
 * @param end null for a number that this program does not know
 * @param reason {@link DropReason}'s number; 0: none
 * @param detail {@link DropDetail}'s number
 * @param service number of the frontend by which the destination was called; 0: none
 * @param tunnel IPv4 address of the next node; of a packet that came through the overlay of the
 *     last one; 0: none
 * @param egress what the sender's policy said; null: it was not asked
 * @param ingress what the receiver's policy said; null: it was not asked
 * @param length of the packet, L2 header included
 * @param mtu of the receiver's device; 0: not looked at
 * @param masked whether it would have left by the node's address
 */
public record TraceStep(
    long timeNanos,
    InetAddress source,
    InetAddress destination,
    InetAddress called,
    int sourcePort,
    int destinationPort,
    int calledPort,
    int sourceEndpoint,
    int destinationEndpoint,
    int protocol,
    @Nullable End end,
    int reason,
    int detail,
    int sourceIdentity,
    int destinationIdentity,
    int service,
    int tunnel,
    @Nullable Judgement egress,
    @Nullable Judgement ingress,
    int length,
    int mtu,
    boolean masked) {

  /** {@code enum trace_end}: how a node's part of the way ended. */
  public enum End {
    REFUSED(1),
    /** The pod would have got it. */
    DELIVERED(2),
    /** Through the overlay, to the next node. */
    SENT(3),
    /** The node's own stack would have got it. */
    TO_NODE(4),
    /** It would have left the cluster. */
    TO_WORLD(5),
    /** For the device of the pod. */
    TOO_BIG(6);

    private final int number;

    End(int number) {
      this.number = number;
    }

    int number() {
      return number;
    }

    static @Nullable End of(int number) {
      for (End end : values()) {
        if (end.number == number) {
          return end;
        }
      }
      return null;
    }
  }

  /**
   * {@code struct event_verdict}: what one side's policy said.
   *
   * @param rule node-local number of what decided; 0: none
   * @param match Hubble's policy_match_type
   */
  public record Judgement(int rule, @Nullable Verdict verdict, int match, int detail) {
    private static final int SIZE = 8;

    static void write(@Nullable Judgement judged, int direction, MemorySegment to, long offset) {
      to.asSlice(offset, SIZE).fill((byte) 0);
      if (judged != null) {
        to.set(Bytes.U32, offset, judged.rule);
        to.set(Bytes.U8, offset + 4, (byte) (judged.verdict == null ? 0 : judged.verdict.number()));
        to.set(Bytes.U8, offset + 5, (byte) judged.match);
        to.set(Bytes.U8, offset + 6, (byte) direction);
        to.set(Bytes.U8, offset + 7, (byte) judged.detail);
      }
    }

    static @Nullable Judgement read(MemorySegment from, long offset) {
      return Bytes.u8(from, offset + 6) == 0
          ? null
          : new Judgement(
              from.get(Bytes.U32, offset),
              Verdict.of(Bytes.u8(from, offset + 4)),
              Bytes.u8(from, offset + 5),
              Bytes.u8(from, offset + 7));
    }
  }

  public static final Codec<TraceStep> CODEC =
      new Codec<>() {
        @Override
        public int size() {
          return 120;
        }

        @Override
        public void write(TraceStep step, MemorySegment to, long offset) {
          to.asSlice(offset, size()).fill((byte) 0);
          to.set(Bytes.U64, offset, step.timeNanos);
          Bytes.putAddress(to, offset + 8, step.source);
          Bytes.putAddress(to, offset + 24, step.destination);
          Bytes.putAddress(to, offset + 40, step.called);
          to.set(Bytes.U16_BE, offset + 56, (short) step.sourcePort);
          to.set(Bytes.U16_BE, offset + 58, (short) step.destinationPort);
          to.set(Bytes.U16_BE, offset + 60, (short) step.calledPort);
          to.set(Bytes.U16, offset + 62, (short) step.sourceEndpoint);
          to.set(Bytes.U16, offset + 64, (short) step.destinationEndpoint);
          to.set(Bytes.U8, offset + 66, (byte) step.protocol);
          to.set(Bytes.U8, offset + 67, (byte) (step.end == null ? 0 : step.end.number));
          to.set(Bytes.U8, offset + 68, (byte) step.reason);
          to.set(Bytes.U8, offset + 69, (byte) step.detail);
          to.set(Bytes.U32, offset + 72, step.sourceIdentity);
          to.set(Bytes.U32, offset + 76, step.destinationIdentity);
          to.set(Bytes.U32, offset + 80, step.service);
          to.set(Bytes.U32_BE, offset + 84, step.tunnel);
          Judgement.write(step.egress, PolicyKey.EGRESS, to, offset + 88);
          Judgement.write(step.ingress, PolicyKey.INGRESS, to, offset + 96);
          to.set(Bytes.U32, offset + 104, step.length);
          to.set(Bytes.U32, offset + 108, step.mtu);
          to.set(Bytes.U8, offset + 112, (byte) (step.masked ? 1 : 0));
        }

        @Override
        public TraceStep read(MemorySegment from, long offset) {
          return new TraceStep(
              from.get(Bytes.U64, offset),
              Bytes.address(from, offset + 8),
              Bytes.address(from, offset + 24),
              Bytes.address(from, offset + 40),
              Bytes.u16Be(from, offset + 56),
              Bytes.u16Be(from, offset + 58),
              Bytes.u16Be(from, offset + 60),
              Bytes.u16(from, offset + 62),
              Bytes.u16(from, offset + 64),
              Bytes.u8(from, offset + 66),
              End.of(Bytes.u8(from, offset + 67)),
              Bytes.u8(from, offset + 68),
              Bytes.u8(from, offset + 69),
              from.get(Bytes.U32, offset + 72),
              from.get(Bytes.U32, offset + 76),
              from.get(Bytes.U32, offset + 80),
              from.get(Bytes.U32_BE, offset + 84),
              Judgement.read(from, offset + 88),
              Judgement.read(from, offset + 96),
              from.get(Bytes.U32, offset + 104),
              from.get(Bytes.U32, offset + 108),
              Bytes.u8(from, offset + 112) != 0);
        }
      };
}
