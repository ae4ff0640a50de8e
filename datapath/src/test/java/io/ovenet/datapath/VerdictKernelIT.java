package io.ovenet.datapath;

import static org.assertj.core.api.Assertions.assertThat;

import io.ovenet.datapath.Endpoint.Flag;
import io.ovenet.datapath.TestNode.Outcome;
import io.ovenet.datapath.TestNode.Pod;
import java.io.IOException;
import java.util.EnumSet;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What policy makes of a new connection, and what becomes of one when policy changes. */
class VerdictKernelIT {
  private static final int IN = PolicyKey.INGRESS;
  private static final int OUT = PolicyKey.EGRESS;
  private static final int UDP = 17;
  private static final int TCP = 6;
  private static final int ICMP = 1;

  private TestNode node;
  private Pod client;
  private Pod web;

  @BeforeEach
  void open() throws IOException {
    node = new TestNode(TestNode.options());
    client = node.client;
    web = node.web;
  }

  @AfterEach
  void close() throws IOException {
    node.close();
  }

  private Outcome ask(int sourcePort) {
    return node.send(client, client.to(web).tcp(sourcePort, 80, Frame.SYN));
  }

  private Outcome answer(int sourcePort) {
    return node.send(web, web.to(client).tcp(80, sourcePort, Frame.SYN | Frame.ACK));
  }

  @Test
  void defaultDenyNamesNoRule() {
    node.enforce(web, Flag.ENFORCE_INGRESS);
    Outcome outcome = ask(1000);
    assertThat(outcome.returned()).isEqualTo(TestNode.SHOT);
    assertThat(outcome.what())
        .containsExactly("ALLOW out", "DEFAULT in", "drop POLICY_DENIED NONE");
    assertThat(outcome.events().getLast().event().direction()).isEqualTo(IN);
    assertThat(node.connections()).isZero();
  }

  @Test
  void aRuleForTheClassDecidesAndIsNamed() {
    node.enforce(web, Flag.ENFORCE_INGRESS);
    node.rule(web, IN, TestNode.CLIENT, TCP, 80, Verdict.ALLOW, 77);
    Outcome outcome = ask(1001);
    assertThat(outcome.what()).containsExactly("ALLOW out", "ALLOW in", "TO_ENDPOINT NEW");
    assertThat(outcome.events().get(1).event().rule()).isEqualTo(77);
    assertThat(outcome.events().get(1).event().match()).isEqualTo(2);
    assertThat(node.send(client, client.to(web).tcp(1002, 81, Frame.SYN)).what())
        .contains("drop POLICY_DENIED NONE");
    assertThat(node.send(node.stranger, node.stranger.to(web).tcp(1002, 80, Frame.SYN)).what())
        .contains("drop POLICY_DENIED NONE");
  }

  @Test
  void whatHasNoEntryOfItsOwnIsDecidedByAny() {
    node.enforce(web, Flag.ENFORCE_INGRESS);
    node.rule(web, IN, PolicyKey.CLASS_ANY, TCP, 80, Verdict.ALLOW, 78);
    assertThat(ask(1003).returned()).isEqualTo(TestNode.REDIRECT);
  }

  @Test
  void aVariantIsDecidedByItsOwnClassAndToldByItsIdentity() {
    int variant = 3 << 24 | 1;
    node.enforce(client, Flag.ENFORCE_EGRESS);
    node.datapath.classes().upsert(variant, 4001);
    node.rule(client, OUT, 4001, TCP, 80, Verdict.ALLOW, 97);
    assertThat(ask(1030).returned()).isEqualTo(TestNode.SHOT);
    node.datapath.endpoints().setVariant(web.id(), variant);
    Outcome outcome = ask(1031);
    assertThat(outcome.what()).contains("ALLOW out");
    FlowEvent event = outcome.events().getFirst().event();
    assertThat(event.rule()).isEqualTo(97);
    assertThat(event.destinationIdentity()).isEqualTo(TestNode.WEB);
    node.rule(client, OUT, 4001, UDP, 53, Verdict.ALLOW, 98);
    Frame query = client.to(TestNode.OUTSIDE).udp(1032, 53);
    assertThat(node.send(client, query).returned()).isEqualTo(TestNode.SHOT);
    node.datapath.ipcache().upsert(IpcacheKey.of(TestNode.OUTSIDE), new IpcacheValue(2, variant));
    node.datapath.revisions().setCurrent(2);
    node.datapath.revisions().setRemote(2);
    assertThat(node.send(client, query).returned()).isEqualTo(TestNode.REDIRECT);
  }

