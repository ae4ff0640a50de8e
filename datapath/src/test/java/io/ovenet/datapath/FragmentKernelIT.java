package io.ovenet.datapath;

import static io.ovenet.datapath.LiveNode.ANSWER;
import static org.assertj.core.api.Assertions.assertThat;

import io.ovenet.datapath.Endpoint.Flag;
import io.ovenet.datapath.TestNode.Pod;
import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Datagrams in parts: the later ones, which have no ports, go the way of the first. */
class FragmentKernelIT {
  private static final int MORE = 0x2000;
  private static final int SHOT = TestNode.SHOT;

  private final LiveNode live;
  private final TestNode node;
  private final Pod web;
  private final Pod client;

  FragmentKernelIT() throws IOException {
    live = new LiveNode(TestNode.options().withNetwork(TestNode.NETWORK));
    node = live.node;
    web = node.web;
    client = node.client;
    node.datapath.ipcache().upsert(IpcacheKey.of(TestNode.NETWORK.address()), new IpcacheValue(1));
    node.inside(
        () -> {
          node.datapath.attachNetwork(TestNode.NETWORK.ifindex());
          return true;
        });
  }

  @AfterEach
  void stop() throws IOException {
    live.close();
  }

  private static byte[] bulk() {
    byte[] bytes = new byte[20_000];
    new Random(1).nextBytes(bytes);
    return bytes;
  }

  private static DatagramPacket send(
      DatagramSocket from, byte[] bytes, InetAddress to, DatagramSocket at) throws IOException {
    from.send(
        new DatagramPacket(bytes, bytes.length, new InetSocketAddress(to, at.getLocalPort())));
    at.setSoTimeout((int) ANSWER.toMillis());
    var got = new DatagramPacket(new byte[65_535], 65_535);
    at.receive(got);
    assertThat(Arrays.copyOf(got.getData(), got.getLength())).isEqualTo(bytes);
    return got;
  }

  @Test
  void arriveWholeThereAndBack() throws IOException {
    node.enforce(web, Flag.ENFORCE_INGRESS);
    node.rule(web, PolicyKey.INGRESS, TestNode.CLIENT, 17, 5300, Verdict.ALLOW, 5);
    try (DatagramSocket there = LiveNode.udp(live.of(web), 5300);
        DatagramSocket here = LiveNode.udp(live.of(client), 4000)) {
      send(here, bulk(), web.address(), there);
      send(there, bulk(), client.address(), here);
    }
    assertThat(node.connections()).as("one connection").isEqualTo(1);
    assertThat(node.datapath.drops())
        .extracting(DropCount::reason)
        .doesNotContain(
            DropReason.IP_FRAGMENTATION_NOT_SUPPORTED,
            DropReason.FIRST_LOGICAL_DATAGRAM_FRAGMENT_NOT_FOUND);
  }

  @Test
  void arriveWholeOutsideByTheNodesAddress() throws IOException {
    try (DatagramSocket there = LiveNode.udp(live.outside(), 5300);
        DatagramSocket here = LiveNode.udp(live.of(client), 4000)) {
      var got = send(here, bulk(), TestNode.OUTSIDE, there);
      assertThat(got.getAddress()).isEqualTo(TestNode.NETWORK.address());
    }
  }

  @Test
  void ofWhatIsDeniedNoneArrives() {
    node.enforce(web, Flag.ENFORCE_INGRESS);
    node.rule(web, PolicyKey.INGRESS, TestNode.CLIENT, 17, 53, Verdict.ALLOW, 5);
    var first = node.send(client, client.to(web).udp(4000, 54, 4000).fragment(MORE));
    assertThat(first.what()).contains("drop POLICY_DENIED NONE");
    var later = node.send(client, client.to(web).udp(4000, 53).fragment(10));
    assertThat(later.returned()).isEqualTo(SHOT);
    assertThat(later.what()).contains("drop POLICY_DENIED NONE");
    assertThat(later.events().getLast().event().destinationPort()).isEqualTo(54);
  }

  @Test
  void aLaterOneNeedsAFirstOfTheSameSenderAndOverwritesNothing() {
    var lost = "drop FIRST_LOGICAL_DATAGRAM_FRAGMENT_NOT_FOUND NONE";
    var later = client.to(web).udp(1, 2).fragment(10);
    assertThat(node.send(client, later).what()).as("without a first").contains(lost);

    var claimed = node.stranger.to(web).from(client.address()).udp(4000, 53, 4000);
    assertThat(node.send(node.stranger, claimed.fragment(MORE)).what())
        .contains("drop INVALID_SOURCE_IP NONE");
    assertThat(node.send(client, later).what()).as("a first of somebody else").contains(lost);

    assertThat(node.send(client, client.to(web).udp(4000, 53, 4000).fragment(MORE)).returned())
        .isEqualTo(TestNode.REDIRECT);
    assertThat(node.send(client, later).returned()).isEqualTo(TestNode.REDIRECT);
    for (int offset : List.of(1, 2)) {
      assertThat(node.send(client, client.to(web).udp(1, 2).fragment(offset)).what())
          .as("offset %s, where a header of TCP goes on", offset)
          .contains("drop IP_FRAGMENTATION_NOT_SUPPORTED NONE");
    }
  }
}
