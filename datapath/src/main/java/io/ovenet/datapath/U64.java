package io.ovenet.datapath;

import java.lang.foreign.MemorySegment;

/** Eight bytes in host order: a plain counter. */
final class U64 implements Codec<Long> {
  static final U64 CODEC = new U64();

  private U64() {}

  @Override
  public int size() {
    return 8;
  }

  @Override
  public void write(Long value, MemorySegment to, long offset) {
    to.set(Bytes.U64, offset, value);
  }

  @Override
  public Long read(MemorySegment from, long offset) {
    return from.get(Bytes.U64, offset);
  }
}
