package io.ovenet.bpf;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Routes of one namespace (RTM_*ROUTE, linux/rtnetlink.h). Thread-safe. */
public final class Routes {
  private static final int NEW = 24;
  private static final int DELETE = 25;
  private static final int GET = 26;
  private static final int HEADER = 12;
  private static final int DESTINATION = 1;
  private static final int DEVICE = 4;
  private static final int GATEWAY = 5;
  private static final int METRIC = 6;
  private static final int PREFERRED_SOURCE = 7;
  private static final int METRICS = 8;
  private static final int METRICS_MTU = 2;
  private static final int TABLE = 15;
  private static final int PROTOCOL_STATIC = 4;
  private static final int FLAG_ONLINK = 4;
  private static final int FLAG_CLONED = 0x200;
  private static final int ESRCH = 3;
  private static final int AF_INET = 2;

  private final NetlinkSocket socket;

  Routes(NetlinkSocket socket) {
    this.socket = socket;
  }

  private static NetlinkMessage message(int type, int flags, Route route) {
    NetlinkMessage message =
        new NetlinkMessage(type, flags)
            .putByte(route.destination().family())
            .putByte(route.destination().length())
            .putByte(0) // source prefix length
            .putByte(0) // TOS
            .putByte(0) // table: by attribute
            .putByte(PROTOCOL_STATIC)
            .putByte(route.scope().number)
            .putByte(route.type().number)
            .putInt(route.onlink() ? FLAG_ONLINK : 0)
            .attribute(TABLE, route.table());
    if (route.destination().length() > 0) {
      message.attribute(DESTINATION, route.destination().address().getAddress());
    }
    InetAddress gateway = route.gateway();
    if (gateway != null) {
      message.attribute(GATEWAY, gateway.getAddress());
    }
    if (route.ifindex() != 0) {
      message.attribute(DEVICE, route.ifindex());
    }
    InetAddress source = route.source();
    if (source != null) {
      message.attribute(PREFERRED_SOURCE, source.getAddress());
    }
    if (route.metric() != 0) {
      message.attribute(METRIC, route.metric());
    }
    if (route.mtu() != 0) {
      message.begin(METRICS).attribute(METRICS_MTU, route.mtu()).end();
    }
    return message;
  }

  /** Adds a route; EEXIST if there is one to that destination with that metric. */
  public void add(Route route) {
    socket.request(
        message(NEW, NetlinkMessage.CREATE | NetlinkMessage.EXCLUSIVE, route),
        "add route to " + route.destination());
  }

  /** Adds a route or puts it in the place of one to that destination with that metric. */
  public void replace(Route route) {
    socket.request(
        message(NEW, NetlinkMessage.CREATE | NetlinkMessage.REPLACE, route),
        "replace route to " + route.destination());
  }

  /** Removes a route that has everything that is said here; false if there is none. */
  public boolean delete(Route route) {
    try {
      socket.request(message(DELETE, 0, route), "delete route to " + route.destination());
      return true;
    } catch (NetlinkException e) {
      if (e.errno() == ESRCH) {
        return false;
      }
      throw e;
    }
  }

  /** The routes of a table, IPv4 and IPv6; those of kinds that {@link Route} can't say left out. */
  public List<Route> list(int table) {
    NetlinkMessage message =
        new NetlinkMessage(GET, 0).putInt(0).putInt(0).putInt(0).attribute(TABLE, table);
    List<Route> routes = new ArrayList<>();
    List<NetlinkReply> replies;
    try {
      replies = socket.dump(message, HEADER, "list routes of table " + table);
    } catch (NetlinkException e) {
      if (e.errno() == Errno.ENOENT) {
        return routes; // a table is made by its first route
      }
      throw e;
    }
    for (NetlinkReply reply : replies) {
      Route route = route(reply);
      if (route != null && route.table() == table) {
        routes.add(route);
      }
    }
    return routes;
  }

  private static @Nullable Route route(NetlinkReply reply) {
    int flags = reply.headerInt(8);
    Route.Type type = type(reply.headerByte(7));
    Route.Scope scope = scope(reply.headerByte(6));
    if (type == null || scope == null || (flags & FLAG_CLONED) != 0) {
      return null;
    }
    InetAddress destination = reply.getAddress(DESTINATION);
    ByteBuffer mtu = reply.nested(METRICS).get(METRICS_MTU);
    return new Route(
        new IpPrefix(
            destination != null ? destination : any(reply.headerByte(0)), reply.headerByte(1)),
        reply.getAddress(GATEWAY),
        reply.getInt(DEVICE, 0),
        reply.getAddress(PREFERRED_SOURCE),
        scope,
        type,
        (flags & FLAG_ONLINK) != 0,
        reply.getInt(TABLE, reply.headerByte(4)),
        reply.getInt(METRIC, 0),
        mtu == null ? 0 : mtu.getInt(0));
  }

  private static Route.@Nullable Type type(int number) {
    for (Route.Type type : Route.Type.values()) {
      if (type.number == number) {
        return type;
      }
    }
    return null;
  }

  private static Route.@Nullable Scope scope(int number) {
    for (Route.Scope scope : Route.Scope.values()) {
      if (scope.number == number) {
        return scope;
      }
    }
    return null;
  }

  private static InetAddress any(int family) {
    try {
      return InetAddress.getByAddress(new byte[family == AF_INET ? 4 : 16]);
    } catch (UnknownHostException e) {
      throw new IllegalStateException("4 and 16 bytes are addresses", e);
    }
  }
}
