package io.ovenet.datapath;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.ovenet.datapath.Endpoint.Flag;
import io.ovenet.datapath.TestNode.Outcome;
import io.ovenet.datapath.TestNode.Pod;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.NoRouteToHostException;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What a pod hears of its own packets that its policy refuses. */
class RefusedKernelIT {
  private static final InetAddress VIP = InetAddress.ofLiteral("10.96.0.1");
  private static final InetAddress GROUP = InetAddress.ofLiteral("224.0.0.251");
  private static final int TCP = 6;
  private static final int IP_HEADER = 20;
  private static final int ICMP_AT = 14 + IP_HEADER;
  private static final int QUOTED_AT = ICMP_AT + 8;

  private LiveNode live;
  private TestNode node;
  private Pod client;
  private Pod web;

  @BeforeEach
  void open() throws IOException {
    live = new LiveNode(TestNode.options().withAnswerRefused(true));
    node = live.node;
    client = node.client;
    web = node.web;
    node.enforce(client, Flag.ENFORCE_EGRESS);
    node.rule(client, PolicyKey.EGRESS, TestNode.WEB, TCP, 443, Verdict.ALLOW, 7);
  }

  @AfterEach
  void close() throws IOException {
    live.close();
  }

  private static void connect(InetSocketAddress to) throws IOException {
    try (Socket socket = new Socket()) {
      socket.connect(to, (int) LiveNode.ANSWER.toMillis());
    }
  }

  /** The answer's quoted packet, when everything before it is as it has to be. */
  private byte[] told(Outcome outcome, InetAddress called) {
    assertThat(outcome.returned()).isEqualTo(TestNode.REDIRECT);
    byte[] bytes = outcome.packet();
    assertThat(Arrays.copyOf(bytes, 6)).isEqualTo(client.mac().bytes());
    assertThat(Frame.checksum(bytes, 14, IP_HEADER)).as("IP checksum").isZero();
    assertThat(Frame.checksum(bytes, ICMP_AT, bytes.length - ICMP_AT)).as("ICMP's").isZero();
    var frame = ByteBuffer.wrap(bytes);
    assertThat(Short.toUnsignedInt(frame.getShort(16))).isEqualTo(bytes.length - 14);
    assertThat(frame.get(23)).as("protocol").isEqualTo((byte) 1);
    assertThat(Arrays.copyOfRange(bytes, 26, 30)).isEqualTo(called.getAddress());
    assertThat(Arrays.copyOfRange(bytes, 30, 34)).isEqualTo(client.address().getAddress());
    assertThat(frame.get(ICMP_AT)).as("type").isEqualTo((byte) 3);
    assertThat(frame.get(ICMP_AT + 1)).as("code").isEqualTo((byte) 13);
    return Arrays.copyOfRange(bytes, QUOTED_AT, bytes.length);
  }

  /** What stands as it was sent, up to `length` bytes of its IP packet. */
  private static byte[] sent(Frame frame, int length) {
    return Arrays.copyOfRange(frame.bytes(), 14, 14 + length);
  }

  @Test
  void aConnectionFailsAtOnce() throws IOException {
    for (var to : new InetAddress[] {web.address(), TestNode.OUTSIDE}) {
      assertThatThrownBy(() -> live.of(client).call(() -> connected(new InetSocketAddress(to, 80))))
          .as("to " + to)
          .isInstanceOf(NoRouteToHostException.class);
    }
    assertThat(node.events().stream().map(TestNode.Seen::what))
        .as("a drop as any other")
        .contains("drop POLICY_DENIED NONE");
    assertThat(node.datapath.drops())
        .anySatisfy(
            drop -> {
              assertThat(drop.reason()).isEqualTo(DropReason.POLICY_DENIED);
              assertThat(drop.direction()).isEqualTo(PolicyKey.EGRESS);
            });
  }

  private static boolean connected(InetSocketAddress to) throws IOException {
    connect(to);
    return true;
  }