  @Test
  void aDenyRuleHasItsOwnReasonAndName() {
    node.enforce(client, Flag.ENFORCE_EGRESS);
    node.rule(client, OUT, TestNode.WEB, TCP, 80, Verdict.DENY, 79);
    Outcome outcome = ask(1004);
    assertThat(outcome.what()).containsExactly("DENY out", "drop POLICY_DENY NONE");
    assertThat(outcome.events().getLast().event().rule()).isEqualTo(79);
    assertThat(outcome.events().getLast().event().direction()).isEqualTo(OUT);
  }

  @Test
  void auditPassesAndSaysSo() {
    node.enforce(web, Flag.ENFORCE_INGRESS);
    node.rule(web, IN, TestNode.CLIENT, TCP, 80, Verdict.AUDIT, 80);
    assertThat(ask(1005).what()).containsExactly("ALLOW out", "AUDIT in", "TO_ENDPOINT NEW");
    assertThat(answer(1005).returned()).isEqualTo(TestNode.REDIRECT);
  }

  @Test
  void redirectionWithoutAProxyFailsClosed() {
    node.enforce(web, Flag.ENFORCE_INGRESS);
    node.rule(web, IN, TestNode.CLIENT, TCP, 80, Verdict.REDIRECT, 81);
    assertThat(ask(1006).what())
        .containsExactly("ALLOW out", "REDIRECT in", "drop SOCKET_ASSIGN_FAILED PROXY");
  }

  @Test
  void anIdentityWithoutAClassAndAnEndpointWithoutPolicyPassNothing() {
    node.enforce(web, Flag.ENFORCE_INGRESS);
    node.rule(web, IN, PolicyKey.CLASS_ANY, TCP, 80, Verdict.ALLOW, 82);
    node.datapath.classes().delete(TestNode.CLIENT);
    assertThat(ask(1007).what())
        .contains("drop NO_CONFIGURATION_AVAILABLE_TO_PERFORM_POLICY_DECISION NO_CLASS");
    node.datapath.endpoints().setPolicy(client.id(), 0);
    assertThat(ask(1008).what()).containsExactly("DEFAULT out", "drop DROP_EP_NOT_READY NO_POLICY");
    node.datapath.endpoints().remove(client.id());
    assertThat(ask(1009).what()).containsExactly("drop DROP_EP_NOT_READY NONE");
  }

  @Test
  void unknownAddressesPassNothing() {
    node.datapath.endpoints().remove(web.id());
    assertThat(ask(1010).what()).containsExactly("drop NO_MATCHING_LOCAL_CONTAINER_FOUND NONE");
    node.datapath.ipcache().delete(new IpcacheKey(java.net.InetAddress.ofLiteral("0.0.0.0"), 0));
    assertThat(node.send(client, client.to(TestNode.OUTSIDE).udp(1, 53)).what())
        .containsExactly("drop UNKNOWN_L3_TARGET_ADDRESS NONE");
    assertThat(node.hear(client, client.hears(TestNode.OUTSIDE).udp(1, 53)).what())
        .containsExactly("drop UNKNOWN_SENDER NONE");
  }

