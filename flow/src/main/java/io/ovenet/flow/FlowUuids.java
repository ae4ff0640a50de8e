package io.ovenet.flow;

import java.security.SecureRandom;
import java.util.UUID;

/**
 * A UUID for each flow of this process, found from its place in the sequence: the same for whoever
 * reads the flow, and not stored anywhere. The bits are a keyed mixture (SplitMix64's finisher over
 * two random keys) in the layout of a version 4 UUID. Immutable.
 */
public final class FlowUuids {
  private static final long VERSION = 0x4000L;
  private static final long VARIANT = 0x8000_0000_0000_0000L;

  private final long highKey;
  private final long lowKey;

  public FlowUuids() {
    this(new SecureRandom().nextLong(), new SecureRandom().nextLong());
  }

  FlowUuids(long highKey, long lowKey) {
    this.highKey = highKey;
    this.lowKey = lowKey;
  }

  private static long mix(long value) {
    long z = value * 0x9e3779b97f4a7c15L;
    z = (z ^ (z >>> 30)) * 0xbf58476d1ce4e5b9L;
    z = (z ^ (z >>> 27)) * 0x94d049bb133111ebL;
    return z ^ (z >>> 31);
  }

  private long high(long sequence) {
    return (mix(highKey + sequence) & ~0xf000L) | VERSION;
  }

  private long low(long sequence) {
    return (mix(lowKey + sequence) & 0x3fff_ffff_ffff_ffffL) | VARIANT;
  }

  UUID of(long sequence) {
    return new UUID(high(sequence), low(sequence));
  }

  boolean is(UUID uuid, long sequence) {
    return uuid.getMostSignificantBits() == high(sequence)
        && uuid.getLeastSignificantBits() == low(sequence);
  }

  void write(ProtoWriter to, int field, long sequence) {
    int end = to.length();
    long low = low(sequence);
    long high = high(sequence);
    to.hex(low, 12);
    to.raw('-');
    to.hex(low >>> 48, 4);
    to.raw('-');
    to.hex(high, 4);
    to.raw('-');
    to.hex(high >>> 16, 4);
    to.raw('-');
    to.hex(high >>> 32, 8);
    to.nest(field, end);
  }
}
