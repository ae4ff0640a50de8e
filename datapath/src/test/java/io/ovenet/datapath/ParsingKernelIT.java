package io.ovenet.datapath;

import static org.assertj.core.api.Assertions.assertThat;

import io.ovenet.bpf.MacAddress;
import io.ovenet.datapath.TestNode.Outcome;
import io.ovenet.datapath.TestNode.Pod;
import java.io.IOException;
import java.net.InetAddress;
import java.util.Arrays;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What a pod may send at all, before any policy. */
class ParsingKernelIT {
  private static TestNode node;
  private static Pod client;
  private static Pod web;

  @BeforeAll
  static void open() throws IOException {
    node = new TestNode(TestNode.options());
    client = node.client;
    web = node.web;
  }

  @AfterAll
  static void close() throws IOException {
    node.close();
  }

  /** One broken packet each, and what has to be said of it. */
  @SuppressWarnings("ImmutableEnumChecker") // a lambda without state
  enum Broken {
    OTHER_SOURCE_MAC(
        f -> f.sourceMac(MacAddress.parse("0a:00:00:00:00:77")), "INVALID_SOURCE_MAC NONE"),
    NOT_TO_THE_GATEWAY(
        f -> f.destinationMac(MacAddress.parse("0a:00:00:00:00:01")),
        "INVALID_DESTINATION_MAC NOT_TO_GATEWAY"),
    OTHER_SOURCE_ADDRESS(f -> f.from(TestNode.NOBODY), "INVALID_SOURCE_IP NONE"),
    SOURCE_OF_THE_HOST(f -> f.from(TestNode.HOST), "INVALID_SOURCE_IP NONE"),
    VLAN(f -> f.etherType(0x8100), "VLAN_FILTERED NONE"),
    SERVICE_VLAN(f -> f.etherType(0x88a8), "VLAN_FILTERED NONE"),
    IPV6(f -> f.etherType(0x86dd).l4(17, new byte[40]), "UNSUPPORTED_L3_PROTOCOL IPV6"),
    LLDP(f -> f.etherType(0x88cc), "UNSUPPORTED_L2_PROTOCOL ETHER_TYPE"),
    IP_VERSION(f -> f.version(5), "INVALID_PACKET_DROPPED IP_VERSION"),
    SHORT_IP_HEADER(f -> f.headerWords(4), "INVALID_PACKET_DROPPED IP_HEADER_LENGTH"),
    LONG_IP_HEADER(f -> f.headerWords(15), "INVALID_PACKET_DROPPED IP_TOTAL_LENGTH"),
    LONGER_THAN_THE_FRAME(f -> f.totalLength(33), "INVALID_PACKET_DROPPED IP_TOTAL_LENGTH"),
    SHORTER_THAN_ITS_HEADER(f -> f.totalLength(19), "INVALID_PACKET_DROPPED IP_TOTAL_LENGTH"),
    CHECKSUM(Frame::spoiltChecksum, "INVALID_PACKET_DROPPED IP_CHECKSUM"),
    CHECKSUM_WITH_OPTIONS(
        f -> f.options(1, 1, 1, 0).spoiltChecksum(), "INVALID_PACKET_DROPPED IP_CHECKSUM"),
    EARLY_FRAGMENT(f -> f.fragment(0x0002), "IP_FRAGMENTATION_NOT_SUPPORTED NONE"),
    LATER_FRAGMENT(f -> f.fragment(0x0010), "FIRST_LOGICAL_DATAGRAM_FRAGMENT_NOT_FOUND NONE"),
    FIRST_FRAGMENT_WITHOUT_ALL_OF_THE_HEADER(
        f -> f.l4(6, new byte[16]).fragment(0x2000), "CT_TRUNCATED_OR_INVALID_HEADER TRUNCATED"),
    IGMP(f -> f.l4(2, new byte[8]), "CT_UNKNOWN_L4_PROTOCOL NONE"),
    SHORT_UDP(f -> f.l4(17, new byte[7]), "CT_TRUNCATED_OR_INVALID_HEADER TRUNCATED"),
    SHORT_TCP(f -> f.l4(6, new byte[19]), "CT_TRUNCATED_OR_INVALID_HEADER TRUNCATED"),
    SHORT_SCTP(f -> f.l4(132, new byte[11]), "CT_TRUNCATED_OR_INVALID_HEADER TRUNCATED"),
    SHORT_ICMP(f -> f.l4(1, new byte[7]), "CT_TRUNCATED_OR_INVALID_HEADER TRUNCATED"),
    TCP_BEHIND_THE_END(
        f -> f.l4(6, new byte[24]).totalLength(30), "CT_TRUNCATED_OR_INVALID_HEADER TRUNCATED"),
    TCP_HEADER_OF_FOUR_WORDS(
        f -> f.tcp(1, 80, Frame.SYN, 4), "CT_TRUNCATED_OR_INVALID_HEADER TCP_HEADER_LENGTH"),
    TCP_HEADER_BEYOND_THE_PACKET(
        f -> f.tcp(1, 80, Frame.SYN, 7), "CT_TRUNCATED_OR_INVALID_HEADER TCP_HEADER_LENGTH"),
    UDP_SHORTER_THAN_ITS_HEADER(f -> f.udp(1, 53, 7), "CT_TRUNCATED_OR_INVALID_HEADER UDP_LENGTH"),
    UDP_BEYOND_THE_PACKET(f -> f.udp(1, 53, 13), "CT_TRUNCATED_OR_INVALID_HEADER UDP_LENGTH"),
    ICMP_REDIRECT(f -> f.icmp(5, 0, 1), "UNKNOWN_ICMPV4_TYPE NONE"),
    ECHO_REPLY_TO_NOBODY(f -> f.icmp(0, 0, 1), "CT_CANNOT_CREATE_ENTRY_FROM_PACKET ICMP_UNRELATED"),
    NO_HOP_LEFT(f -> f.ttl(1), "TTL_EXCEEDED NONE");