  @Test
  void repliesPassWithTheirConnectionAndNothingElseDoes() {
    node.enforce(web, Flag.ENFORCE_INGRESS, Flag.ENFORCE_EGRESS);
    node.rule(web, IN, TestNode.CLIENT, TCP, 80, Verdict.ALLOW, 90);
    assertThat(answer(1011).returned()).as("an answer to nothing").isEqualTo(TestNode.SHOT);
    ask(1011);
    Outcome first = answer(1011);
    assertThat(first.what()).containsExactly("TO_ENDPOINT REPLY");
    assertThat(first.events().getFirst().event().has(FlowEvent.REPLY)).isTrue();
    assertThat(answer(1011).what()).as("later ones say nothing").isEmpty();
    assertThat(node.send(web, web.to(client).tcp(80, 1011, Frame.SYN)).what())
        .as("a new connection on the way of the replies")
        .contains("drop POLICY_DENIED NONE");
    assertThat(answer(1011).returned())
        .as("which costs the old one nothing")
        .isEqualTo(TestNode.REDIRECT);
  }

  @Test
  void endsAreTold() {
    ask(1012);
    answer(1012);
    assertThat(node.send(client, client.to(web).tcp(1012, 80, Frame.FIN | Frame.ACK)).what())
        .containsExactly("TO_ENDPOINT ESTABLISHED");
    assertThat(state()).isEqualTo(ConntrackState.CLOSING);
    assertThat(node.send(web, web.to(client).tcp(80, 1012, Frame.FIN | Frame.ACK)).what())
        .containsExactly("TO_ENDPOINT REPLY");
    assertThat(state()).isEqualTo(ConntrackState.CLOSED);
    assertThat(ask(1012).what())
        .as("the same ports again are a new connection")
        .containsExactly("ALLOW out", "ALLOW in", "TO_ENDPOINT NEW");
    assertThat(state()).isEqualTo(ConntrackState.NEW);
    node.send(web, web.to(client).tcp(80, 1012, Frame.RST));
    assertThat(state()).isEqualTo(ConntrackState.CLOSED);
  }

  private ConntrackState state() {
    ConntrackState[] state = new ConntrackState[1];
    node.datapath.conntrack().forEach((key, entry) -> state[0] = ConntrackState.of(entry.state()));
    assertThat(node.connections()).isEqualTo(1);
    return state[0];
  }

  @Test
  void echoIsJudgedByWhoAsks() {
    node.enforce(client, Flag.ENFORCE_INGRESS);
    assertThat(node.send(client, client.to(web).icmp(8, 0, 5)).returned())
        .isEqualTo(TestNode.REDIRECT);
    assertThat(node.send(web, web.to(client).icmp(0, 0, 5)).what())
        .containsExactly("TO_ENDPOINT REPLY");
    assertThat(node.send(web, web.to(client).icmp(8, 0, 5)).what())
        .as("asking back with the same identifier")
        .contains("drop POLICY_DENIED NONE");
    assertThat(node.send(web, web.to(client).icmp(14, 0, 5)).what())
        .as("the answer to another kind of request")
        .contains("drop CT_CANNOT_CREATE_ENTRY_FROM_PACKET ICMP_UNRELATED");
    node.rule(client, IN, TestNode.WEB, ICMP, 8 << 8, Verdict.ALLOW, 91);
    assertThat(node.send(web, web.to(client).icmp(8, 0, 6)).returned())
        .isEqualTo(TestNode.REDIRECT);
    assertThat(node.send(web, web.to(client).icmp(13, 0, 6)).returned()).isEqualTo(TestNode.SHOT);
  }

  @Test
  void icmpErrorsGoWithTheirConnection() {
    node.enforce(client, Flag.ENFORCE_INGRESS);
    Frame inner = client.to(web).udp(1013, 80);
    Frame error = web.to(client).icmpError(3, 3, inner);
    assertThat(node.send(web, error).what())
        .contains("drop CT_CANNOT_CREATE_ENTRY_FROM_PACKET ICMP_UNRELATED");
    node.send(client, inner);
    assertThat(node.send(web, error).what()).containsExactly("TO_ENDPOINT RELATED");
    assertThat(node.send(node.stranger, node.stranger.to(client).icmpError(3, 3, inner)).what())
        .as("about what somebody else was sent")
        .contains("drop CT_CANNOT_CREATE_ENTRY_FROM_PACKET ICMP_INNER");
    assertThat(node.send(web, web.to(node.stranger).icmpError(3, 3, inner)).what())
        .as("to who did not send it")
        .contains("drop CT_CANNOT_CREATE_ENTRY_FROM_PACKET ICMP_INNER");
    node.enforce(web, Flag.ENFORCE_INGRESS);
    node.changed(web);
    assertThat(node.send(web, error).returned()).as("the verdict is void").isEqualTo(TestNode.SHOT);
  }

