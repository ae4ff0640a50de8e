package io.ovenet.datapath;

import java.lang.foreign.MemorySegment;
import java.util.HexFormat;

/** A hardware address: its six bytes, the first on the wire in the highest bits. */
public record MacAddress(long value) {
  public static final MacAddress NONE = new MacAddress(0);
  static final int LENGTH = 6;

  public MacAddress {
    if (value >>> 48 != 0) {
      throw new IllegalArgumentException(
          "MAC address of more than 48 bits: " + Long.toHexString(value));
    }
  }

  /**
   * From text.
   *
   * @param text six bytes in hexadecimal, separated by colons
   * @throws IllegalArgumentException if it is anything else
   */
  public static MacAddress parse(String text) {
    byte[] bytes = HexFormat.ofDelimiter(":").parseHex(text);
    if (bytes.length != LENGTH) {
      throw new IllegalArgumentException("not a MAC address: " + text);
    }
    return of(bytes);
  }

  /** From exactly six bytes in the wire's order. */
  public static MacAddress of(byte[] bytes) {
    if (bytes.length != LENGTH) {
      throw new IllegalArgumentException("a MAC address has six bytes, not " + bytes.length);
    }
    long value = 0;
    for (byte b : bytes) {
      value = (value << 8) | Byte.toUnsignedLong(b);
    }
    return new MacAddress(value);
  }

  /** Six bytes in the wire's order. */
  public byte[] bytes() {
    byte[] bytes = new byte[LENGTH];
    for (int i = 0; i < LENGTH; i++) {
      bytes[i] = (byte) (value >>> (8 * (LENGTH - 1 - i)));
    }
    return bytes;
  }

  void write(MemorySegment to, long offset) {
    to.set(Bytes.U16_BE, offset, (short) (value >>> 32));
    to.set(Bytes.U32_BE, offset + 2, (int) value);
  }

  static MacAddress read(MemorySegment from, long offset) {
    return new MacAddress(readValue(from, offset));
  }

  static long readValue(MemorySegment from, long offset) {
    return ((long) Bytes.u16Be(from, offset) << 32)
        | Integer.toUnsignedLong(from.get(Bytes.U32_BE, offset + 2));
  }

  @Override
  public String toString() {
    return HexFormat.ofDelimiter(":").formatHex(bytes());
  }
}
