package io.ovenet.datapath;

import static org.assertj.core.api.Assertions.assertThat;

import io.ovenet.datapath.Endpoint.Flag;
import java.io.IOException;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The kernel's policy asked without a packet: as it decides packets, and nothing left behind. */
class PolicyProbeKernelIT {
  private static final int IN = PolicyKey.INGRESS;
  private static final int OUT = PolicyKey.EGRESS;
  private static final int TCP = 6;

  private TestNode node;
  private PolicyProbe probe;

  @BeforeEach
  void open() throws IOException {
    node = new TestNode(TestNode.options());
    probe = node.datapath.probe();
  }

  @AfterEach
  void close() throws IOException {
    node.close();
  }

  private PolicyQuestion.Answer ask(PolicyQuestion question) {
    return probe.ask(List.of(question)).getFirst();
  }

  private PolicyQuestion clientToWeb(int port) {
    return PolicyQuestion.at(node.web.id(), IN, node.client.address(), TCP, port);
  }

  @Test
  void answersNameRulePeerClassAndPolicy() {
    node.enforce(node.web, Flag.ENFORCE_INGRESS);
    node.rule(node.web, IN, TestNode.CLIENT, TCP, 80, Verdict.ALLOW, 77);
    PolicyQuestion.Answer answer = ask(clientToWeb(80));
    assertThat(answer.verdict()).isEqualTo(Verdict.ALLOW);
    assertThat(answer.dropReason()).isZero();
    assertThat(answer.rule()).isEqualTo(77);
    assertThat(answer.match()).isEqualTo(2);
    assertThat(answer.identity()).isEqualTo(TestNode.CLIENT);
    assertThat(answer.number()).isEqualTo(TestNode.CLIENT);
    assertThat(answer.policy()).isEqualTo(node.web.policy());
    assertThat(answer.identityClass()).isEqualTo(node.datapath.classes().get(TestNode.CLIENT));
    assertThat(ask(clientToWeb(81)).verdict()).isEqualTo(Verdict.DEFAULT);
    assertThat(ask(clientToWeb(81)).dropReason()).isEqualTo(DropReason.POLICY_DENIED.number());
    var byNumber = PolicyQuestion.of(node.web.id(), IN, TestNode.CLIENT, TCP, 80);
    assertThat(ask(byNumber)).isEqualTo(answer);
    var notEnforced = PolicyQuestion.at(node.web.id(), OUT, node.client.address(), TCP, 80);
    assertThat(ask(notEnforced).verdict()).isEqualTo(Verdict.ALLOW);
  }

  @Test
  void aVariantStandsForItsPartOfAnIdentity() {
    int variant = 3 << 24 | 1;
    node.enforce(node.client, Flag.ENFORCE_EGRESS);
    node.datapath.classes().upsert(variant, 4001);
    node.rule(node.client, OUT, 4001, TCP, 80, Verdict.ALLOW, 97);
    var question = PolicyQuestion.at(node.client.id(), OUT, node.web.address(), TCP, 80);
    assertThat(ask(question).verdict()).isEqualTo(Verdict.DEFAULT);
    node.datapath.endpoints().setVariant(node.web.id(), variant);
    PolicyQuestion.Answer answer = ask(question);
    assertThat(answer.verdict()).isEqualTo(Verdict.ALLOW);
    assertThat(answer.identity()).isEqualTo(TestNode.WEB);
    assertThat(answer.number()).isEqualTo(variant);
    assertThat(Objects.requireNonNull(answer.identityClass())).isEqualTo(4001);
  }

  @Test
  void whatIsNotThereIsAnAnswerToo() {
    node.datapath.ipcache().delete(new IpcacheKey(InetAddress.ofLiteral("0.0.0.0"), 0));
    var nobody = PolicyQuestion.at(node.web.id(), IN, TestNode.NOBODY, TCP, 80);
    assertThat(ask(nobody).verdict()).isNull();
    assertThat(ask(nobody).dropReason()).isEqualTo(DropReason.UNKNOWN_L3_TARGET_ADDRESS.number());
    node.enforce(node.web, Flag.ENFORCE_INGRESS);
    node.datapath.classes().delete(TestNode.CLIENT);
    assertThat(ask(clientToWeb(80)).detail()).isEqualTo(DropDetail.NO_CLASS.number());
    assertThat(ask(clientToWeb(80)).identityClass()).isNull();
    node.datapath.endpoints().setPolicy(node.web.id(), 0);
    assertThat(ask(clientToWeb(80)).policy()).isZero();
    assertThat(ask(clientToWeb(80)).dropReason()).isEqualTo(DropReason.DROP_EP_NOT_READY.number());
    node.datapath.endpoints().remove(node.web.id());
    assertThat(ask(clientToWeb(80)).dropReason()).isEqualTo(DropReason.DROP_EP_NOT_READY.number());
  }

  @Test
  void manyAreAnsweredInOrderAndNothingIsLeft() {
    node.enforce(node.web, Flag.ENFORCE_INGRESS);
    List<PolicyQuestion> questions = new ArrayList<>();
    for (int port = 1; port <= 500; port++) {
      questions.add(clientToWeb(port));
      if (port % 7 == 0) {
        node.rule(node.web, IN, TestNode.CLIENT, TCP, port, Verdict.ALLOW, 1000 + port);
      }
    }
    var counted = node.datapath.eventCounter();
    List<PolicyQuestion.Answer> answers = probe.ask(questions);
    assertThat(answers).hasSize(500);
    for (int port = 1; port <= 500; port++) {
      assertThat(answers.get(port - 1).rule()).isEqualTo(port % 7 == 0 ? 1000 + port : 0);
    }
    assertThat(node.connections()).isZero();
    assertThat(node.datapath.eventCounter()).isEqualTo(counted);
    assertThat(node.datapath.drops()).isEmpty();
  }
}