  @Test
  void errorsOfRoutersComeBackIn() {
    Frame inner = client.to(TestNode.OUTSIDE).udp(1014, 53);
    node.send(client, inner);
    Frame error = client.hears(TestNode.HOST).icmpError(11, 0, inner);
    Outcome outcome = node.hear(client, error);
    assertThat(outcome.what()).containsExactly("TO_ENDPOINT RELATED");
    assertThat(outcome.events().getFirst().event().sourceIdentity()).isEqualTo(1);
    assertThat(node.hear(web, web.hears(TestNode.HOST).icmpError(11, 0, inner)).returned())
        .isEqualTo(TestNode.SHOT);
  }

  @Test
  void aChangeCutsAnEstablishedConnectionBothWaysAndAnotherOneHealsIt() {
    ask(1015);
    answer(1015);
    node.enforce(web, Flag.ENFORCE_INGRESS);
    assertThat(answer(1015).returned())
        .as("not before the revision says so")
        .isEqualTo(TestNode.REDIRECT);
    node.changed(web);
    Outcome back = answer(1015);
    assertThat(back.what()).containsExactly("ALLOW out", "DEFAULT in", "drop POLICY_DENIED NONE");
    assertThat(answer(1015).what()).as("from the entry").containsExactly("drop POLICY_DENIED NONE");
    Outcome onwards = node.send(client, client.to(web).tcp(1015, 80, Frame.ACK));
    assertThat(onwards.what()).containsExactly("drop POLICY_DENIED NONE");
    assertThat(onwards.events().getFirst().event().direction()).isEqualTo(IN);
    node.rule(web, IN, TestNode.CLIENT, TCP, 80, Verdict.ALLOW, 92);
    node.changed(web);
    assertThat(answer(1015).returned()).isEqualTo(TestNode.REDIRECT);
    assertThat(node.send(client, client.to(web).tcp(1015, 80, Frame.ACK)).what()).isEmpty();
  }

  @Test
  void aRelabelledPeerIsCutToo() {
    node.enforce(web, Flag.ENFORCE_INGRESS);
    node.rule(web, IN, TestNode.CLIENT, TCP, 80, Verdict.ALLOW, 93);
    ask(1016);
    answer(1016);
    node.datapath.endpoints().setIdentity(client.id(), TestNode.STRANGER);
    node.changed(client);
    assertThat(answer(1016).returned()).isEqualTo(TestNode.SHOT);
    assertThat(node.send(client, client.to(web).tcp(1016, 80, Frame.ACK)).returned())
        .isEqualTo(TestNode.SHOT);
  }

  @Test
  void whoTakesOverAnAddressInheritsNothing() {
    node.enforce(web, Flag.ENFORCE_INGRESS);
    node.rule(web, IN, TestNode.CLIENT, TCP, 80, Verdict.ALLOW, 94);
    ask(1017);
    answer(1017);
    node.put(web, EnumSet.of(Flag.PRESENT, Flag.ENFORCE_INGRESS, Flag.ENFORCE_EGRESS), 1, 2);
    assertThat(answer(1017).what())
        .as("a reply to what its predecessor was asked")
        .containsExactly("DEFAULT out", "drop POLICY_DENIED NONE");
    assertThat(node.send(client, client.to(web).tcp(1017, 80, Frame.ACK)).what())
        .containsExactly("ALLOW out", "ALLOW in", "TO_ENDPOINT NEW");
  }

