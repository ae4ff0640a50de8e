package io.ovenet.bpf;

import java.net.InetAddress;
import java.util.ArrayList;
import java.util.List;

/** Addresses of the devices of one namespace (RTM_*ADDR, linux/if_addr.h). Thread-safe. */
public final class Addresses {
  private static final int NEW = 20;
  private static final int DELETE = 21;
  private static final int GET = 22;
  private static final int HEADER = 8;
  private static final int ADDRESS = 1;
  private static final int LOCAL = 2;
  private static final int NO_DUPLICATE_DETECTION = 2;
  private static final int EADDRNOTAVAIL = 99;

  private final NetlinkSocket socket;

  /** An address of a device. */
  public record Assigned(int ifindex, IpPrefix prefix) {}

  Addresses(NetlinkSocket socket) {
    this.socket = socket;
  }

  private static NetlinkMessage message(int type, int flags, int ifindex, IpPrefix prefix) {
    byte[] address = prefix.address().getAddress();
    return new NetlinkMessage(type, flags)
        .putByte(prefix.family())
        .putByte(prefix.length())
        // An IPv6 address would be tentative, thus unusable, for a second or two.
        .putByte(address.length == 16 ? NO_DUPLICATE_DETECTION : 0)
        .putByte(0) // scope: universe
        .putInt(ifindex)
        .attribute(LOCAL, address)
        .attribute(ADDRESS, address);
  }

  /** Gives a device an address; one that is there already stays. IPv6 ones are usable at once. */
  public void add(int ifindex, IpPrefix prefix) {
    socket.request(
        message(NEW, NetlinkMessage.CREATE | NetlinkMessage.REPLACE, ifindex, prefix),
        "add address " + prefix + " to link " + ifindex);
  }

  /** Takes an address from a device; false if it had none such. */
  public boolean delete(int ifindex, IpPrefix prefix) {
    try {
      socket.request(
          message(DELETE, 0, ifindex, prefix), "delete address " + prefix + " of link " + ifindex);
      return true;
    } catch (NetlinkException e) {
      if (e.errno() == EADDRNOTAVAIL) {
        return false;
      }
      throw e;
    }
  }

  /** All addresses of all devices. */
  public List<Assigned> list() {
    NetlinkMessage message = new NetlinkMessage(GET, 0).putInt(0).putInt(0);
    List<Assigned> found = new ArrayList<>();
    for (NetlinkReply reply : socket.dump(message, HEADER, "list addresses")) {
      InetAddress address = reply.getAddress(reply.has(LOCAL) ? LOCAL : ADDRESS);
      if (address != null) {
        found.add(new Assigned(reply.headerInt(4), new IpPrefix(address, reply.headerByte(1))));
      }
    }
    return found;
  }
}
