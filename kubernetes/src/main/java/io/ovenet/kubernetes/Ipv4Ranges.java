package io.ovenet.kubernetes;

import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.ByteBuffer;
import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.Set;

/**
 * Many IPv4 addresses as a short text, neighbours together: {@code 10.0.0.1-10.0.0.9,10.0.0.20}.
 */
final class Ipv4Ranges {
  private static final int MOST = 65_536;

  private Ipv4Ranges() {}

  static String write(Collection<Inet4Address> addresses) {
    long[] numbers = addresses.stream().mapToLong(Ipv4Ranges::number).sorted().distinct().toArray();
    var text = new StringBuilder();
    for (int first = 0, next; first < numbers.length; first = next) {
      next = first + 1;
      while (next < numbers.length && numbers[next] == numbers[next - 1] + 1) {
        next++;
      }
      text.append(text.isEmpty() ? "" : ",").append(address(numbers[first]).getHostAddress());
      if (next > first + 1) {
        text.append('-').append(address(numbers[next - 1]).getHostAddress());
      }
    }
    return text.toString();
  }

  /**
   * What {@link #write} wrote.
   *
   * @throws IllegalArgumentException if it is anything else, or more than 65,536 addresses
   */
  static Set<Inet4Address> read(String text) {
    var addresses = new LinkedHashSet<Inet4Address>();
    if (text.isEmpty()) {
      return addresses;
    }
    for (var range : text.split(",", -1)) {
      int dash = range.indexOf('-');
      long first = number(parse(dash < 0 ? range : range.substring(0, dash)));
      long last = dash < 0 ? first : number(parse(range.substring(dash + 1)));
      if (last < first || last - first + addresses.size() >= MOST) {
        throw new IllegalArgumentException("'" + range + "' is no range of IPv4 addresses");
      }
      for (long number = first; number <= last; number++) {
        addresses.add(address(number));
      }
    }
    return addresses;
  }

  private static Inet4Address parse(String text) {
    if (InetAddress.ofLiteral(text) instanceof Inet4Address address) {
      return address;
    }
    throw new IllegalArgumentException("'" + text + "' is no IPv4 address");
  }

  private static long number(Inet4Address address) {
    return Integer.toUnsignedLong(ByteBuffer.wrap(address.getAddress()).getInt());
  }

  private static Inet4Address address(long number) {
    try {
      var bytes = ByteBuffer.allocate(4).putInt((int) number).array();
      return (Inet4Address) InetAddress.getByAddress(bytes);
    } catch (UnknownHostException e) {
      throw new IllegalStateException("four bytes are no address", e);
    }
  }
}
