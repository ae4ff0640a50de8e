package io.ovenet.bpf;

import java.net.InetAddress;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Rules that choose a routing table (RTM_*RULE, linux/fib_rules.h). Thread-safe. */
public final class Rules {
  private static final int NEW = 32;
  private static final int DELETE = 33;
  private static final int GET = 34;
  private static final int HEADER = 12;
  private static final int DESTINATION = 1;
  private static final int SOURCE = 2;
  private static final int PRIORITY = 6;
  private static final int MARK = 10;
  private static final int TABLE = 15;
  private static final int MASK = 16;
  private static final int TO_TABLE = 1;
  private static final int AF_INET = 2;
  private static final int AF_INET6 = 10;

  private final NetlinkSocket socket;

  /**
   * A rule that sends what matches to a table.
   *
   * @param ipv6 which family it is for
   * @param priority the lowest is asked first
   * @param source of the packets, null for any
   * @param destination of the packets, null for any
   * @param mark under {@code mask}, both 0 for any
   */
  public record Rule(
      boolean ipv6,
      int priority,
      @Nullable IpPrefix source,
      @Nullable IpPrefix destination,
      int mark,
      int mask,
      int table) {}

  Rules(NetlinkSocket socket) {
    this.socket = socket;
  }

  private static NetlinkMessage message(int type, int flags, Rule rule) {
    IpPrefix source = rule.source();
    IpPrefix destination = rule.destination();
    NetlinkMessage message =
        new NetlinkMessage(type, flags)
            .putByte(rule.ipv6() ? AF_INET6 : AF_INET)
            .putByte(destination == null ? 0 : destination.length())
            .putByte(source == null ? 0 : source.length())
            .putByte(0) // TOS
            .putByte(0) // table: by attribute
            .putShort(0)
            .putByte(TO_TABLE)
            .putInt(0)
            .attribute(PRIORITY, rule.priority())
            .attribute(TABLE, rule.table());
    if (source != null) {
      message.attribute(SOURCE, source.address().getAddress());
    }
    if (destination != null) {
      message.attribute(DESTINATION, destination.address().getAddress());
    }
    if (rule.mask() != 0) {
      message.attribute(MARK, rule.mark()).attribute(MASK, rule.mask());
    }
    return message;
  }

  /** Adds a rule; false if it is there already. */
  public boolean add(Rule rule) {
    return unless(
        Errno.EEXIST,
        message(NEW, NetlinkMessage.CREATE | NetlinkMessage.EXCLUSIVE, rule),
        "add " + rule);
  }

  /** Removes a rule; false if there is none such. */
  public boolean delete(Rule rule) {
    return unless(Errno.ENOENT, message(DELETE, 0, rule), "delete " + rule);
  }

  private boolean unless(int expected, NetlinkMessage message, String operation) {
    try {
      socket.request(message, operation);
      return true;
    } catch (NetlinkException e) {
      if (e.errno() == expected) {
        return false;
      }
      throw e;
    }
  }

  /** The rules of one family that send to a table, in the order in which they are asked. */
  public List<Rule> list(boolean ipv6) {
    NetlinkMessage message =
        new NetlinkMessage(GET, 0).putInt(ipv6 ? AF_INET6 : AF_INET).putInt(0).putInt(0);
    List<Rule> found = new ArrayList<>();
    for (NetlinkReply reply : socket.dump(message, HEADER, "list rules")) {
      if (reply.headerByte(7) == TO_TABLE) {
        found.add(
            new Rule(
                ipv6,
                reply.getInt(PRIORITY, 0),
                prefix(reply.getAddress(SOURCE), reply.headerByte(2)),
                prefix(reply.getAddress(DESTINATION), reply.headerByte(1)),
                reply.getInt(MARK, 0),
                reply.getInt(MASK, 0),
                reply.getInt(TABLE, reply.headerByte(4))));
      }
    }
    return found;
  }

  private static @Nullable IpPrefix prefix(@Nullable InetAddress address, int length) {
    return address == null ? null : new IpPrefix(address, length);
  }
}
