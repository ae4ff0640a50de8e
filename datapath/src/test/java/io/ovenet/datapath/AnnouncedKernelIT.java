package io.ovenet.datapath;

import static io.ovenet.datapath.LiveNode.ANSWER;
import static io.ovenet.datapath.LiveNode.SILENCE;
import static org.assertj.core.api.Assertions.assertThat;

import io.ovenet.bpf.AttachMode;
import io.ovenet.bpf.BootClock;
import io.ovenet.bpf.FrameSocket;
import io.ovenet.bpf.Link;
import io.ovenet.bpf.MacAddress;
import io.ovenet.bpf.Netlink;
import io.ovenet.bpf.NetworkNamespace;
import java.io.IOException;
import java.net.InetAddress;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Arrays;
import java.util.Locale;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Addresses that the node stands for towards its neighbours, asked for by frames of a neighbour.
 */
@ParameterizedClass
@EnumSource
class AnnouncedKernelIT {
  private static final int ARP = 0x0806;
  private static final int REPLY = 2;
  private static final InetAddress SERVICE = InetAddress.ofLiteral("198.51.100.80");
  private static final InetAddress OTHER = InetAddress.ofLiteral("198.51.100.81");
  private static final int DEVICE = TestNode.NETWORK.ifindex();

  private final LiveNode live;
  private final MacAddress mac;
  private final MacAddress asker;
  private final FrameSocket socket;

  AnnouncedKernelIT(AttachMode mode) throws IOException {
    String before = System.getProperty(AttachMode.PROPERTY);
    System.setProperty(AttachMode.PROPERTY, mode.name().toLowerCase(Locale.ROOT));
    try {
      live = new LiveNode(TestNode.options().withNetwork(TestNode.NETWORK));
      live.node.inside(
          () -> {
            live.node.datapath.attachNetwork(DEVICE);
            return true;
          });
    } finally {
      if (before == null) {
        System.clearProperty(AttachMode.PROPERTY);
      } else {
        System.setProperty(AttachMode.PROPERTY, before);
      }
    }
    mac = live.node.inside(() -> macOf(device(null, "up")));
    Link far = device(live.outside(), "far");
    asker = macOf(far);
    socket = live.outside().call(() -> new FrameSocket(far.ifindex(), ARP));
  }

  private static Link device(@Nullable NetworkNamespace namespace, String name) {
    try (Netlink netlink = namespace == null ? Netlink.open() : Netlink.open(namespace)) {
      return Objects.requireNonNull(netlink.links().get(name), name);
    }
  }

  private static MacAddress macOf(Link link) {
    return Objects.requireNonNull(link.mac());
  }

  @AfterEach
  void stop() throws IOException {
    socket.close();
    live.close();
  }

  private void announce(InetAddress address, int ifindex, Duration lasting) {
    live.node
        .datapath
        .announced()
        .upsert(
            new AnnouncedKey(address, ifindex),
            new Announced(BootClock.nanos() + lasting.toNanos(), mac, 0));
  }

  private byte[] question(InetAddress asked) {
    return Frame.arp(asker, 1, asker, TestNode.OUTSIDE, asked);
  }

  /** The reply for an address, or null. */
  private byte @Nullable [] reply(InetAddress of, Duration patience) {
    long deadline = System.nanoTime() + patience.toNanos();
    while (deadline > System.nanoTime()) {
      byte[] frame = socket.receive(Duration.ofNanos(deadline - System.nanoTime()));
      if (frame != null
          && ByteBuffer.wrap(frame).getShort(20) == REPLY
          && Arrays.equals(Arrays.copyOfRange(frame, 28, 32), of.getAddress())) {
        return frame;
      }
    }
    return null;
  }

  private byte @Nullable [] ask(byte[] question, InetAddress of, Duration patience) {
    socket.send(question);
    return reply(of, patience);
  }

  @Test
  void whoAsksForAnAnnouncedAddressIsAnsweredUntilItsDeadline() {
    announce(SERVICE, DEVICE, Duration.ofHours(1));
    byte[] reply = Objects.requireNonNull(ask(question(SERVICE), SERVICE, ANSWER));
    ByteBuffer expected = ByteBuffer.allocate(42);
    expected.put(asker.bytes()).put(mac.bytes()).putShort((short) ARP);
    expected.putShort((short) 1).putShort((short) 0x0800).put((byte) 6).put((byte) 4);
    expected.putShort((short) REPLY);
    expected.put(mac.bytes()).put(SERVICE.getAddress());
    expected.put(asker.bytes()).put(TestNode.OUTSIDE.getAddress());
    assertThat(reply).isEqualTo(expected.array());
    assertThat(
            Objects.requireNonNull(
                    live.node.datapath.announced().get(new AnnouncedKey(SERVICE, DEVICE)))
                .answers())
        .isEqualTo(1);

    announce(SERVICE, DEVICE, Duration.ZERO);
    assertThat(ask(question(SERVICE), SERVICE, SILENCE)).as("after the deadline").isNull();
    assertThat(ask(question(TestNode.NETWORK.address()), TestNode.NETWORK.address(), ANSWER))
        .as("the node's own address, by its stack")
        .isNotNull();
  }

  @Test
  void nothingElseIsAnswered() {
    announce(SERVICE, DEVICE, Duration.ofHours(1));
    announce(OTHER, DEVICE + 1, Duration.ofHours(1));
    assertThat(ask(question(OTHER), OTHER, SILENCE)).as("on another device").isNull();
    assertThat(ask(Frame.arp(asker, 1, asker, SERVICE, SERVICE), SERVICE, SILENCE))
        .as("somebody tells that the address is his")
        .isNull();
    byte[] question = question(SERVICE);
    question[21] = REPLY;
    socket.send(question);
    byte[] cut = Arrays.copyOf(question(SERVICE), 40);
    socket.send(cut);
    byte[] toAnother = question(SERVICE);
    toAnother[0] = 2;
    socket.send(toAnother);
    assertThat(reply(SERVICE, SILENCE)).as("a reply, a cut one, one for another").isNull();
    assertThat(ask(question(SERVICE), SERVICE, ANSWER)).isNotNull();
  }
}
