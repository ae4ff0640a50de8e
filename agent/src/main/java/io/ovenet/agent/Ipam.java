package io.ovenet.agent;

import io.ovenet.policy.Cidr;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The addresses of a node's pod CIDRs (IPv4): one at first, further ones when it runs out. The
 * first address of the first one is the node's own ("router"); network and broadcast addresses are
 * never given out. A freed address is given out again as late as possible. Thread-safe. What is
 * given out is remembered by the endpoints' files: {@link #claim} brings it back after a restart.
 */
public final class Ipam {
  /** Of this many, or an eighth of all if that is less, the node asks for another CIDR. */
  private static final int LOW = 64;

  private static final int LOW_PART = 8;

  private final List<Range> ranges = new ArrayList<>();

  /** The range that gave the last one. */
  private int current;

  /** One CIDR. */
  private static final class Range {
    private final int network;
    private final int length;
    private final int size;
    private final BitSet used = new BitSet();

    /** Addresses that are nobody's, ever. */
    private final int never;

    private int next;

    /** Whether it is still the node's: from what was taken away nothing more is given. */
    private boolean open = true;

    Range(Cidr cidr, boolean withRouter) {
      network = (int) cidr.low();
      length = cidr.length();
      size = 1 << (32 - length);
      used.set(0);
      used.set(1, withRouter);
      used.set(size - 1);
      never = used.cardinality();
    }

    int free() {
      return open ? size - used.cardinality() : 0;
    }

    /** From an offset on; negative: none. */
    int take(int from) {
      int offset = used.nextClearBit(from);
      if (!open || offset >= size) {
        return -1;
      }
      used.set(offset);
      next = offset + 1;
      return offset;
    }

    /** An address that a pod may have, or -1. */
    int offsetOf(Inet4Address address) {
      int offset = toInt(address.getAddress()) - network;
      int first = never - 1;
      return offset >= first && offset < size - 1 ? offset : -1;
    }

    boolean overlaps(Range other) {
      int mask = -1 << (32 - Math.min(length, other.length));
      return (network & mask) == (other.network & mask);
    }

    @Override
    public String toString() {
      return toAddress(network).getHostAddress() + "/" + length;
    }
  }

  /**
   * With one CIDR.
   *
   * @param cidr such as 10.0.1.0/24, at least a /30
   */
  public Ipam(String cidr) {
    ranges.add(new Range(parse(cidr), true));
  }

  private static Cidr parse(String cidr) {
    String refusal = "pod CIDR '" + cidr + "' is no IPv4 prefix of /8 to /30";
    Cidr parsed;
    try {
      parsed = Cidr.parse(cidr);
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException(refusal, e);
    }
    if (parsed.ipv6() || parsed.length() < 8 || parsed.length() > 30) {
      throw new IllegalArgumentException(refusal);
    }
    return parsed;
  }

  /**
   * The CIDRs that the node has from now on. The first one stays the first, whatever is said: its
   * router is in use. From one that is not named any more nothing is given; pods keep what they
   * have.
   *
   * @throws IllegalArgumentException naming a CIDR that can't be one of the node's; those before it
   *     are in use
   */
  public synchronized void use(List<String> cidrs) {
    var named = new ArrayList<String>();
    try {
      for (String cidr : cidrs) {
        var range = new Range(parse(cidr), false);
        named.add(range.toString());
        if (find(range.toString()) == null) {
          for (Range other : ranges) {
            if (other.overlaps(range)) {
              throw new IllegalArgumentException("pod CIDR " + range + " overlaps " + other);
            }
          }
          ranges.add(range);
        }
      }
    } finally {
      for (Range range : ranges) {
        range.open = range == ranges.getFirst() || named.contains(range.toString());
      }
    }
  }

  private @Nullable Range find(String cidr) {
    for (Range range : ranges) {
      if (range.toString().equals(cidr)) {
        return range;
      }
    }
    return null;
  }

  /** The node's own address among the pods. */
  public Inet4Address router() {
    return toAddress(ranges.getFirst().network + 1);
  }

  /** All of them in their normal form, also those from which nothing more is given. */
  public synchronized List<String> cidrs() {
    return ranges.stream().map(Range::toString).toList();
  }

  public synchronized int free() {
    return ranges.stream().mapToInt(Range::free).sum();
  }

  /** Whether addresses are given of all of these that a node may have. */
  synchronized boolean knows(List<String> cidrs) {
    for (String cidr : cidrs) {
      Range range;
      try {
        range = new Range(parse(cidr), false);
      } catch (IllegalArgumentException e) {
        continue; // none that a node may have
      }
      if (find(range.toString()) == null) {
        return false;
      }
    }
    return true;
  }

  /** Whether it is time for another CIDR. */
  public synchronized boolean isLow() {
    int all = 0;
    for (Range range : ranges) {
      all += range.open ? range.size - range.never : 0;
    }
    return free() <= Math.min(LOW, all / LOW_PART);
  }

  /** How many pods have one. */
  synchronized int given() {
    return ranges.stream().mapToInt(range -> range.used.cardinality() - range.never).sum();
  }

  /** An address that nobody has; throws {@link ExhaustedException} when there is none. */
  public synchronized Inet4Address allocate() {
    int begin = current;
    for (int i = 0; i <= ranges.size(); i++) {
      int at = (begin + i) % ranges.size();
      Range range = ranges.get(at);
      int offset = range.take(i == 0 ? range.next : 0);
      if (offset >= 0) {
        current = at;
        return toAddress(range.network + offset);
      }
    }
    throw new ExhaustedException(cidrs());
  }

  /** Whether the address was free and now is not. Addresses outside the CIDRs never are. */
  public synchronized boolean claim(Inet4Address address) {
    for (Range range : ranges) {
      int offset = range.offsetOf(address);
      if (offset >= 0 && !range.used.get(offset)) {
        range.used.set(offset);
        return true;
      }
    }
    return false;
  }

  /** Gives an address back. One that nobody has is no error. */
  public synchronized void release(Inet4Address address) {
    for (Range range : ranges) {
      int offset = range.offsetOf(address);
      if (offset >= 0) {
        range.used.clear(offset);
      }
    }
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

    ExhaustedException(List<String> cidrs) {
      super(
          "no free address in pod CIDR "
              + String.join(", ", cidrs)
              + ": delete pods, or enlarge the operator's cluster-pool-ipv4-cidr if it has no"
              + " other for the node");
    }
  }
}