    final UnaryOperator<Frame> spoil;
    final String said;

    Broken(UnaryOperator<Frame> spoil, String said) {
      this.spoil = spoil;
      this.said = said;
    }
  }

  @ParameterizedTest
  @EnumSource
  void dropsWithItsReason(Broken broken) {
    int connections = node.connections();
    long before = drops(broken.said);
    Outcome outcome = node.send(client, broken.spoil.apply(client.to(web).udp(4000, 53)));

    assertThat(outcome.returned()).isEqualTo(TestNode.SHOT);
    assertThat(outcome.what()).contains("drop " + broken.said);
    assertThat(outcome.events())
        .last()
        .satisfies(
            e -> {
              assertThat(e.event().kind()).isEqualTo(EventKind.DROP.number());
              assertThat(e.event().direction()).isEqualTo(PolicyKey.EGRESS);
              assertThat(e.event().sourceEndpoint()).isEqualTo(client.id());
              assertThat(e.event().sourceIdentity()).isEqualTo(TestNode.CLIENT);
              assertThat(e.event().ifindex()).isEqualTo(Endpoint.ifindexOf(client.id()));
              assertThat(e.event().count()).isEqualTo(1);
            });
    assertThat(drops(broken.said)).as("counted").isEqualTo(before + 1);
    assertThat(node.connections()).as("connections").isEqualTo(connections);
  }

  private static long drops(String said) {
    var reason = DropReason.valueOf(said.substring(0, said.indexOf(' ')));
    return node.datapath.drops().stream()
        .filter(d -> d.reason() == reason && d.direction() == PolicyKey.EGRESS)
        .mapToLong(d -> d.counter().packets())
        .sum();
  }

  @ParameterizedTest
  @EnumSource
  void passesWhole(Whole whole) {
    Outcome outcome = node.send(client, whole.frame(client.to(web)));
    assertThat(outcome.returned()).as(outcome.what().toString()).isEqualTo(TestNode.REDIRECT);
    assertThat(outcome.what()).containsExactly("ALLOW out", "ALLOW in", "TO_ENDPOINT NEW");
    assertThat(outcome.events())
        .last()
        .satisfies(
            e -> {
              assertThat(e.event().source()).isEqualTo(client.address());
              assertThat(e.event().destination()).isEqualTo(web.address());
              assertThat(e.event().sourceIdentity()).isEqualTo(TestNode.CLIENT);
              assertThat(e.event().destinationIdentity()).isEqualTo(TestNode.WEB);
              assertThat(e.event().sourceEndpoint()).isEqualTo(client.id());
              assertThat(e.event().destinationEndpoint()).isEqualTo(web.id());
              assertThat(e.event().sourceMac()).isEqualTo(client.mac().bits());
              assertThat(e.event().protocol()).isEqualTo(whole.protocol);
              assertThat(e.event().has(FlowEvent.HAS_L3) && e.event().has(FlowEvent.HAS_PORTS))
                  .isTrue();
            });
  }

  /** Valid packets of each kind. */
  enum Whole {
    TCP_SYN(6),
    TCP_MIDSTREAM(6),
    UDP(17),
    SCTP(132),
    ECHO(1),
    TIMESTAMP(1),
    OPTIONS(17),
    MOST_OPTIONS(17);

    final int protocol;

    Whole(int protocol) {
      this.protocol = protocol;
    }