  @Test
  void whatRestsOnARemoteAddressIsVoidWithIt() {
    node.enforce(client, Flag.ENFORCE_EGRESS);
    node.rule(client, OUT, 2, UDP, 53, Verdict.ALLOW, 95);
    Frame query = client.to(TestNode.OUTSIDE).udp(1018, 53);
    assertThat(node.send(client, query).returned()).isEqualTo(TestNode.REDIRECT);
    node.datapath.classes().upsert(4000, 4000);
    node.datapath.ipcache().upsert(IpcacheKey.of(TestNode.OUTSIDE), new IpcacheValue(4000));
    node.datapath.revisions().setCurrent(2);
    assertThat(node.send(client, query).returned()).isEqualTo(TestNode.REDIRECT);
    node.datapath.revisions().setRemote(2);
    assertThat(node.send(client, query).returned()).isEqualTo(TestNode.SHOT);
    assertThat(node.hear(client, client.hears(TestNode.OUTSIDE).udp(53, 1018)).returned())
        .isEqualTo(TestNode.SHOT);
  }

  @Test
  void theHostIsDecidedByPolicyAsEverybodyIs() {
    node.enforce(web, Flag.ENFORCE_INGRESS);
    assertThat(node.hear(web, web.hears(TestNode.HOST).tcp(1018, 80, Frame.SYN)).what())
        .contains("drop POLICY_DENIED NONE");
    node.rule(web, IN, 1, TCP, 80, Verdict.ALLOW, 0);
    Outcome outcome = node.hear(web, web.hears(TestNode.HOST).tcp(1019, 80, Frame.SYN));
    assertThat(outcome.returned()).isEqualTo(TestNode.OK);
    assertThat(outcome.what()).containsExactly("ALLOW in", "TO_ENDPOINT NEW");
    assertThat(java.util.Arrays.copyOf(outcome.packet(), 6)).isEqualTo(web.mac().bytes());
    assertThat(node.send(web, web.to(TestNode.HOST).tcp(80, 1019, Frame.SYN | Frame.ACK)).what())
        .containsExactly("TO_HOST REPLY");
    node.rule(web, IN, 1, TCP, 80, Verdict.DENY, 96);
    node.changed(web);
    assertThat(node.hear(web, web.hears(TestNode.HOST).tcp(1019, 80, Frame.ACK)).what())
        .contains("drop POLICY_DENY NONE");
    assertThat(node.hear(web, web.hears(TestNode.OUTSIDE).tcp(1020, 80, Frame.SYN)).what())
        .contains("drop POLICY_DENIED NONE");
  }

  @Test
  void anEndpointsAddressOutOfTheStackIsNotBelieved() {
    assertThat(node.hear(web, web.hears(client.address()).tcp(1021, 80, Frame.SYN)).what())
        .containsExactly("drop INVALID_SOURCE_IP CLAIMS_ENDPOINT");
    ask(1022);
    answer(1022);
    assertThat(node.hear(web, web.hears(client.address()).tcp(1022, 80, Frame.ACK)).what())
        .containsExactly("drop INVALID_SOURCE_IP CLAIMS_ENDPOINT");
  }

  @Test
  void intoThePodGoesOnlyWhatIsForIt() {
    assertThat(node.hear(web, web.hears(TestNode.HOST).to(client.address()).udp(1, 2)).what())
        .containsExactly("drop STALE_OR_UNROUTABLE_IP NONE");
    assertThat(
            node.run(
                    "to_pod", web, Frame.arp(web.mac(), 1, web.mac(), TestNode.HOST, web.address()))
                .what())
        .containsExactly("drop UNSUPPORTED_L2_PROTOCOL ARP");
  }

  @Test
  void fromHostFindsThePodAndLeavesTheFrameUnfit() {
    Outcome found =
        node.run(
            "from_host", web, web.hears(TestNode.HOST).destinationMac(web.mac()).udp(1, 2).bytes());
    assertThat(found.returned()).isEqualTo(TestNode.REDIRECT);
    assertThat(java.util.Arrays.copyOf(found.packet(), 6)).isEqualTo(new byte[6]);
    assertThat(
            node.run(
                    "from_host",
                    web,
                    web.hears(TestNode.HOST).to(TestNode.NOBODY).udp(1, 2).bytes())
                .what())
        .containsExactly("drop NO_MATCHING_LOCAL_CONTAINER_FOUND NONE");
  }
}
