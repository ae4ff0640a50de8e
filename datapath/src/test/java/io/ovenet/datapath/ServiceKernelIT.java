package io.ovenet.datapath;

import static org.assertj.core.api.Assertions.assertThat;

import io.ovenet.datapath.Endpoint.Flag;
import io.ovenet.datapath.TestNode.Outcome;
import io.ovenet.datapath.TestNode.Pod;
import java.io.IOException;
import java.net.InetAddress;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Packets that call a service: what becomes of them, byte by byte. */
class ServiceKernelIT {
  private static final InetAddress VIP = InetAddress.ofLiteral("10.96.0.1");
  private static final InetAddress LOOPBACK = InetAddress.ofLiteral("169.254.42.1");
  private static final int TCP = 6;
  private static final int UDP = 17;
  private static final int SERVICE = 5;
  private static final String NOBODY = "drop SERVICE_BACKEND_NOT_FOUND NONE";

  private TestNode node;
  private TestServices services;
  private Pod client;
  private Pod web;

  @BeforeEach
  void open() throws IOException {
    node = new TestNode(TestNode.options());
    services = new TestServices(node.datapath);
    client = node.client;
    web = node.web;
  }

  @AfterEach
  void close() throws IOException {
    node.close();
  }

  /** Addresses and ports of a frame, with checksums that hold. */
  private static String ends(Outcome outcome) {
    byte[] bytes = outcome.packet();
    assertThat(Frame.checksum(bytes, 14, 20)).as("IP checksum").isZero();
    ByteBuffer frame = ByteBuffer.wrap(bytes);
    if (frame.getShort(34 + (bytes[23] == TCP ? 16 : 6)) != 0) {
      assertThat(Frame.l4Checksum(bytes, 34)).as("checksum").isZero();
    }
    return address(bytes, 26)
        + ":"
        + Short.toUnsignedInt(frame.getShort(34))
        + " "
        + address(bytes, 30)
        + ":"
        + Short.toUnsignedInt(frame.getShort(36));
  }

  private static String address(byte[] bytes, int at) {
    return (bytes[at] & 0xff)
        + "."
        + (bytes[at + 1] & 0xff)
        + "."
        + (bytes[at + 2] & 0xff)
        + "."
        + (bytes[at + 3] & 0xff);
  }

  private Outcome call(int sourcePort, int flags) {
    return node.send(client, client.to(VIP).tcp(sourcePort, 80, flags).checksummed());
  }

  private Outcome answer(int destinationPort) {
    return node.send(
        web, web.to(client).tcp(8080, destinationPort, Frame.SYN | Frame.ACK).checksummed());
  }

  private Backend webBackend() {
    return new Backend(web.address(), 8080, TCP, Backend.LOCAL, 1);
  }

  @Test
  void aCallGoesToTheBackendAndItsAnswerComesFromTheService() {
    services.put(VIP, 80, TCP, SERVICE, services.backend(webBackend()));
    for (int flags : new int[] {Frame.SYN, Frame.SYN, Frame.ACK}) {
      Outcome outcome = call(1000, flags);
      assertThat(outcome.returned()).isEqualTo(TestNode.REDIRECT);
      assertThat(ends(outcome)).isEqualTo("10.0.0.2:1000 10.0.0.1:8080");
      if (flags == Frame.ACK) {
        continue;
      }
      Outcome answer = answer(1000);
      assertThat(answer.returned()).isEqualTo(TestNode.REDIRECT);
      assertThat(ends(answer)).isEqualTo("10.96.0.1:80 10.0.0.2:1000");
    }
    assertThat(node.connections()).isEqualTo(1);
    node.datapath
        .conntrack()
        .forEach(
            (key, entry) -> {
              assertThat(entry.frontend()).isEqualTo(VIP);
              assertThat(entry.frontendPort()).isEqualTo(80);
              assertThat(entry.service()).isEqualTo(SERVICE);
              assertThat(entry.flags() & ConntrackEntry.SERVICE).isNotZero();
            });
    assertThat(services.flows()).hasSize(1);
  }

