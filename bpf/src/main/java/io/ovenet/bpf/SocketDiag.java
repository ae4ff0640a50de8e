package io.ovenet.bpf;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * The connected sockets of the network namespace in which it was opened (sock_diag(7),
 * linux/inet_diag.h). Thread-safe.
 */
public final class SocketDiag implements AutoCloseable {
  private static final int NETLINK_SOCK_DIAG = 4;
  private static final int BY_FAMILY = 20;
  private static final int DESTROY = 21;
  private static final int MESSAGE = 72;
  private static final int ID_OFFSET = 4;
  private static final int ID = 48;
  private static final int AF_INET = 2;
  private static final int AF_INET6 = 10;
  private static final int TCP = 6;

  /** ESTABLISHED; of TCP also what is opening or being closed (include/net/tcp_states.h). */
  private static final int CONNECTED = 1 << 1;

  private static final int OPEN = CONNECTED | 1 << 2 | 1 << 3 | 1 << 4 | 1 << 5 | 1 << 8 | 1 << 9;

  private final NetlinkSocket netlink;

  /**
   * A socket and with whom it speaks.
   *
   * @param protocol IANA's number
   * @param peer of a socket of IPv6 that speaks IPv4 the IPv4 address
   * @param cookie as eBPF programs know it (bpf_get_socket_cookie)
   */
  public record Connected(int protocol, InetAddress peer, int peerPort, long cookie, Id id) {}

  /** What the kernel tells sockets apart by. */
  public static final class Id {
    private final int family;
    private final byte[] bytes;

    private Id(int family, byte[] bytes) {
      this.family = family;
      this.bytes = bytes;
    }
  }

  private SocketDiag(NetlinkSocket netlink) {
    this.netlink = netlink;
  }

  /** Of the calling thread's namespace. */
  public static SocketDiag open() {
    return new SocketDiag(new NetlinkSocket(NETLINK_SOCK_DIAG));
  }

  /** The connected sockets of a protocol, TCP or UDP, of IPv4 and IPv6. */
  public List<Connected> connected(int protocol) {
    List<Connected> found = new ArrayList<>();
    for (int family : new int[] {AF_INET, AF_INET6}) {
      NetlinkMessage request =
          request(BY_FAMILY, family, protocol, protocol == TCP ? OPEN : CONNECTED, new byte[ID]);
      for (NetlinkReply reply : netlink.dump(request, MESSAGE, "list the sockets of " + protocol)) {
        byte[] id = reply.headerBytes(ID_OFFSET, ID);
        ByteBuffer network = ByteBuffer.wrap(id);
        long cookie =
            Integer.toUnsignedLong(reply.headerInt(ID_OFFSET + 40))
                | (long) reply.headerInt(ID_OFFSET + 44) << 32;
        found.add(
            new Connected(
                protocol,
                address(Arrays.copyOfRange(id, 20, family == AF_INET ? 24 : 36)),
                Short.toUnsignedInt(network.getShort(2)),
                cookie,
                new Id(family, id)));
      }
    }
    return found;
  }

  /**
   * Ends a socket: whoever waits for it, or uses it next, is told ECONNABORTED. False if it is gone
   * already.
   *
   * @throws NetlinkException EOPNOTSUPP where the kernel cannot (CONFIG_INET_DIAG_DESTROY)
   */
  public boolean destroy(Connected socket) {
    try {
      netlink.request(
          request(DESTROY, socket.id.family, socket.protocol, -1, socket.id.bytes),
          "end a socket that speaks with "
              + socket.peer.getHostAddress()
              + " port "
              + socket.peerPort);
      return true;
    } catch (NetlinkException e) {
      if (e.errno() == Errno.ENOENT) {
        return false;
      }
      throw e;
    }
  }

  /** {@code struct inet_diag_req_v2}: family, protocol, extensions, padding, states, id. */
  private static NetlinkMessage request(int type, int family, int protocol, int states, byte[] id) {
    NetlinkMessage message =
        new NetlinkMessage(type, 0)
            .putByte(family)
            .putByte(protocol)
            .putByte(0)
            .putByte(0)
            .putInt(states);
    for (byte each : id) {
      message.putByte(each);
    }
    return message;
  }

  private static InetAddress address(byte[] bytes) {
    try {
      return InetAddress.getByAddress(bytes);
    } catch (UnknownHostException e) {
      throw new IllegalStateException("an address of " + bytes.length + " bytes", e);
    }
  }

  @Override
  public void close() {
    netlink.close();
  }
}
