package io.ovenet.datapath;

import java.lang.foreign.MemorySegment;
import java.net.InetAddress;

/**
 * {@code struct conntrack}: a connection with its verdict. 136 bytes:
 *
 * <pre>
 *   0         8         16         24            28            32           34           36              38
 *   | decided | expires | began at | lo identity | hi identity | lo endpoint | hi endpoint | lo generation | hi generation
 *   40            44             48      52    56            60      61          62               63
 *   | egress rule | ingress rule | proxy | NAT | tunnel (be) | flags | TCP state | TCP flags seen | drop reason
 *   64                 72             80               88
 *   | packets onwards | packets back | bytes onwards | bytes back
 *   96
 *   | what of it was told last, and when: the kernel side's alone
 *   112             128       132                  134
 *   | frontend (16) | service | frontend port (be) | reserved (2)
 * </pre>
 *
 * @param revision on which the verdict rests
 * @param verdict number of a {@link Verdict}
 * @param expiresNanos of CLOCK_MONOTONIC
 * @param dropReason of a verdict that is not to allow, else 0
 * @param packetsOnwards from who began; counted without locks, so a few may be missing
 * @param frontend with {@link #SERVICE} the address that was called; else {@code ::}
 * @param service number of that frontend
 */
public record ConntrackEntry(
    long revision,
    int verdict,
    long expiresNanos,
    long beganAtNanos,
    int loIdentity,
    int hiIdentity,
    EndpointRef lo,
    EndpointRef hi,
    int egressRule,
    int ingressRule,
    int proxy,
    int nat,
    int tunnel,
    int flags,
    int state,
    int tcpFlagsSeen,
    int dropReason,
    long packetsOnwards,
    long packetsBack,
    long bytesOnwards,
    long bytesBack,
    InetAddress frontend,
    int service,
    int frontendPort) {
  public static final int HI_BEGAN = 1;
  public static final int REPLY_SEEN = 2;
  public static final int REMOTE = 4;
  public static final int HOST = 8;
  public static final int REFUSED_INGRESS = 16;
  public static final int REFUSED_EGRESS = 32;

  /** Of {@code flags}: who began it called a service, not the other end. */
  public static final int SERVICE = 64;

  public static final Codec<ConntrackEntry> CODEC =
      new Codec<>() {
        @Override
        public int size() {
          return 136;
        }

        @Override
        public void write(ConntrackEntry v, MemorySegment to, long offset) {
          to.set(Bytes.U64, offset, (v.revision << 8) | v.verdict);
          to.set(Bytes.U64, offset + 8, v.expiresNanos);
          to.set(Bytes.U64, offset + 16, v.beganAtNanos);
          to.set(Bytes.U32, offset + 24, v.loIdentity);
          to.set(Bytes.U32, offset + 28, v.hiIdentity);
          to.set(Bytes.U16, offset + 32, (short) v.lo.id());
          to.set(Bytes.U16, offset + 34, (short) v.hi.id());
          to.set(Bytes.U16, offset + 36, (short) v.lo.generation());
          to.set(Bytes.U16, offset + 38, (short) v.hi.generation());
          to.set(Bytes.U32, offset + 40, v.egressRule);
          to.set(Bytes.U32, offset + 44, v.ingressRule);
          to.set(Bytes.U32, offset + 48, v.proxy);
          to.set(Bytes.U32, offset + 52, v.nat);
          to.set(Bytes.U32_BE, offset + 56, v.tunnel);
          to.set(Bytes.U8, offset + 60, (byte) v.flags);
          to.set(Bytes.U8, offset + 61, (byte) v.state);
          to.set(Bytes.U8, offset + 62, (byte) v.tcpFlagsSeen);
          to.set(Bytes.U8, offset + 63, (byte) v.dropReason);
          to.set(Bytes.U64, offset + 64, v.packetsOnwards);
          to.set(Bytes.U64, offset + 72, v.packetsBack);
          to.set(Bytes.U64, offset + 80, v.bytesOnwards);
          to.set(Bytes.U64, offset + 88, v.bytesBack);
          to.asSlice(offset + 96, 16).fill((byte) 0);
          Bytes.putAddress(to, offset + 112, v.frontend);
          to.set(Bytes.U32, offset + 128, v.service);
          to.set(Bytes.U32, offset + 132, 0);
          to.set(Bytes.U16_BE, offset + 132, (short) v.frontendPort);
        }

        @Override
        public ConntrackEntry read(MemorySegment from, long offset) {
          long decided = from.get(Bytes.U64, offset);
          return new ConntrackEntry(
              decided >>> 8,
              (int) (decided & 0xff),
              from.get(Bytes.U64, offset + 8),
              from.get(Bytes.U64, offset + 16),
              from.get(Bytes.U32, offset + 24),
              from.get(Bytes.U32, offset + 28),
              new EndpointRef(Bytes.u16(from, offset + 32), Bytes.u16(from, offset + 36)),
              new EndpointRef(Bytes.u16(from, offset + 34), Bytes.u16(from, offset + 38)),
              from.get(Bytes.U32, offset + 40),
              from.get(Bytes.U32, offset + 44),
              from.get(Bytes.U32, offset + 48),
              from.get(Bytes.U32, offset + 52),
              from.get(Bytes.U32_BE, offset + 56),
              Bytes.u8(from, offset + 60),
              Bytes.u8(from, offset + 61),
              Bytes.u8(from, offset + 62),
              Bytes.u8(from, offset + 63),
              from.get(Bytes.U64, offset + 64),
              from.get(Bytes.U64, offset + 72),
              from.get(Bytes.U64, offset + 80),
              from.get(Bytes.U64, offset + 88),
              Bytes.address(from, offset + 112),
              from.get(Bytes.U32, offset + 128),
              Bytes.u16Be(from, offset + 132));
        }
      };
}