  /** By pods, at the addresses of all nodes: what it would come to there it comes to here. */
  @Test
  void aNodePortIsServedAtTheAddressesOfOtherNodes() {
    InetAddress other = InetAddress.ofLiteral("192.0.2.20");
    InetAddress nobodys = InetAddress.ofLiteral("192.0.2.21");
    node.datapath
        .ipcache()
        .upsert(IpcacheKey.of(other), new IpcacheValue(6, 0xc0000214, 0, IpcacheValue.NODE, 0));
    services.put(
        new ServiceKey(ServiceKey.ANY_ADDRESS, 30080, TCP, ServiceKey.OTHER_NODES, 0),
        new ServiceValue(SERVICE, services.range(services.backend(webBackend())), 1, 0, 0, 0, 0));
    Outcome call = node.send(client, client.to(other).tcp(1000, 30080, Frame.SYN).checksummed());
    assertThat(ends(call)).isEqualTo("10.0.0.2:1000 10.0.0.1:8080");
    assertThat(ends(answer(1000))).isEqualTo("192.0.2.20:30080 10.0.0.2:1000");
    Outcome next = node.send(client, client.to(other).tcp(1000, 30080, Frame.ACK).checksummed());
    assertThat(ends(next)).isEqualTo("10.0.0.2:1000 10.0.0.1:8080");
    for (Frame past :
        List.of(
            client.to(nobodys).tcp(1001, 30080, Frame.SYN),
            client.to(other).tcp(1002, 30081, Frame.SYN),
            client.to(other).udp(1003, 30080))) {
      Outcome outcome = node.send(client, past.checksummed());
      assertThat(address(outcome.packet(), 30)).startsWith("192.0.2.2");
    }
    assertThat(services.flows()).hasSize(1);
  }

  @Test
  void udpWithoutAChecksumStaysWithoutOne() {
    services.put(
        VIP, 53, UDP, SERVICE, services.backend(new Backend(web.address(), 5353, UDP, 0, 1)));
    Outcome outcome = node.send(client, client.to(VIP).udp(1000, 53));
    assertThat(ends(outcome)).isEqualTo("10.0.0.2:1000 10.0.0.1:5353");
    assertThat(ByteBuffer.wrap(outcome.packet()).getShort(40)).isZero();
    assertThat(ends(node.send(client, client.to(VIP).udp(1001, 53).checksummed())))
        .isEqualTo("10.0.0.2:1001 10.0.0.1:5353");
  }

  @Test
  void policySeesTheBackendAndEventsNameTheService() {
    services.put(VIP, 80, TCP, SERVICE, services.backend(webBackend()));
    node.enforce(web, Flag.ENFORCE_INGRESS);
    Outcome refused = call(1000, Frame.SYN);
    assertThat(refused.what())
        .containsExactly("ALLOW out", "DEFAULT in", "drop POLICY_DENIED NONE");
    FlowEvent event = refused.events().getLast().event();
    assertThat(event.destination()).isEqualTo(web.address());
    assertThat(event.destinationPort()).isEqualTo(8080);
    assertThat(event.service()).isEqualTo(SERVICE);
    assertThat(services.flows()).isEmpty();
    node.rule(web, PolicyKey.INGRESS, TestNode.CLIENT, TCP, 8080, Verdict.ALLOW, 7);
    Outcome granted = call(1000, Frame.SYN);
    assertThat(granted.what()).containsExactly("ALLOW out", "ALLOW in", "TO_ENDPOINT NEW");
    assertThat(granted.events().getLast().event().service()).isEqualTo(SERVICE);
    FlowEvent reply = answer(1000).events().getLast().event();
    assertThat(reply.source()).isEqualTo(web.address());
    assertThat(reply.service()).isEqualTo(SERVICE);
  }

  @Test
  void aDecisionAnewTranslatesToo() {
    services.put(VIP, 80, TCP, SERVICE, services.backend(webBackend()));
    call(1000, Frame.SYN);
    node.changed(web);
    assertThat(ends(answer(1000))).isEqualTo("10.96.0.1:80 10.0.0.2:1000");
    node.changed(client);
    assertThat(ends(call(1000, Frame.ACK))).isEqualTo("10.0.0.2:1000 10.0.0.1:8080");
    assertThat(node.connections()).isEqualTo(1);
    node.enforce(web, Flag.ENFORCE_INGRESS);
    node.changed(web);
    assertThat(call(1000, Frame.ACK).what()).contains("drop POLICY_DENIED NONE");
    assertThat(answer(1000).what()).contains("drop POLICY_DENIED NONE");
  }

  @Test
  void whereNobodyServesACallIsDroppedAndSaid() {
    services.put(VIP, 80, TCP, SERVICE);
    Outcome outcome = call(1000, Frame.SYN);
    assertThat(outcome.returned()).isEqualTo(TestNode.SHOT);
    assertThat(outcome.what()).containsExactly(NOBODY);
    FlowEvent event = outcome.events().getLast().event();
    assertThat(event.destination()).isEqualTo(VIP);
    assertThat(event.service()).isEqualTo(SERVICE);
    assertThat(node.connections()).isZero();
    services.put(VIP, 80, TCP, SERVICE, 999);
    assertThat(call(1000, Frame.SYN).what()).as("a number without a backend").contains(NOBODY);
  }

