package io.ovenet.datapath;

import io.ovenet.bpf.MacAddress;
import java.lang.foreign.MemorySegment;
import java.net.InetAddress;

/**
 * What differs from node to node: sizes of maps, and {@code struct config}, which the programs have
 * as constants. 120 bytes:
 *
 * <pre>
 *   0              4              8               16                18  20                24
 *   | host ifindex | gateway (be) | host MAC (6)  | reserved (2)    | conntrack slots | share | report ticks (2) | report flags | report received
 *   32
 *   | seven timeouts, nanoseconds
 *   88               92                96             100           104           108         110         112                114              115
 *   | tunnel ifindex | network ifindex | node (be) | native (be) | mask (be) | NAT first | NAT ports | tunnel port (be) | answer refused | reserved (5)
 * </pre>
 *
 * @param hostIfindex of the device that pods' addresses are routed to, {@code ovenet_host}
 * @param hostMac that device's own address: the stack takes nothing else there
 * @param gateway the IPv4 address that every pod has as its gateway
 * @param connections how many fit into the connection table; a power of two
 * @param connectionShare how many an endpoint may hold before its unanswered ones make room
 * @param reporting which packets of standing connections are told of
 * @param ringBytes of the ring of events; a power of two, at least a page
 * @param policyEntries how many entries policies may have altogether
 * @param identities how many identities may be known
 * @param prefixes how many prefixes the ipcache may hold
 * @param tunnelIfindex of the overlay's device; 0: there is none
 * @param network where packets leave the node
 * @param answerRefused whether a pod is told by ICMP of what its own policy refuses of its packets
 */
