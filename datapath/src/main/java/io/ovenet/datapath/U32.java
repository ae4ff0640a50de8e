package io.ovenet.datapath;

import java.lang.foreign.MemorySegment;

/** Four bytes in host order: {@code struct class_key} and {@code struct class_value}. */
final class U32 implements Codec<Integer> {
  static final U32 CODEC = new U32();

  private U32() {}

  @Override
  public int size() {
    return 4;
  }

  @Override
  public void write(Integer value, MemorySegment to, long offset) {
    to.set(Bytes.U32, offset, value);
  }

  @Override
  public Integer read(MemorySegment from, long offset) {
    return from.get(Bytes.U32, offset);
  }
}
