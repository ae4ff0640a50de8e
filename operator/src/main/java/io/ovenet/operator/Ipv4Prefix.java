package io.ovenet.operator;

import java.util.regex.Pattern;

/**
 * An IPv4 prefix.
 *
 * @param address its first address, host byte order
 * @param length 0 to 32
 */
record Ipv4Prefix(int address, int length) {
  private static final Pattern FORM =
      Pattern.compile("([0-9]{1,3})\\.([0-9]{1,3})\\.([0-9]{1,3})\\.([0-9]{1,3})/([0-9]{1,2})");

  Ipv4Prefix {
    if (length < 0 || length > 32 || (address & ~mask(length)) != 0) {
      throw new IllegalArgumentException(
          "bits are set behind the prefix: " + text(address, length));
    }
  }

  /** Reads {@code 10.0.0.0/8}. */
  static Ipv4Prefix parse(String text) {
    var matcher = FORM.matcher(text);
    if (!matcher.matches()) {
      throw new IllegalArgumentException("not an IPv4 prefix: '" + text + "'");
    }
    var address = 0;
    for (var i = 1; i <= 4; i++) {
      var octet = Integer.parseInt(matcher.group(i));
      if (octet > 255) {
        throw new IllegalArgumentException("not an IPv4 prefix: '" + text + "'");
      }
      address = address << 8 | octet;
    }
    return new Ipv4Prefix(address, Integer.parseInt(matcher.group(5)));
  }

  boolean overlaps(Ipv4Prefix other) {
    var mask = mask(Math.min(length, other.length));
    return (address & mask) == (other.address & mask);
  }

  private static int mask(int length) {
    return length == 0 ? 0 : -1 << (32 - length);
  }

  private static String text(int address, int length) {
    return (address >>> 24)
        + "."
        + (address >>> 16 & 255)
        + "."
        + (address >>> 8 & 255)
        + "."
        + (address & 255)
        + "/"
        + length;
  }

  @Override
  public String toString() {
    return text(address, length);
  }
}
