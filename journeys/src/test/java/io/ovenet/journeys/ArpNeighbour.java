package io.ovenet.journeys;

import io.ovenet.bpf.FrameSocket;
import io.ovenet.bpf.MacAddress;
import io.ovenet.bpf.Netlink;
import io.ovenet.bpf.NetworkNamespace;
import java.net.InetAddress;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicLong;

/**
 * A neighbour of the nodes that asks for addresses by ARP, one after the other without end, and
 * remembers who answered last.
 */
final class ArpNeighbour implements AutoCloseable {
  private static final int ARP = 0x0806;
  private static final int REPLY = 2;

  /**
   * Answers are given within the sending of the question: bridge and veth pass frames on at once.
   */
  private static final Duration ANSWER = Duration.ofMillis(5);

  private static final MacAddress EVERYBODY = new MacAddress((1L << 48) - 1);

  private final NetworkNamespace namespace;
  private final InetAddress address;
  private final int ifindex;
  private final MacAddress mac;
  private final List<String> addresses;
  private final Map<String, Set<MacAddress>> last = new ConcurrentHashMap<>();
  private final List<String> doubles = new CopyOnWriteArrayList<>();
  private final AtomicLong asked = new AtomicLong();
  private final AtomicLong told = new AtomicLong();
  private final Thread thread;
  private volatile boolean closed;

  /** Starts to ask by eth0 of a namespace, which stays the caller's. */
  ArpNeighbour(NetworkNamespace namespace, String address, Collection<String> addresses) {
    this.namespace = namespace;
    this.address = InetAddress.ofLiteral(address);
    this.addresses = List.copyOf(addresses);
    try (Netlink netlink = Netlink.open(namespace)) {
      var device = Objects.requireNonNull(netlink.links().get("eth0"));
      ifindex = device.ifindex();
      mac = Objects.requireNonNull(device.mac());
    }
    thread = Thread.ofPlatform().name("arp-neighbour").start(this::run);
  }

  private FrameSocket socket() {
    return namespace.call(() -> new FrameSocket(ifindex, ARP));
  }

  private void run() {
    try (FrameSocket socket = socket()) {
      while (!closed) {
        for (String each : addresses) {
          var answers = ask(socket, each);
          last.put(each, answers);
          if (answers.size() > 1) {
            doubles.add(each + " by " + answers);
          }
        }
      }
    }
  }

  private Set<MacAddress> ask(FrameSocket socket, String asking) {
    byte[] target = InetAddress.ofLiteral(asking).getAddress();
    asked.incrementAndGet();
    socket.send(
        ByteBuffer.allocate(42)
            .put(EVERYBODY.bytes())
            .put(mac.bytes())
            .putShort((short) ARP)
            .putShort((short) 1)
            .putShort((short) 0x0800)
            .put((byte) 6)
            .put((byte) 4)
            .putShort((short) 1)
            .put(mac.bytes())
            .put(address.getAddress())
            .put(new byte[6])
            .put(target)
            .array());
    var answers = new TreeSet<MacAddress>();
    while (true) {
      byte[] frame = socket.receive(ANSWER);
      if (frame == null) {
        return answers;
      }
      var sender = Arrays.copyOfRange(frame, 28, 32);
      if (ByteBuffer.wrap(frame).getShort(20) == REPLY) {
        if (Arrays.equals(sender, target)) {
          answers.add(MacAddress.of(Arrays.copyOfRange(frame, 22, 28)));
        }
      } else if (Arrays.equals(sender, Arrays.copyOfRange(frame, 38, 42))) {
        told.incrementAndGet();
      }
    }
  }

  /** Who answers now. */
  Set<MacAddress> answering() {
    var all = new TreeSet<MacAddress>();
    last.values().forEach(all::addAll);
    return all;
  }

  /** Whether the last question for each address was answered. */
  boolean allAnswered() {
    return last.size() == addresses.size() && last.values().stream().noneMatch(Set::isEmpty);
  }

  /** Questions that two nodes answered. */
  List<String> doubles() {
    return new ArrayList<>(doubles);
  }

  long asked() {
    return asked.get();
  }

  /** How often somebody told of an own address. */
  long told() {
    return told.get();
  }

  /** Whether anybody answers for another address. */
  boolean answers(String other) {
    try (FrameSocket socket = socket()) {
      return !ask(socket, other).isEmpty();
    }
  }

  @Override
  public void close() {
    closed = true;
    try {
      thread.join();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
