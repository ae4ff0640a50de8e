package io.ovenet.agent;

import io.ovenet.api.flow.Flow;
import io.ovenet.api.flow.Verdict;
import io.ovenet.bpf.NetworkNamespace;
import java.io.Closeable;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.DatagramChannel;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Real packets between whoever has a place in the network, each with a source port of its own, so
 * that the kernel's record says which of them passed and by which rule: nobody waits for a silence.
 */
final class ProbeNet implements AutoCloseable {
  private static final int ICMP = 1;
  private static final int SCTP = 132;
  private static final List<Integer> SERVED = List.of(80, 81, 8080);

  /** Where somebody is. */
  record Place(NetworkNamespace inside, Inet4Address address) {}

  /** {@code FROM > TO PROTOCOL PORT}, the port of ICMP left out. */
  record Probe(String from, String to, String protocol, int port) {
    static Probe parse(String text) {
      var words = text.trim().split("\\s+", -1);
      if (words.length < 4 || !words[1].equals(">")) {
        throw new IllegalArgumentException("no probe: '" + text + "'; write FROM > TO PROTO PORT");
      }
      return new Probe(
          words[0], words[2], words[3], words.length > 4 ? Integer.parseInt(words[4]) : 0);
    }
  }

  /** What became of one, and what the flows of it said. */
  record Outcome(boolean passed, String flow) {}

  private final FlowFollower follower;
  private final Map<String, Place> places = new HashMap<>();
  private final ArrayDeque<Closeable> undo = new ArrayDeque<>();
  private final Set<Integer> datagrams = ConcurrentHashMap.newKeySet();
  private int sourcePort = 20_000;

  ProbeNet(FlowFollower follower) {
    this.follower = follower;
  }

  /** Somebody who answers on a few ports of TCP and takes datagrams. */
  void add(String name, Place place) throws IOException {
    places.put(name, place);
    for (int port : SERVED) {
      var at = new InetSocketAddress(place.address(), port);
      var server = place.inside().call(() -> ServerSocketChannel.open().bind(at));
      undo.push(server);
      Thread.ofPlatform().daemon().start(() -> accept(server));
      var datagram = place.inside().call(() -> DatagramChannel.open().bind(at));
      undo.push(datagram);
      Thread.ofPlatform().daemon().start(() -> take(datagram));
    }
  }

  /** Takes each connection, since a full queue of them answers nobody. */
  private static void accept(ServerSocketChannel server) {
    while (server.isOpen()) {
      try {
        server.accept().close();
      } catch (IOException e) {
        // Closed, or a connection that ended while it waited: only the first ends the loop.
      }
    }
  }

  private void take(DatagramChannel channel) {
    var buffer = ByteBuffer.allocate(64);
    while (channel.isOpen()) {
      try {
        buffer.clear();
        var from = (InetSocketAddress) channel.receive(buffer);
        if (from != null) {
          datagrams.add(from.getPort());
        }
      } catch (IOException e) {
        return; // closed
      }
    }
  }

  private Place place(String name) {
    return Objects.requireNonNull(places.get(name), () -> "no " + name + " in " + places.keySet());
  }

  /** Sends one and waits for what the kernel tells of it. */
  Outcome send(Probe probe) throws Exception {
    var from = place(probe.from());
    var to = place(probe.to());
    sourcePort = sourcePort == 60_000 ? 20_000 : sourcePort + 1;
    int port = sourcePort;
    follower.clear();
    var source = new InetSocketAddress(from.address(), port);
    var target = new InetSocketAddress(to.address(), probe.port());
    return switch (probe.protocol()) {
      case "tcp" -> {
        try (var channel = from.inside().call(() -> SocketChannel.open().bind(source))) {
          channel.configureBlocking(false);
          channel.connect(target);
          var flow = decided(probe, f -> f.getL4().getTCP().getSourcePort() == port);
          if (flow.getVerdict() == Verdict.FORWARDED) {
            yield answered(probe, channel, port, flow);
          } else if (begins(flow) && connected(channel)) {
            throw new AssertionError(probe + " passed though it is told dropped: " + flow);
          }
          yield outcome(flow);
        }
      }
      case "udp" -> {
        try (var channel = from.inside().call(() -> DatagramChannel.open().bind(source))) {
          datagrams.remove(port);
          channel.send(ByteBuffer.wrap("?".getBytes(StandardCharsets.US_ASCII)), target);
          var flow = decided(probe, f -> f.getL4().getUDP().getSourcePort() == port);
          if (flow.getVerdict() == Verdict.FORWARDED) {
            NodeFixture.await(probe + " arrives", () -> datagrams.contains(port));
          } else if (datagrams.contains(port)) {
            throw new AssertionError(probe + " passed though it is told dropped: " + flow);
          }
          yield outcome(flow);
        }
      }
      case "icmp" -> {
        try (var raw = from.inside().call(() -> new RawSocket(ICMP))) {
          raw.send(to.address(), echo(port));
          yield outcome(decided(probe, f -> f.getL4().hasICMPv4()));
        }
      }
      case "sctp" -> {
        try (var raw = from.inside().call(() -> new RawSocket(SCTP))) {
          raw.send(to.address(), init(port, probe.port()));
          yield outcome(decided(probe, f -> f.getL4().getSCTP().getSourcePort() == port));
        }
      }
      default -> throw new IllegalArgumentException("no protocol " + probe.protocol());
    };
  }

