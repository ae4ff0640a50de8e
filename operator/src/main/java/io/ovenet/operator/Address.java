package io.ovenet.operator;

import io.ovenet.policy.Cidr;
import java.math.BigInteger;
import org.jspecify.annotations.Nullable;

/**
 * An IP address as a number, sorted by family, then number.
 *
 * @param value unsigned, of 32 or 128 bits
 */
record Address(boolean ipv6, BigInteger value) implements Comparable<Address> {

  /**
   * Reads an address.
   *
   * @throws IllegalArgumentException saying what is wrong with the text
   */
  static Address parse(String text) {
    if (text.indexOf('/') >= 0) {
      throw new IllegalArgumentException("not an IP address: '" + text + "'");
    }
    return first(Cidr.parse(text));
  }

  static Address first(Cidr prefix) {
    var number = new BigInteger(1, prefix.mappedAddress());
    return new Address(
        prefix.ipv6(), prefix.ipv6() ? number : number.and(BigInteger.valueOf(0xffff_ffffL)));
  }

  Address plus(BigInteger count) {
    return new Address(ipv6, value.add(count));
  }

  Address next() {
    return plus(BigInteger.ONE);
  }

  @Override
  public int compareTo(Address other) {
    var order = Boolean.compare(ipv6, other.ipv6);
    return order == 0 ? value.compareTo(other.value) : order;
  }

  /** As RFC 5952 writes it. */
  @Override
  public String toString() {
    var text = new StringBuilder();
    if (!ipv6) {
      var number = value.longValue();
      for (var shift = 24; shift >= 0; shift -= 8) {
        text.append(shift == 24 ? "" : ".").append(number >>> shift & 0xff);
      }
      return text.toString();
    }
    var groups = new int[8];
    for (var i = 0; i < 8; i++) {
      groups[i] = value.shiftRight(112 - 16 * i).intValue() & 0xffff;
    }
    var zeros = longestZeros(groups);
    for (var i = 0; i < 8; i++) {
      if (zeros != null && i == zeros[0]) {
        text.append("::");
        i += zeros[1] - 1;
      } else {
        text.append(text.isEmpty() || text.charAt(text.length() - 1) == ':' ? "" : ":")
            .append(Integer.toHexString(groups[i]));
      }
    }
    return text.toString();
  }

  /** Where the first of the longest runs of at least two zeros begins, and how long it is. */
  private static int @Nullable [] longestZeros(int[] groups) {
    int[] longest = null;
    for (var i = 0; i < 8; i++) {
      var length = 0;
      while (i + length < 8 && groups[i + length] == 0) {
        length++;
      }
      if (length >= 2 && (longest == null || length > longest[1])) {
        longest = new int[] {i, length};
      }
      i += length;
    }
    return longest;
  }
}
