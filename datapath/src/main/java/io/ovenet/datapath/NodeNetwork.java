package io.ovenet.datapath;

import io.ovenet.bpf.IpPrefix;
import java.lang.foreign.MemorySegment;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/**
 * Where a node's packets leave it, and as what.
 *
 * @param ifindex of the device towards other machines; 0: there is none
 * @param address the node's own there, IPv4
 * @param nativeCidr where pods keep their addresses though the rest is masqueraded; null: nowhere
 * @param natFirst the first of the ports that pods have at the node's address
 * @param natPorts how many; 0: pods keep their addresses everywhere
 * @param tunnelPort UDP port of the overlay, to which nothing goes by the node's address; 0: none
 */
public record NodeNetwork(
    int ifindex,
    InetAddress address,
    @Nullable IpPrefix nativeCidr,
    int natFirst,
    int natPorts,
    int tunnelPort) {
  /** {@code NAT_LANES}: an endpoint has two of these parts of the ports. */
  public static final int LANES = 8;

  /** Packets leave by the stack alone. */
  public static final NodeNetwork NONE =
      new NodeNetwork(0, InetAddress.ofLiteral("0.0.0.0"), null, 0, 0, 0);

  public NodeNetwork {
    if (!(address instanceof Inet4Address)) {
      throw new IllegalArgumentException(address.getHostAddress() + " is no IPv4 address");
    }
    if (natPorts % LANES != 0 || natFirst < 0 || natFirst + natPorts > 65_536) {
      throw new IllegalArgumentException(
          natPorts + " ports from " + natFirst + " are no multiple of " + LANES + " below 65536");
    }
  }

  /** {@code struct config} from {@code network_ifindex} on; 24 bytes. */
  void write(MemorySegment to, long offset) {
    to.set(Bytes.U32, offset, ifindex);
    to.set(Bytes.U32_BE, offset + 4, number(address));
    if (nativeCidr != null) {
      int mask = nativeCidr.length() == 0 ? 0 : -1 << (32 - nativeCidr.length());
      to.set(Bytes.U32_BE, offset + 8, number(nativeCidr.address()) & mask);
      to.set(Bytes.U32_BE, offset + 12, mask);
    }
    to.set(Bytes.U16, offset + 16, (short) natFirst);
    to.set(Bytes.U16, offset + 18, (short) natPorts);
    to.set(Bytes.U8, offset + 20, (byte) (tunnelPort >> 8));
    to.set(Bytes.U8, offset + 21, (byte) tunnelPort);
  }

  private static int number(InetAddress ipv4) {
    return ByteBuffer.wrap(ipv4.getAddress()).getInt();
  }
}