  @Test
  void aPodReachesItselfWhateverPolicySays() {
    services.put(VIP, 80, TCP, SERVICE, services.backend(webBackend()));
    node.enforce(web, Flag.ENFORCE_INGRESS, Flag.ENFORCE_EGRESS);
    for (int flags : new int[] {Frame.SYN, Frame.ACK}) {
      Outcome outcome = node.send(web, web.to(VIP).tcp(1000, 80, flags).checksummed());
      assertThat(outcome.returned()).isEqualTo(TestNode.REDIRECT);
      assertThat(ends(outcome)).isEqualTo("169.254.42.1:1000 10.0.0.1:8080");
      Outcome answer = node.send(web, web.to(LOOPBACK).tcp(8080, 1000, Frame.ACK).checksummed());
      assertThat(answer.returned()).isEqualTo(TestNode.REDIRECT);
      assertThat(ends(answer)).isEqualTo("10.96.0.1:80 10.0.0.1:1000");
      node.changed(web);
    }
    assertThat(services.flows()).hasSize(1);
  }

  @Test
  void callsAreSpreadAndAConnectionStaysWhereItIs() {
    int first = services.backend(webBackend());
    int second =
        services.backend(new Backend(node.stranger.address(), 8080, TCP, Backend.LOCAL, 1));
    services.put(VIP, 80, TCP, SERVICE, first, second);
    Set<String> servers = new HashSet<>();
    for (int port = 1000; port < 1064; port++) {
      String once = ends(call(port, Frame.SYN));
      assertThat(ends(call(port, Frame.SYN))).isEqualTo(once);
      assertThat(ends(call(port, Frame.ACK))).isEqualTo(once);
      servers.add(once.substring(once.indexOf(' ')));
    }
    assertThat(servers).as("of 64 calls").hasSize(2);
  }

  @Test
  void aClientKeepsItsBackendWhileAffinityLasts() {
    int first = services.backend(webBackend());
    int second =
        services.backend(new Backend(node.stranger.address(), 8080, TCP, Backend.LOCAL, 1));
    services.putAffine(VIP, 80, TCP, SERVICE, 3600, first, second);
    Set<String> servers = new HashSet<>();
    for (int port = 1000; port < 1064; port++) {
      String ends = ends(call(port, Frame.SYN));
      servers.add(ends.substring(ends.indexOf(' ')));
    }
    assertThat(servers).hasSize(1);
    int chosen = servers.contains(" 10.0.0.1:8080") ? first : second;
    // The number means another backend now: nothing is kept of what it was.
    Backend other = new Backend(InetAddress.ofLiteral("10.0.0.77"), 8080, TCP, 0, 2);
    services.putAffine(VIP, 80, TCP, SERVICE, 3600, chosen == first ? second : first);
    node.datapath.backends().upsert(chosen, other);
    assertThat(ends(call(2000, Frame.SYN))).doesNotContain("10.0.0.77");
  }

  @Test
  void aTerminatingBackendKeepsItsTcpConnectionsAndUdpGoesElsewhere() {
    for (int protocol : new int[] {TCP, UDP}) {
      int first = services.backend(new Backend(web.address(), 8080, protocol, 0, 1));
      int second = services.backend(new Backend(node.stranger.address(), 8080, protocol, 0, 1));
      services.put(VIP, 80, protocol, SERVICE + protocol, first);
      assertThat(ends(onwards(protocol, Frame.SYN))).contains(" 10.0.0.1:8080");
      services.put(VIP, 80, protocol, SERVICE + protocol, second);
      node.datapath
          .backends()
          .upsert(first, new Backend(web.address(), 8080, protocol, Backend.TERMINATING, 1));
      assertThat(ends(onwards(protocol, Frame.ACK)))
          .contains(protocol == TCP ? " 10.0.0.1:8080" : " 10.0.0.3:8080");
      // Gone: nobody is left behind.
      node.datapath.backends().delete(first);
      assertThat(ends(onwards(protocol, Frame.ACK))).contains(" 10.0.0.3:8080");
    }
  }

  private Outcome onwards(int protocol, int flags) {
    Frame frame = client.to(VIP);
    return node.send(
        client, protocol == TCP ? frame.tcp(1000, 80, flags).checksummed() : frame.udp(1000, 80));
  }

  @Test
  void anAddressThatIsAnothersNowInheritsNothing() {
    int number = services.backend(webBackend());
    services.put(VIP, 80, TCP, SERVICE, number);
    call(1000, Frame.SYN);
    answer(1000);
    // Another backend has the number, another pod the address.
    node.datapath.backends().upsert(number, new Backend(web.address(), 8080, TCP, 0, 2));
    services.put(VIP, 80, TCP, SERVICE);
    assertThat(call(1000, Frame.ACK).what()).containsExactly(NOBODY);
  }

