package io.ovenet.bpf;

import java.net.InetAddress;
import java.util.ArrayList;
import java.util.List;

/** Neighbours (ARP, NDP) of one namespace (RTM_*NEIGH, linux/neighbour.h). Thread-safe. */
public final class Neighbours {
  private static final int NEW = 28;
  private static final int DELETE = 29;
  private static final int GET = 30;
  private static final int HEADER = 12;
  private static final int DESTINATION = 1;
  private static final int LINK_ADDRESS = 2;
  private static final int PERMANENT = 0x80;

  private final NetlinkSocket socket;

  /** A neighbour that a device knows. */
  public record Neighbour(int ifindex, InetAddress address, MacAddress mac, boolean permanent) {}

  Neighbours(NetlinkSocket socket) {
    this.socket = socket;
  }

  private static NetlinkMessage message(int type, int flags, int ifindex, InetAddress address) {
    return new NetlinkMessage(type, flags)
        .putInt(IpPrefix.family(address)) // family, then padding
        .putInt(ifindex)
        .putShort(PERMANENT)
        .putShort(0) // flags, type
        .attribute(DESTINATION, address.getAddress());
  }

  /** Tells a device a neighbour for good, in place of what it knew. */
  public void replace(int ifindex, InetAddress address, MacAddress mac) {
    socket.request(
        message(NEW, NetlinkMessage.CREATE | NetlinkMessage.REPLACE, ifindex, address)
            .attribute(LINK_ADDRESS, mac.bytes()),
        "set neighbour " + address.getHostAddress() + " of link " + ifindex);
  }

  /** Makes a device forget a neighbour; false if it knew none such. */
  public boolean delete(int ifindex, InetAddress address) {
    try {
      socket.request(
          message(DELETE, 0, ifindex, address),
          "delete neighbour " + address.getHostAddress() + " of link " + ifindex);
      return true;
    } catch (NetlinkException e) {
      if (e.errno() == Errno.ENOENT) {
        return false;
      }
      throw e;
    }
  }

  /** All neighbours with a known Ethernet address. */
  public List<Neighbour> list() {
    NetlinkMessage message = new NetlinkMessage(GET, 0).putInt(0).putInt(0).putInt(0);
    List<Neighbour> found = new ArrayList<>();
    for (NetlinkReply reply : socket.dump(message, HEADER, "list neighbours")) {
      InetAddress address = reply.getAddress(DESTINATION);
      MacAddress mac = reply.getMac(LINK_ADDRESS);
      if (address != null && mac != null) {
        boolean permanent = (reply.headerByte(8) & PERMANENT) != 0;
        found.add(new Neighbour(reply.headerInt(4), address, mac, permanent));
      }
    }
    return found;
  }
}
