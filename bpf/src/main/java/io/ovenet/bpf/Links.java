package io.ovenet.bpf;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Network devices of one namespace (RTM_*LINK, linux/if_link.h). Thread-safe. */
public final class Links {
  private static final int NEW = 16;
  private static final int DELETE = 17;
  private static final int GET = 18;
  private static final int HEADER = 16;
  private static final int ADDRESS = 1;
  private static final int NAME = 3;
  private static final int MTU = 4;
  private static final int LOWER = 5;
  private static final int MASTER = 10;
  private static final int LINKINFO = 18;
  private static final int NAMESPACE_FD = 28;
  private static final int INFO_KIND = 1;
  private static final int INFO_DATA = 2;
  private static final int VETH_PEER = 1;
  private static final int VXLAN_LEARNING = 7;
  private static final int VXLAN_PORT = 15;
  private static final int VXLAN_COLLECT_METADATA = 25;
  private static final int FLAG_UP = 1;
  private static final int FLAG_LOWER_UP = 1 << 16;
  private static final int LONGEST_NAME = 15;

  private final NetlinkSocket socket;

  Links(NetlinkSocket socket) {
    this.socket = socket;
  }

  static void requireName(String name) {
    int length = name.getBytes(StandardCharsets.UTF_8).length;
    if (length == 0
        || length > LONGEST_NAME
        || name.equals(".")
        || name.equals("..")
        || name.chars().anyMatch(c -> c == '/' || c == ':' || Character.isWhitespace(c))) {
      throw new IllegalArgumentException("no device can be called '" + name + "'");
    }
  }

  private static NetlinkMessage message(int type, int flags, int ifindex, int change, int set) {
    return new NetlinkMessage(type, flags)
        .putInt(0) // AF_UNSPEC, padding, type
        .putInt(ifindex)
        .putInt(set)
        .putInt(change);
  }

  private static void attributes(NetlinkMessage message, LinkSpec spec) {
    message.attribute(NAME, spec.name());
    MacAddress mac = spec.mac();
    if (mac != null) {
      message.attribute(ADDRESS, mac.bytes());
    }
    if (spec.mtu() > 0) {
      message.attribute(MTU, spec.mtu());
    }
    NetworkNamespace namespace = spec.namespace();
    if (namespace != null) {
      message.attribute(NAMESPACE_FD, namespace.fd());
    }
  }

  /** Makes a device of a kind that needs no more to be said: {@code dummy}, {@code bridge}. */
  public void create(String kind, LinkSpec spec) {
    NetlinkMessage message =
        message(NEW, NetlinkMessage.CREATE | NetlinkMessage.EXCLUSIVE, spec.ifindex(), 0, 0);
    attributes(message, spec);
    message.begin(LINKINFO).attribute(INFO_KIND, kind).end();
    socket.request(message, "create " + kind + " " + spec.name());
  }

  /**
   * Makes a device that drops what is sent to it, without ARP: a dummy, or where the kernel has
   * none an ifb, which drops whatever no tc action redirected to it. EEXIST if the name or index is
   * taken.
   */
  public void createDummy(LinkSpec spec) {
    try {
      create("dummy", spec);
    } catch (NetlinkException e) {
      if (e.errno() != Errno.EOPNOTSUPP) {
        throw e;
      }
      create("ifb", spec);
    }
  }

  /**
   * Makes a VXLAN device that has a tunnel's other end and network identifier from what a program
   * or route says of each packet (collect metadata). EOPNOTSUPP where the kernel has no VXLAN.
   *
   * @param port UDP port, 1 to 65535, for what comes and what goes
   */
  public void createVxlan(LinkSpec spec, int port) {
    NetlinkMessage message =
        message(NEW, NetlinkMessage.CREATE | NetlinkMessage.EXCLUSIVE, spec.ifindex(), 0, 0);
    attributes(message, spec);
    message.begin(LINKINFO).attribute(INFO_KIND, "vxlan").begin(INFO_DATA);
    message
        .attribute(VXLAN_LEARNING, new byte[] {0})
        .attribute(VXLAN_PORT, new byte[] {(byte) (port >> 8), (byte) port})
        .attribute(VXLAN_COLLECT_METADATA, new byte[] {1});
    message.end().end();
    socket.request(message, "create vxlan " + spec.name() + " on UDP port " + port);
  }

  /**
   * Makes both ends of a veth pair in one request, both down. EEXIST if a name or index is taken;
   * the kernel's sentence says which.
   */
  public void createVeth(LinkSpec near, LinkSpec far) {
    NetlinkMessage message =
        message(NEW, NetlinkMessage.CREATE | NetlinkMessage.EXCLUSIVE, near.ifindex(), 0, 0);
    attributes(message, near);
    message.begin(LINKINFO).attribute(INFO_KIND, "veth").begin(INFO_DATA).begin(VETH_PEER);
    // The peer has a whole struct ifinfomsg of its own; IFF_UP in it would give ENOTCONN.
    message.putInt(0).putInt(far.ifindex()).putInt(0).putInt(0);
    attributes(message, far);
    message.end().end().end();
    socket.request(message, "create veth " + near.name() + " with peer " + far.name());
  }

