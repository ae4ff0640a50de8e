package io.ovenet.agent;

import io.ovenet.policy.Cidr;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.BitSet;
import java.util.OptionalInt;

/**
 * The addresses of a node's pod CIDR (IPv4). The first one is the node's own ("router"); network
 * and broadcast address are never given out. A freed address is given out again as late as
 * possible. Thread-safe. What is given out is remembered by the endpoints' files: {@link #claim}
 * brings it back after a restart.
 */
public final class Ipam {
  /** The network's own address, the node's and broadcast. */
  private static final int NEVER_GIVEN = 3;

  private final int network;
  private final int prefixLength;
  private final int size;
  private final BitSet used = new BitSet();
  private int next = 2;

  /**
   * @param cidr such as 10.0.1.0/24, at least a /30
   */
  public Ipam(String cidr) {
    Cidr parsed;
    try {
      parsed = Cidr.parse(cidr);
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException(refusal(cidr), e);
    }
    if (parsed.ipv6() || parsed.length() < 8 || parsed.length() > 30) {
      throw new IllegalArgumentException(refusal(cidr));
    }
    network = (int) parsed.low();
    prefixLength = parsed.length();
    size = 1 << (32 - prefixLength);
    used.set(0, 2);
    used.set(size - 1);
  }

  private static String refusal(String cidr) {
    return "pod CIDR '" + cidr + "' is no IPv4 prefix of /8 to /30";
  }

  /** The node's own address in the pod CIDR. */
  public Inet4Address router() {
    return toAddress(network + 1);
  }

  public int prefixLength() {
    return prefixLength;
  }

  /** The CIDR in its normal form. */
  public String cidr() {
    return toAddress(network).getHostAddress() + "/" + prefixLength;
  }

  public synchronized int free() {
    return size - used.cardinality();
  }

  /** How many pods have one. */
  synchronized int given() {
    return used.cardinality() - NEVER_GIVEN;
  }

  /** An address that nobody has; throws {@link ExhaustedException} when there is none. */
  public synchronized Inet4Address allocate() {
    int offset = used.nextClearBit(next);
    if (offset >= size) {
      offset = used.nextClearBit(2);
    }
    if (offset >= size) {
      throw new ExhaustedException(cidr());
    }
    used.set(offset);
    next = offset + 1;
    return toAddress(network + offset);
  }

  /** Whether the address was free and now is not. Addresses outside the CIDR never are. */
  public synchronized boolean claim(Inet4Address address) {
    var offset = offset(address);
    if (offset.isEmpty() || used.get(offset.getAsInt())) {
      return false;
    }
    used.set(offset.getAsInt());
    return true;
  }

  /** Gives an address back. One that nobody has is no error. */
  public synchronized void release(Inet4Address address) {
    var offset = offset(address);
    if (offset.isPresent() && offset.getAsInt() > 1 && offset.getAsInt() < size - 1) {
      used.clear(offset.getAsInt());
    }
  }

  private OptionalInt offset(Inet4Address address) {
    int offset = toInt(address.getAddress()) - network;
    return offset >= 0 && offset < size ? OptionalInt.of(offset) : OptionalInt.empty();
  }

  private static int toInt(byte[] b) {
    return ((b[0] & 0xff) << 24) | ((b[1] & 0xff) << 16) | ((b[2] & 0xff) << 8) | (b[3] & 0xff);
  }

  private static Inet4Address toAddress(int value) {
    try {
      return (Inet4Address)
          InetAddress.getByAddress(
              new byte[] {
                (byte) (value >>> 24), (byte) (value >>> 16), (byte) (value >>> 8), (byte) value
              });
    } catch (UnknownHostException e) {
      throw new AssertionError("four bytes are an address", e);
    }
  }

  /** No address is left. */
  public static final class ExhaustedException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    ExhaustedException(String cidr) {
      super("no free address in pod CIDR " + cidr + ": delete pods or give the node a larger CIDR");
    }
  }
}