public record DatapathOptions(
    int hostIfindex,
    MacAddress hostMac,
    InetAddress gateway,
    int connections,
    int connectionShare,
    ConntrackTimeouts timeouts,
    Reporting reporting,
    int ringBytes,
    int policyEntries,
    int identities,
    int prefixes,
    int tunnelIfindex,
    NodeNetwork network,
    boolean answerRefused) {
  /** The gateway of every pod on every node, so that a machine that moves keeps its neighbour. */
  public static final MacAddress GATEWAY_MAC = MacAddress.parse("02:00:0a:fe:01:01");

  public static final InetAddress GATEWAY = InetAddress.ofLiteral("169.254.1.1");

  /** 65,000 of the cluster, 40,000 of prefixes, and variants. */
  public static final int IDENTITIES = 131_072;

  /** 40,000 that policies name, and as many addresses of pods and nodes. */
  public static final int PREFIXES = 262_144;

  static final int SIZE = 120;
  private static final int DEFAULT_CONNECTIONS = 262_144;
  private static final int SHARES = 8;
  private static final int DEFAULT_RING_BYTES = 8 << 20;

  public DatapathOptions {
    requirePowerOfTwo("connections", connections);
    requirePowerOfTwo("ringBytes", ringBytes);
  }

  /** With the defaults for everything else. */
  public DatapathOptions(int hostIfindex, MacAddress hostMac) {
    this(
        hostIfindex,
        hostMac,
        GATEWAY,
        DEFAULT_CONNECTIONS,
        DEFAULT_CONNECTIONS / SHARES,
        ConntrackTimeouts.DEFAULT,
        Reporting.DEFAULT,
        DEFAULT_RING_BYTES,
        262_144,
        IDENTITIES,
        PREFIXES,
        0,
        NodeNetwork.NONE,
        false);
  }

  /** Another size of the connection table, of which an endpoint's share is an eighth. */
  public DatapathOptions withConnections(int count) {
    return new DatapathOptions(
        hostIfindex,
        hostMac,
        gateway,
        count,
        Math.max(1, count / SHARES),
        timeouts,
        reporting,
        ringBytes,
        policyEntries,
        identities,
        prefixes,
        tunnelIfindex,
        network,
        answerRefused);
  }

  /** Other timeouts of connections. */
  public DatapathOptions withTimeouts(ConntrackTimeouts other) {
    return new DatapathOptions(
        hostIfindex,
        hostMac,
        gateway,
        connections,
        connectionShare,
        other,
        reporting,
        ringBytes,
        policyEntries,
        identities,
        prefixes,
        tunnelIfindex,
        network,
        answerRefused);
  }

  /** Another size of the ring of events. */
  public DatapathOptions withRingBytes(int bytes) {
    return new DatapathOptions(
        hostIfindex,
        hostMac,
        gateway,
        connections,
        connectionShare,
        timeouts,
        reporting,
        bytes,
        policyEntries,
        identities,
        prefixes,
        tunnelIfindex,
        network,
        answerRefused);
  }

  /** Other packets told of. */
  public DatapathOptions withReporting(Reporting other) {
    return new DatapathOptions(
        hostIfindex,
        hostMac,
        gateway,
        connections,
        connectionShare,
        timeouts,
        other,
        ringBytes,
        policyEntries,
        identities,
        prefixes,
        tunnelIfindex,
        network,
        answerRefused);
  }

  /** An overlay's device, by which packets go to other nodes. */
  public DatapathOptions withTunnel(int ifindex) {
    return new DatapathOptions(
        hostIfindex,
        hostMac,
        gateway,
        connections,
        connectionShare,
        timeouts,
        reporting,
        ringBytes,
        policyEntries,
        identities,
        prefixes,
        ifindex,
        network,
        answerRefused);
  }

  /** Pods are told of what their policy refuses, or not. */
  public DatapathOptions withAnswerRefused(boolean answer) {
    return new DatapathOptions(
        hostIfindex,
        hostMac,
        gateway,
        connections,
        connectionShare,
        timeouts,
        reporting,
        ringBytes,
        policyEntries,
        identities,
        prefixes,
        tunnelIfindex,
        network,
        answer);
  }

  /** Another network around the node. */
  public DatapathOptions withNetwork(NodeNetwork other) {
    return new DatapathOptions(
        hostIfindex,
        hostMac,
        gateway,
        connections,
        connectionShare,
        timeouts,
        reporting,
        ringBytes,
        policyEntries,
        identities,
        prefixes,
        tunnelIfindex,
        other,
        answerRefused);
  }

  /** {@code struct config}. */
  byte[] config() {
    byte[] bytes = new byte[SIZE];
    MemorySegment to = MemorySegment.ofArray(bytes);
    to.set(Bytes.U32, 0, hostIfindex);
    MemorySegment.copy(MemorySegment.ofArray(gateway.getAddress()), 0, to, 4, 4);
    Bytes.putMac(to, 8, hostMac);
    to.set(Bytes.U8, 14, (byte) (reporting.nothing() ? 1 : 0));
    to.set(Bytes.U32, 16, connections);
    to.set(Bytes.U32, 20, connectionShare);
    to.set(Bytes.U16, 24, (short) reporting.ticks());
    to.set(Bytes.U8, 26, (byte) reporting.tcpFlags());
    to.set(Bytes.U8, 27, (byte) (reporting.received() ? 1 : 0));
    to.set(Bytes.U64, 32, timeouts.tcpNew().toNanos());
    to.set(Bytes.U64, 40, timeouts.tcpEstablished().toNanos());
    to.set(Bytes.U64, 48, timeouts.tcpClosing().toNanos());
    to.set(Bytes.U64, 56, timeouts.tcpClosed().toNanos());
    to.set(Bytes.U64, 64, timeouts.otherNew().toNanos());
    to.set(Bytes.U64, 72, timeouts.otherEstablished().toNanos());
    to.set(Bytes.U64, 80, timeouts.icmp().toNanos());
    to.set(Bytes.U32, 88, tunnelIfindex);
    network.write(to, 92);
    to.set(Bytes.U8, 114, (byte) (answerRefused ? 1 : 0));
    return bytes;
  }

  private static void requirePowerOfTwo(String name, int value) {
    if (Integer.bitCount(value) != 1) {
      throw new IllegalArgumentException(name + " " + value + " is no power of two");
    }
  }
}