  @Test
  void quotesThePacketThatWasSent() {
    Frame syn = client.to(web).tcp(1000, 80, Frame.SYN).checksummed();
    assertThat(told(node.send(client, syn), web.address())).isEqualTo(sent(syn, 40));
    Frame optioned = client.to(web).options(1, 1, 1, 0).udp(1001, 53);
    assertThat(told(node.send(client, optioned), web.address())).isEqualTo(sent(optioned, 36));
    Frame echo = client.to(TestNode.OUTSIDE).icmp(8, 0, 5);
    assertThat(told(node.send(client, echo), TestNode.OUTSIDE)).isEqualTo(sent(echo, 36));
    node.rule(client, PolicyKey.EGRESS, TestNode.WEB, TCP, 80, Verdict.DENY, 8);
    assertThat(told(node.send(client, syn), web.address())).as("by a rule").hasSize(40);
  }

  @Test
  void ofAServiceItIsTheServicesAddress() {
    var services = new TestServices(node.datapath);
    int backend = services.backend(new Backend(web.address(), 8080, TCP, Backend.LOCAL, 1));
    services.put(VIP, 80, TCP, 5, backend);
    Frame syn = client.to(VIP).tcp(1000, 80, Frame.SYN).checksummed();
    assertThat(told(node.send(client, syn), VIP)).isEqualTo(sent(syn, 40));
  }

  @Test
  void aConnectionThatIsCutIsTold() {
    Frame onwards = client.to(web).tcp(1000, 443, Frame.ACK).checksummed();
    assertThat(node.send(client, client.to(web).tcp(1000, 443, Frame.SYN)).what())
        .contains("TO_ENDPOINT NEW");
    node.send(web, web.to(client).tcp(443, 1000, Frame.SYN | Frame.ACK));
    node.rule(client, PolicyKey.EGRESS, TestNode.WEB, TCP, 443, Verdict.DENY, 8);
    node.changed(client);
    assertThat(told(node.send(client, onwards), web.address())).isEqualTo(sent(onwards, 40));
    assertThat(told(node.send(client, onwards), web.address())).as("by its entry").hasSize(40);
    assertThat(node.send(web, web.to(client).tcp(443, 1000, Frame.ACK)).returned())
        .as("who was called has no say in it")
        .isEqualTo(TestNode.SHOT);
  }

  @Test
  void isSilentOtherwise() {
    node.enforce(web, Flag.ENFORCE_INGRESS);
    assertThat(node.send(client, client.to(web).tcp(1000, 443, Frame.SYN)).what())
        .as("refused by the peer")
        .contains("drop POLICY_DENIED NONE");
    assertSilent(client.to(web).tcp(1000, 443, Frame.SYN), "refused by the peer");
    assertSilent(client.to(GROUP).udp(5353, 5353), "to a group");
    assertThat(node.send(client, client.to(TestNode.OUTSIDE).fragment(0x2000).udp(9, 9)).returned())
        .isEqualTo(TestNode.REDIRECT);
    assertSilent(client.to(TestNode.OUTSIDE).fragment(5).udp(9, 9), "a later part of a datagram");
    node.datapath.classes().delete(2);
    assertSilent(client.to(TestNode.OUTSIDE).udp(9, 10), "an identity that is yet to come");
  }

  private void assertSilent(Frame frame, String why) {
    assertThat(node.send(client, frame).returned()).as(why).isEqualTo(TestNode.SHOT);
  }

  @Test
  void saysSoManyASecond() {
    Frame syn = client.to(web).tcp(1000, 80, Frame.SYN);
    assertThat(node.send(client, syn).returned()).isEqualTo(TestNode.REDIRECT);
    long due = due();
    assertThat(due).isPositive();
    setDue(Long.MAX_VALUE);
    assertSilent(syn, "there were too many");
    assertThat(due()).isEqualTo(Long.MAX_VALUE);
    setDue(due);
    assertThat(node.send(client, syn).returned()).isEqualTo(TestNode.REDIRECT);
    assertThat(due())
        .as("a hundredth of a second later at least")
        .isGreaterThanOrEqualTo(due + 10_000_000);
  }

  private static byte[] key(int id) {
    return ByteBuffer.allocate(4).order(ByteOrder.nativeOrder()).putInt(id).array();
  }

  private long due() {
    byte[] value = node.datapath.map("refusals_due").lookup(key(client.id()));
    return ByteBuffer.wrap(java.util.Objects.requireNonNull(value))
        .order(ByteOrder.nativeOrder())
        .getLong();
  }

  private void setDue(long nanos) {
    byte[] value = ByteBuffer.allocate(8).order(ByteOrder.nativeOrder()).putLong(nanos).array();
    node.datapath.map("refusals_due").update(key(client.id()), value);
  }
}
