package io.ovenet.bpf;

import java.net.Inet4Address;
import java.net.InetAddress;

/** An address with the number of its leading bits that matter; host bits may be set. */
public record IpPrefix(InetAddress address, int length) {
  public IpPrefix {
    if (length < 0 || length > bits(address)) {
      throw new IllegalArgumentException(
          "a prefix of " + address.getHostAddress() + " has no length of " + length);
    }
  }

  /** From text such as {@code 10.0.1.0/24}; without a length a single address. No name lookups. */
  public static IpPrefix parse(String text) {
    int slash = text.indexOf('/');
    InetAddress address = InetAddress.ofLiteral(slash < 0 ? text : text.substring(0, slash));
    return slash < 0
        ? host(address)
        : new IpPrefix(address, Integer.parseInt(text.substring(slash + 1)));
  }

  /** The prefix of this address alone. */
  public static IpPrefix host(InetAddress address) {
    return new IpPrefix(address, bits(address));
  }

  private static int bits(InetAddress address) {
    return address instanceof Inet4Address ? 32 : 128;
  }

  /** AF_INET or AF_INET6. */
  int family() {
    return family(address);
  }

  static int family(InetAddress address) {
    return address instanceof Inet4Address ? 2 : 10;
  }

  @Override
  public String toString() {
    return address.getHostAddress() + "/" + length;
  }
}