    Frame frame(Frame f) {
      return switch (this) {
        case TCP_SYN -> f.tcp(5001, 80, Frame.SYN);
        case TCP_MIDSTREAM -> f.tcp(5002, 80, Frame.ACK);
        case UDP -> f.udp(5003, 53);
        case SCTP -> f.sctp(5004, 53);
        case ECHO -> f.icmp(8, 0, 5005);
        case TIMESTAMP -> f.icmp(13, 0, 5006);
        case OPTIONS -> f.udp(5007, 53).options(1, 1, 1, 0);
        case MOST_OPTIONS -> f.udp(5008, 53).options(new int[40]);
      };
    }
  }

  @Test
  void routesToALocalPeer() {
    Outcome outcome = node.send(client, client.to(web).udp(6000, 53));
    byte[] packet = outcome.packet();
    assertThat(Arrays.copyOf(packet, 6)).isEqualTo(web.mac().bytes());
    assertThat(Arrays.copyOfRange(packet, 6, 12)).isEqualTo(DatapathOptions.GATEWAY_MAC.bytes());
    assertThat(packet[22]).as("TTL").isEqualTo((byte) 63);
    assertThat(Frame.checksum(packet, 14, 20)).as("checksum left over").isZero();
  }

  @Test
  void handsOverToTheStackUnchangedButForTheAddress() {
    byte[] sent = client.to(TestNode.OUTSIDE).udp(6001, 53).bytes();
    Outcome outcome = node.run("from_pod", client, sent);
    assertThat(outcome.returned()).isEqualTo(TestNode.REDIRECT);
    System.arraycopy(TestNode.HOST_MAC.bytes(), 0, sent, 0, 6);
    assertThat(outcome.packet()).isEqualTo(sent);
    assertThat(outcome.what()).containsExactly("ALLOW out", "TO_STACK NEW");
  }

  @Test
  void tellsTheHostFromTheOutside() {
    assertThat(node.send(client, client.to(TestNode.HOST).udp(6002, 53)).what())
        .containsExactly("ALLOW out", "TO_HOST NEW");
  }

  @Test
  void gatewayAnswersArp() {
    byte[] asked =
        Frame.arp(client.mac(), 1, client.mac(), client.address(), DatapathOptions.GATEWAY);
    Outcome outcome = node.run("from_pod", client, asked);
    assertThat(outcome.returned()).isEqualTo(TestNode.REDIRECT);
    byte[] answer =
        Frame.arp(
            DatapathOptions.GATEWAY_MAC,
            2,
            DatapathOptions.GATEWAY_MAC,
            DatapathOptions.GATEWAY,
            client.address());
    System.arraycopy(client.mac().bytes(), 0, answer, 0, 6);
    System.arraycopy(client.mac().bytes(), 0, answer, 32, 6);
    assertThat(outcome.packet()).isEqualTo(answer);
    assertThat(outcome.events()).isEmpty();
  }

  @Test
  void arpForAnybodyElseOrFromAnybodyElseIsDropped() {
    MacAddress other = MacAddress.parse("0a:00:00:00:00:77");
    InetAddress gateway = DatapathOptions.GATEWAY;
    assertThat(arp(client.mac(), 1, client.mac(), client.address(), web.address()))
        .containsExactly("drop UNSUPPORTED_L2_PROTOCOL ARP");
    assertThat(arp(client.mac(), 2, client.mac(), client.address(), gateway))
        .containsExactly("drop UNSUPPORTED_L2_PROTOCOL ARP");
    assertThat(arp(other, 1, client.mac(), client.address(), gateway))
        .containsExactly("drop INVALID_SOURCE_MAC NONE");
    assertThat(arp(client.mac(), 1, other, client.address(), gateway))
        .containsExactly("drop INVALID_SOURCE_MAC ARP");
    assertThat(arp(client.mac(), 1, client.mac(), web.address(), gateway))
        .containsExactly("drop INVALID_SOURCE_IP ARP");
  }

  private static java.util.List<String> arp(
      MacAddress ethernet, int operation, MacAddress sender, InetAddress from, InetAddress asked) {
    return node.run("from_pod", client, Frame.arp(ethernet, operation, sender, from, asked)).what();
  }

  @Test
  void everyTruncationOfAnIcmpErrorIsBounded() {
    node.send(client, client.to(web).udp(6100, 53));
    Frame error = web.to(client).icmpError(3, 3, client.to(web).udp(6100, 53));
    byte[] whole = error.bytes();
    for (int length = 34; length < whole.length; length++) {
      Outcome outcome = node.run("from_pod", web, Arrays.copyOf(whole, length));
      assertThat(outcome.returned()).as("cut to " + length).isEqualTo(TestNode.SHOT);
    }
    assertThat(node.send(web, error).what()).containsExactly("TO_ENDPOINT RELATED");
  }
}
