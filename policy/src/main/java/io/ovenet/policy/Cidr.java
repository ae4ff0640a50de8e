package io.ovenet.policy;

import java.net.Inet4Address;
import java.net.InetAddress;
import org.jspecify.annotations.Nullable;

/**
 * An address prefix of one family, host bits zero. Sorted by family, address, length, so that what
 * a prefix contains follows it.
 *
 * @param ipv6 the family
 * @param high upper 64 bits of the IPv6 address; 0 for IPv4
 * @param low lower 64 bits; for IPv4 the address in the lower 32
 * @param length 0–32, or 0–128
 */
public record Cidr(boolean ipv6, long high, long low, int length) implements Comparable<Cidr> {
  public static final Cidr ALL_IPV4 = new Cidr(false, 0, 0, 0);
  public static final Cidr ALL_IPV6 = new Cidr(true, 0, 0, 0);

  /** Host bits are cleared. */
  public Cidr {
    int bits = ipv6 ? 128 : 32;
    if (length < 0 || length > bits) {
      throw new IllegalArgumentException("prefix length out of 0-" + bits + ": " + length);
    }
    if (ipv6) {
      high &= mask(Math.min(length, 64));
      low &= mask(Math.max(length - 64, 0));
    } else {
      high = 0;
      low &= mask(length) >>> 32;
    }
  }

  private static long mask(int length) {
    return length == 0 ? 0 : -1L << (64 - length);
  }

  /**
   * Reads {@code 10.0.0.0/8}, {@code fd00::/8}, or an address alone, which is a prefix of its whole
   * length. Never asks a resolver.
   *
   * @throws IllegalArgumentException saying what is wrong with the text
   */
  public static Cidr parse(String text) {
    int slash = text.indexOf('/');
    String address = slash < 0 ? text : text.substring(0, slash);
    InetAddress parsed;
    try {
      parsed = InetAddress.ofLiteral(address);
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException("not an IP address: '" + address + "'", e);
    }
    boolean dotted = isDotted(address);
    if ((parsed instanceof Inet4Address && !dotted) || address.indexOf('%') >= 0) {
      throw new IllegalArgumentException("not an IP address: '" + address + "'");
    }
    if (dotted && hasLeadingZero(address)) {
      throw new IllegalArgumentException("leading zero in '" + address + "'");
    }
    Cidr host = of(parsed);
    if (slash < 0) {
      return host;
    }
    String length = text.substring(slash + 1);
    if (!isNumber(length, 0, length.length()) || (length.length() > 1 && length.charAt(0) == '0')) {
      throw new IllegalArgumentException("not a prefix length: '" + length + "'");
    }
    return new Cidr(host.ipv6, host.high, host.low, Integer.parseInt(length));
  }

  /** Four numbers of one to three digits, with dots between them. */
  private static boolean isDotted(String address) {
    int parts = 1;
    int start = 0;
    for (int dot = address.indexOf('.'); dot >= 0; dot = address.indexOf('.', start)) {
      if (!isNumber(address, start, dot)) {
        return false;
      }
      parts++;
      start = dot + 1;
    }
    return parts == 4 && isNumber(address, start, address.length());
  }

  private static boolean isNumber(String text, int from, int to) {
    for (int i = from; i < to; i++) {
      if (text.charAt(i) < '0' || text.charAt(i) > '9') {
        return false;
      }
    }
    return to > from && to - from <= 3;
  }

  private static boolean hasLeadingZero(String dotted) {
    for (int i = 0; i + 1 < dotted.length(); i++) {
      boolean first = i == 0 || dotted.charAt(i - 1) == '.';
      if (first && dotted.charAt(i) == '0' && dotted.charAt(i + 1) != '.') {
        return true;
      }
    }
    return false;
  }

  /** The address alone, as a prefix of its whole length. */
  public static Cidr of(InetAddress address) {
    return ofBytes(address.getAddress());
  }

  private static Cidr ofBytes(byte[] bytes) {
    boolean six = bytes.length == 16;
    long high = 0;
    long low = 0;
    for (int i = 0; i < bytes.length; i++) {
      if (i < bytes.length - 8) {
        high = high << 8 | (bytes[i] & 0xff);
      } else {
        low = low << 8 | (bytes[i] & 0xff);
      }
    }
    return new Cidr(six, high, low, six ? 128 : 32);
  }

  /** Whether all addresses of the other are of this, too; a prefix contains itself. */
  public boolean contains(Cidr other) {
    if (ipv6 != other.ipv6 || length > other.length) {
      return false;
    }
    if (!ipv6) {
      return (other.low & mask(length) >>> 32) == low;
    }
    return (other.high & mask(Math.min(length, 64))) == high
        && (other.low & mask(Math.max(length - 64, 0))) == low;
  }

  /** The prefix of this length around this one, which is at least as long. */
  public Cidr widen(int shorter) {
    if (shorter > length) {
      throw new IllegalArgumentException(this + " is not inside a prefix of length " + shorter);
    }
    return new Cidr(ipv6, high, low, shorter);
  }

  /** The address in network byte order, 16 bytes, IPv4 as ::ffff:a.b.c.d. */
  public byte[] mappedAddress() {
    byte[] bytes = new byte[16];
    long lower = ipv6 ? low : 0xffff_0000_0000L | low;
    for (int i = 0; i < 8; i++) {
      bytes[i] = (byte) (high >>> (56 - 8 * i));
      bytes[i + 8] = (byte) (lower >>> (56 - 8 * i));
    }
    return bytes;
  }

  /** Length as a prefix of {@link #mappedAddress}: an IPv4 /n is 96 + n. */
  public int mappedLength() {
    return ipv6 ? length : 96 + length;
  }

  @Override
  public int compareTo(Cidr other) {
    int order = Boolean.compare(ipv6, other.ipv6);
    if (order == 0) {
      order = Long.compareUnsigned(high, other.high);
    }
    if (order == 0) {
      order = Long.compareUnsigned(low, other.low);
    }
    return order == 0 ? Integer.compare(length, other.length) : order;
  }

  /** {@code 10.0.0.0/8}; IPv6 in its eight groups, without ::. */
  @Override
  public String toString() {
    StringBuilder text = new StringBuilder();
    if (ipv6) {
      for (int i = 0; i < 8; i++) {
        long half = i < 4 ? high : low;
        text.append(i == 0 ? "" : ":")
            .append(Long.toHexString(half >>> (48 - 16 * (i % 4)) & 0xffff));
      }
    } else {
      for (int shift = 24; shift >= 0; shift -= 8) {
        text.append(shift == 24 ? "" : ".").append(low >>> shift & 0xff);
      }
    }
    return text.append('/').append(length).toString();
  }

  // Written out: a key's generated methods are many times slower in what the agent's compiler
  // makes.
  @Override
  public boolean equals(@Nullable Object other) {
    return this == other
        || (other instanceof Cidr that
            && length == that.length
            && high == that.high
            && low == that.low
            && ipv6 == that.ipv6);
  }

  @Override
  public int hashCode() {
    return 31 * (31 * (31 * Boolean.hashCode(ipv6) + Long.hashCode(high)) + Long.hashCode(low))
        + length;
  }
}