  @Test
  void twoConnectionsNeverBecomeOne() {
    int number = services.backend(webBackend());
    services.put(VIP, 80, TCP, SERVICE, number);
    assertThat(node.send(client, client.to(web).tcp(1000, 8080, Frame.SYN)).returned())
        .as("directly")
        .isEqualTo(TestNode.REDIRECT);
    assertThat(call(1000, Frame.SYN).what())
        .containsExactly("drop SERVICE_BACKEND_NOT_FOUND SERVICE_TAKEN");
    int other = services.backend(new Backend(node.stranger.address(), 8080, TCP, Backend.LOCAL, 1));
    services.put(VIP, 80, TCP, SERVICE, number, other);
    for (int i = 0; i < 8; i++) {
      assertThat(ends(call(1000, Frame.SYN))).isEqualTo("10.0.0.2:1000 10.0.0.3:8080");
    }
    assertThat(ends(answer(1000))).as("directly").isEqualTo("10.0.0.1:8080 10.0.0.2:1000");
    assertThat(node.send(client, client.to(node.stranger).tcp(1000, 8080, Frame.ACK)).what())
        .containsExactly("drop SERVICE_BACKEND_NOT_FOUND SERVICE_PAST");
    InetAddress second = InetAddress.ofLiteral("10.96.0.2");
    services.put(second, 80, TCP, SERVICE + 1, other);
    assertThat(node.send(client, client.to(second).tcp(1000, 80, Frame.SYN)).what())
        .as("by another service")
        .containsExactly("drop SERVICE_BACKEND_NOT_FOUND SERVICE_TAKEN");
  }

  @Test
  void aServiceThatIsGoneLeavesItsConnections() {
    services.put(VIP, 80, TCP, SERVICE, services.backend(webBackend()));
    call(1000, Frame.SYN);
    services.remove(VIP, 80, TCP);
    assertThat(ends(call(1000, Frame.ACK))).isEqualTo("10.0.0.2:1000 10.0.0.1:8080");
    assertThat(ends(answer(1000))).isEqualTo("10.96.0.1:80 10.0.0.2:1000");
  }

  @Test
  void anErrorAboutACallIsAboutTheService() {
    services.put(
        VIP, 53, UDP, SERVICE, services.backend(new Backend(web.address(), 5353, UDP, 0, 1)));
    node.send(client, client.to(VIP).udp(1000, 53));
    Frame received = client.to(web).udp(1000, 5353);
    Outcome error = node.send(web, web.to(client).icmpError(3, 3, received).checksummed());
    assertThat(error.returned()).isEqualTo(TestNode.REDIRECT);
    assertThat(error.what()).containsExactly("TO_ENDPOINT RELATED");
    assertThat(error.events().getLast().event().service()).isEqualTo(SERVICE);
    byte[] bytes = error.packet();
    assertThat(Frame.checksum(bytes, 14, 20)).as("IP checksum").isZero();
    assertThat(Frame.checksum(bytes, 34, bytes.length - 34)).as("ICMP checksum").isZero();
    assertThat(Frame.checksum(bytes, 42, 20)).as("inner IP checksum").isZero();
    assertThat(address(bytes, 26)).as("from").isEqualTo("10.96.0.1");
    assertThat(address(bytes, 30)).as("to").isEqualTo("10.0.0.2");
    assertThat(address(bytes, 54)).as("inner from").isEqualTo("10.0.0.2");
    assertThat(address(bytes, 58)).as("inner to").isEqualTo("10.96.0.1");
    assertThat(ByteBuffer.wrap(bytes).getShort(64)).as("inner port").isEqualTo((short) 53);
  }

  @Test
  void sctpIsTranslatedWhereItsPortStays() {
    int sctp = 132;
    services.put(
        VIP, 9000, sctp, SERVICE, services.backend(new Backend(web.address(), 9000, sctp, 0, 1)));
    Outcome outcome = node.send(client, client.to(VIP).sctp(1000, 9000));
    assertThat(address(outcome.packet(), 30)).isEqualTo("10.0.0.1");
    services.put(
        VIP, 9001, sctp, SERVICE, services.backend(new Backend(web.address(), 9000, sctp, 0, 1)));
    assertThat(node.send(client, client.to(VIP).sctp(1000, 9001)).what()).containsExactly(NOBODY);
  }

  @Test
  void flowsGoWithTheirConnections() {
    // Three times as many as fit.
    List<String> ends = new ArrayList<>();
    services.put(
        VIP, 80, UDP, SERVICE, services.backend(new Backend(web.address(), 8080, UDP, 0, 1)));
    for (int port = 1000; port < 1000 + 3 * 1024; port++) {
      Outcome outcome = node.send(client, client.to(VIP).udp(port, 80));
      if (outcome.returned() == TestNode.REDIRECT) {
        ends.add(ends(outcome));
      }
    }
    assertThat(ends).hasSizeGreaterThan(1024);
    assertThat(services.flows().size()).isEqualTo(node.connections());
  }
}
