package io.ovenet.bpf;

import java.net.InetAddress;
import org.jspecify.annotations.Nullable;

/**
 * A route.
 *
 * @param gateway null for what is reached directly
 * @param ifindex the device, 0 for none (a gateway finds it, blackholes need none)
 * @param source the address preferred for packets of our own, null for the kernel's choice
 * @param onlink take the gateway for reachable through the device though no route says so
 * @param table routing table, {@link #MAIN} unless said otherwise
 * @param metric the lowest wins, 0 for the kernel's default
 * @param mtu bytes, 0 for the device's
 */
public record Route(
    IpPrefix destination,
    @Nullable InetAddress gateway,
    int ifindex,
    @Nullable InetAddress source,
    Scope scope,
    Type type,
    boolean onlink,
    int table,
    int metric,
    int mtu) {
  /** The table that {@code ip route} shows. */
  public static final int MAIN = 254;

  /** The table of the kernel's own local and broadcast routes. */
  public static final int LOCAL = 255;

  /** How far away a destination is (rtm_scope). */
  public enum Scope {
    UNIVERSE(0),
    LINK(253),
    HOST(254);

    final int number;

    Scope(int number) {
      this.number = number;
    }
  }

  /** What is done with packets (rtm_type). */
  public enum Type {
    UNICAST(1),
    LOCAL(2),
    BLACKHOLE(6),
    UNREACHABLE(7);

    final int number;

    Type(int number) {
      this.number = number;
    }
  }

  /** What is reached directly through a device. */
  public static Route direct(IpPrefix destination, int ifindex) {
    return new Route(destination, null, ifindex, null, Scope.LINK, Type.UNICAST, false, MAIN, 0, 0);
  }

  /** What is reached through a gateway. */
  public static Route via(IpPrefix destination, InetAddress gateway, int ifindex) {
    return new Route(
        destination, gateway, ifindex, null, Scope.UNIVERSE, Type.UNICAST, false, MAIN, 0, 0);
  }

  /** A destination whose packets vanish (or are answered as unreachable). */
  public static Route refused(IpPrefix destination, Type type) {
    return new Route(destination, null, 0, null, Scope.UNIVERSE, type, false, MAIN, 0, 0);
  }

  public Route withSource(InetAddress chosen) {
    return new Route(
        destination, gateway, ifindex, chosen, scope, type, onlink, table, metric, mtu);
  }

  public Route withScope(Scope chosen) {
    return new Route(
        destination, gateway, ifindex, source, chosen, type, onlink, table, metric, mtu);
  }

  public Route withType(Type chosen) {
    return new Route(
        destination, gateway, ifindex, source, scope, chosen, onlink, table, metric, mtu);
  }

  public Route withOnlink() {
    return new Route(destination, gateway, ifindex, source, scope, type, true, table, metric, mtu);
  }

  public Route withTable(int chosen) {
    return new Route(
        destination, gateway, ifindex, source, scope, type, onlink, chosen, metric, mtu);
  }

  public Route withMetric(int chosen) {
    return new Route(
        destination, gateway, ifindex, source, scope, type, onlink, table, chosen, mtu);
  }

  public Route withMtu(int chosen) {
    return new Route(
        destination, gateway, ifindex, source, scope, type, onlink, table, metric, chosen);
  }
}
