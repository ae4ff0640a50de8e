package io.ovenet.operator;

import io.ovenet.kubernetes.LoadBalancerPoolRecord.Block;
import io.ovenet.policy.Cidr;
import java.math.BigInteger;

/** Addresses of one family from the first to the last, both among them. */
record AddressRange(Address first, Address last) {

  AddressRange {
    if (first.ipv6() != last.ipv6() || first.compareTo(last) > 0) {
      throw new IllegalArgumentException("no range from " + first + " to " + last);
    }
  }

  /**
   * What a block of a pool gives.
   *
   * @param ends whether the first and the last address of a prefix are among them; those of a
   *     prefix of one or two addresses always are
   * @throws IllegalArgumentException naming the field and the remedy
   */
  static AddressRange of(Block block, boolean ends) {
    if (block.cidr().isEmpty() == block.start().isEmpty()) {
      throw new IllegalArgumentException(
          block.path() + ": give either cidr, or start and perhaps stop");
    }
    try {
      if (block.cidr().isEmpty()) {
        var first = Address.parse(block.start());
        return new AddressRange(
            first, block.stop().isEmpty() ? first : Address.parse(block.stop()));
      }
      return of(Cidr.parse(block.cidr()), ends);
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException(block.path() + ": " + e.getMessage() + ": correct it", e);
    }
  }

  private static AddressRange of(Cidr prefix, boolean ends) {
    var bits = (prefix.ipv6() ? 128 : 32) - prefix.length();
    var first = Address.first(prefix);
    var last = first.plus(BigInteger.ONE.shiftLeft(bits).subtract(BigInteger.ONE));
    return ends || bits < 2
        ? new AddressRange(first, last)
        : new AddressRange(first.next(), last.plus(BigInteger.ONE.negate()));
  }

  boolean contains(Address address) {
    return address.ipv6() == first.ipv6()
        && first.compareTo(address) <= 0
        && address.compareTo(last) <= 0;
  }

  boolean overlaps(AddressRange other) {
    return contains(other.first) || other.contains(first);
  }

  BigInteger size() {
    return last.value().subtract(first.value()).add(BigInteger.ONE);
  }

  @Override
  public String toString() {
    return first.equals(last) ? first.toString() : first + "-" + last;
  }
}
