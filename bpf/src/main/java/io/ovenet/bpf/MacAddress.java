package io.ovenet.bpf;

import java.util.HexFormat;

/** An Ethernet address, as the lower 48 bits of a number, first byte highest. */
public record MacAddress(long bits) implements Comparable<MacAddress> {
  private static final HexFormat COLONS = HexFormat.ofDelimiter(":");

  public MacAddress {
    if (bits >>> 48 != 0) {
      throw new IllegalArgumentException("an Ethernet address has 48 bits");
    }
  }

  /** From its six bytes as on the wire. */
  public static MacAddress of(byte[] bytes) {
    if (bytes.length != 6) {
      throw new IllegalArgumentException("an Ethernet address has 6 bytes, not " + bytes.length);
    }
    long bits = 0;
    for (byte b : bytes) {
      bits = bits << 8 | Byte.toUnsignedLong(b);
    }
    return new MacAddress(bits);
  }

  /** From text such as {@code 02:00:0a:fe:01:01}. */
  public static MacAddress parse(String text) {
    return of(COLONS.parseHex(text));
  }

  /** Its six bytes as on the wire. */
  public byte[] bytes() {
    byte[] bytes = new byte[6];
    for (int i = 0; i < 6; i++) {
      bytes[i] = (byte) (bits >>> (40 - 8 * i));
    }
    return bytes;
  }

  @Override
  public int compareTo(MacAddress other) {
    return Long.compare(bits, other.bits);
  }

  @Override
  public String toString() {
    return COLONS.formatHex(bytes());
  }
}
