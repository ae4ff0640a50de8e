package io.ovenet.datapath;

import java.lang.foreign.MemorySegment;

/**
 * A view of an entry of {@code conntrack_map} in place, for those that look at all of them: {@link
 * ConntrackKey} and {@link ConntrackEntry}, whose layouts it shares, without an object for each.
 *
 * <p>A cursor; not safe for use by several threads. Addresses are 16 bytes as two big-endian
 * numbers, IPv4 mapped.
 */
public final class ConnectionView {
  private MemorySegment key = MemorySegment.NULL;
  private MemorySegment entry = MemorySegment.NULL;

  /** Moves to an entry. */
  public ConnectionView at(MemorySegment atKey, MemorySegment atEntry) {
    key = atKey;
    entry = atEntry;
    return this;
  }

  /** A number that another connection has with a chance of one in 2^64; of one time alone. */
  public long hash() {
    long hash = beganAtNanos() * 0x9e3779b97f4a7c15L;
    for (long at = 0; at < 40; at += Long.BYTES) {
      hash = (Long.rotateLeft(hash, 29) ^ key.get(Bytes.U64, at)) * 0xbf58476d1ce4e5b9L;
      hash ^= hash >>> 32;
    }
    return hash;
  }

  /** Whether {@code hi} began it: then that is the source. */
  private boolean hiBegan() {
    return (Bytes.u8(entry, 60) & ConntrackEntry.HI_BEGAN) != 0;
  }

  private static long big(MemorySegment segment, long offset) {
    return Long.reverseBytes(segment.get(Bytes.U64, offset));
  }

  public long sourceHigh() {
    return big(key, hiBegan() ? 16 : 0);
  }

  public long sourceLow() {
    return big(key, hiBegan() ? 24 : 8);
  }

  public long destinationHigh() {
    return big(key, hiBegan() ? 0 : 16);
  }

  public long destinationLow() {
    return big(key, hiBegan() ? 8 : 24);
  }

  /** Of ICMP the request's type. */
  public int destinationPort() {
    int flags = Bytes.u8(key, 37);
    return flags != 0 ? flags & 0x7f : Bytes.u16Be(key, hiBegan() ? 32 : 34);
  }

  /** IANA's number. */
  public int protocol() {
    return Bytes.u8(key, 36);
  }

  public int network() {
    return Bytes.u16(key, 38);
  }

  /** Number of a {@link Verdict}. */
  public int verdict() {
    return Bytes.u8(entry, 0);
  }

  /** Of CLOCK_MONOTONIC. */
  public long beganAtNanos() {
    return entry.get(Bytes.U64, 16);
  }

  public int sourceIdentity() {
    return entry.get(Bytes.U32, hiBegan() ? 28 : 24);
  }

  public int destinationIdentity() {
    return entry.get(Bytes.U32, hiBegan() ? 24 : 28);
  }

  /** Id of the endpoint of this node that began it, or 0. */
  public int sourceEndpoint() {
    return Bytes.u16(entry, hiBegan() ? 34 : 32);
  }

  public int destinationEndpoint() {
    return Bytes.u16(entry, hiBegan() ? 32 : 34);
  }

  public int egressRule() {
    return entry.get(Bytes.U32, 40);
  }

  public int ingressRule() {
    return entry.get(Bytes.U32, 44);
  }

  /** From who began. */
  public long packetsOnwards() {
    return entry.get(Bytes.U64, 64);
  }

  public long packetsBack() {
    return entry.get(Bytes.U64, 72);
  }

  /** With Ethernet headers. */
  public long bytesOnwards() {
    return entry.get(Bytes.U64, 80);
  }

  public long bytesBack() {
    return entry.get(Bytes.U64, 88);
  }
}