  /** Of the probe itself; what follows of its connection may be dropped by a policy that came. */
  private static boolean begins(Flow flow) {
    var flags = flow.getL4().getTCP().getFlags();
    return flags.getSYN() && !flags.getACK();
  }

  /**
   * It passed, and is answered; or a policy that came meanwhile drops what follows of the
   * connection, which then is what became of it.
   */
  private Outcome answered(Probe probe, SocketChannel channel, int port, Flow passed) {
    var end = new Flow[] {passed};
    NodeFixture.await(
        probe + " is answered",
        () -> {
          if (connected(channel)) {
            return true;
          }
          for (var flow : follower.flows()) {
            var tcp = flow.getL4().getTCP();
            if (flow.getVerdict() == Verdict.DROPPED
                && (tcp.getSourcePort() == port || tcp.getDestinationPort() == port)) {
              end[0] = flow;
              return true;
            }
          }
          return false;
        });
    return outcome(end[0]);
  }

  private static boolean connected(SocketChannel channel) {
    try {
      return channel.isConnected() || channel.finishConnect();
    } catch (IOException e) {
      throw new UncheckedIOException(e); // refused: nobody is there, which no case means
    }
  }

  private static byte[] echo(int identifier) {
    var message = ByteBuffer.allocate(16).put((byte) 8).put((byte) 0).putShort((short) 0);
    message.putShort((short) identifier).putShort((short) 1);
    int sum = 0;
    for (int i = 0; i < 16; i += 2) {
      sum += message.getShort(i) & 0xffff;
    }
    sum = (sum & 0xffff) + (sum >>> 16);
    return message.putShort(2, (short) ~sum).array();
  }

  /** An INIT (RFC 9260, section 3.3.2); its checksum is nothing that a network looks at. */
  private static byte[] init(int source, int destination) {
    return ByteBuffer.allocate(32)
        .putShort((short) source)
        .putShort((short) destination)
        .putLong(0)
        .put((byte) 1)
        .put((byte) 0)
        .putShort((short) 20)
        .putInt(1)
        .putInt(65_536)
        .putShort((short) 1)
        .putShort((short) 1)
        .putInt(1)
        .array();
  }

  private interface OfProbe {
    boolean is(Flow flow);
  }

  /** The flow that says what became of a packet from who asked: handed on, or dropped. */
  private Flow decided(Probe probe, OfProbe mine) {
    var found = new Flow[1];
    var from = place(probe.from()).address().getHostAddress();
    var to = place(probe.to()).address().getHostAddress();
    NodeFixture.await(
        probe + " is decided",
        () -> {
          for (var flow : follower.flows()) {
            int type = flow.getEventType().getType();
            boolean end = flow.getVerdict() == Verdict.DROPPED || type == 4; // drop, trace
            if (end
                && type != 5
                && flow.getIP().getSource().equals(from)
                && flow.getIP().getDestination().equals(to)
                && mine.is(flow)) {
              found[0] = flow;
            }
          }
          return found[0] != null;
        });
    return found[0];
  }

  private static Outcome outcome(Flow flow) {
    return new Outcome(flow.getVerdict() == Verdict.FORWARDED, flow.toString());
  }

  static Inet4Address address(String text) {
    return (Inet4Address) InetAddress.ofLiteral(text);
  }

  @Override
  public void close() throws IOException {
    while (!undo.isEmpty()) {
      undo.pop().close();
    }
  }
}