  /** Removes a device (and a veth's peer); false if there is none. Takes the kernel some 20 ms. */
  public boolean delete(int ifindex) {
    try {
      socket.request(message(DELETE, 0, ifindex, 0, 0), "delete link " + ifindex);
      return true;
    } catch (NetlinkException e) {
      if (e.errno() == Errno.ENODEV) {
        return false;
      }
      throw e;
    }
  }

  /** Removes a device by name; false if there is none. */
  public boolean delete(String name) {
    Link link = get(name);
    return link != null && delete(link.ifindex());
  }

  public void setUp(int ifindex) {
    socket.request(message(NEW, 0, ifindex, FLAG_UP, FLAG_UP), "set link " + ifindex + " up");
  }

  public void setDown(int ifindex) {
    socket.request(message(NEW, 0, ifindex, FLAG_UP, 0), "set link " + ifindex + " down");
  }

  public void setMtu(int ifindex, int mtu) {
    socket.request(
        message(NEW, 0, ifindex, 0, 0).attribute(MTU, mtu),
        "set MTU of link " + ifindex + " to " + mtu);
  }

  public void setMac(int ifindex, MacAddress mac) {
    socket.request(
        message(NEW, 0, ifindex, 0, 0).attribute(ADDRESS, mac.bytes()),
        "set address of link " + ifindex + " to " + mac);
  }

  /** Gives a device another name. Kernels before 6.2 want it down for that (EBUSY). */
  public void rename(int ifindex, String name) {
    requireName(name);
    socket.request(
        message(NEW, 0, ifindex, 0, 0).attribute(NAME, name),
        "rename link " + ifindex + " to " + name);
  }

  /** Puts a device under a bridge or bond; 0 takes it out. */
  public void setMaster(int ifindex, int master) {
    socket.request(
        message(NEW, 0, ifindex, 0, 0).attribute(MASTER, master),
        "set master of link " + ifindex + " to " + master);
  }

  /** Moves a device into another namespace, where it is down and may get another index. */
  public void moveTo(int ifindex, NetworkNamespace namespace) {
    socket.request(
        message(NEW, 0, ifindex, 0, 0).attribute(NAMESPACE_FD, namespace.fd()),
        "move link " + ifindex + " into " + namespace);
  }

  /** The device of this name, or null. */
  public @Nullable Link get(String name) {
    requireName(name);
    return getOrNull(message(GET, 0, 0, 0, 0).attribute(NAME, name), "get link " + name);
  }

  /** The device of this index, or null. */
  public @Nullable Link get(int ifindex) {
    return getOrNull(message(GET, 0, ifindex, 0, 0), "get link " + ifindex);
  }

  private @Nullable Link getOrNull(NetlinkMessage message, String operation) {
    try {
      return link(socket.get(message, HEADER, operation).getFirst());
    } catch (NetlinkException e) {
      if (e.errno() == Errno.ENODEV) {
        return null;
      }
      throw e;
    }
  }

  /** The UDP port of a VXLAN device; 0 for a device of another kind, or none. */
  public int vxlanPort(int ifindex) {
    NetlinkMessage message = message(GET, 0, ifindex, 0, 0);
    NetlinkReply reply = socket.get(message, HEADER, "get VXLAN link " + ifindex).getFirst();
    ByteBuffer data = reply.nested(LINKINFO).get(INFO_DATA);
    ByteBuffer port = data == null ? null : NetlinkReply.parse(data).get(VXLAN_PORT);
    return port == null
        ? 0
        : Byte.toUnsignedInt(port.get(0)) << 8 | Byte.toUnsignedInt(port.get(1));
  }

  /** All devices, by index. */
  public List<Link> list() {
    List<Link> links = new ArrayList<>();
    for (NetlinkReply reply : socket.dump(message(GET, 0, 0, 0, 0), HEADER, "list links")) {
      links.add(link(reply));
    }
    links.sort((a, b) -> Integer.compare(a.ifindex(), b.ifindex()));
    return links;
  }

  private static Link link(NetlinkReply reply) {
    int flags = reply.headerInt(8);
    ByteBuffer kind = reply.nested(LINKINFO).get(INFO_KIND);
    return new Link(
        reply.headerInt(4),
        reply.getString(NAME),
        kind == null ? "" : NetlinkReply.string(kind),
        reply.getMac(ADDRESS),
        reply.getInt(MTU, 0),
        (flags & FLAG_UP) != 0,
        (flags & (FLAG_UP | FLAG_LOWER_UP)) == (FLAG_UP | FLAG_LOWER_UP),
        reply.getInt(LOWER, 0),
        reply.getInt(MASTER, 0));
  }
}
