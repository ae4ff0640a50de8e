package io.ovenet.datapath;

import static org.assertj.core.api.Assertions.assertThat;

import io.ovenet.bpf.RingBuffer;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Which messages of DNS are copied for user space, and that they are bounded and counted. */
class DnsKernelIT {
  private TestNode node;
  private RingBuffer ring;

  @BeforeEach
  void open() throws IOException {
    node = new TestNode(TestNode.options());
    ring = new RingBuffer(node.datapath.dnsMessages());
  }

  @AfterEach
  void close() throws IOException {
    ring.close();
    node.close();
  }

  private static Frame datagram(Frame frame, int sourcePort, int destinationPort, int size) {
    ByteBuffer udp = ByteBuffer.allocate(8 + size);
    udp.putShort((short) sourcePort).putShort((short) destinationPort);
    udp.putShort((short) (8 + size));
    return frame.l4(17, udp.array());
  }

  private List<DnsMessage> copied() {
    var copied = new ArrayList<DnsMessage>();
    ring.drain(
        (data, offset, length) -> {
          assertThat(length).isEqualTo(DnsMessage.SIZE);
          copied.add(
              new DnsMessage()
                  .at(MemorySegment.ofArray(data.asSlice(offset, length).toArray(Bytes.U8)), 0));
        });
    return copied;
  }

  @Test
  void aPodsQuestionAndTheAnswer() {
    var question = node.client.to(node.web);
    var answer = node.web.to(node.client);
    for (int turn = 0; turn < 2; turn++) {
      assertThat(node.send(node.client, datagram(question, 40000, 53, 30)).returned())
          .isEqualTo(TestNode.REDIRECT);
      List<DnsMessage> asked = copied();
      assertThat(asked).hasSize(1);
      assertThat(asked.get(0).sourceEndpoint()).isEqualTo(node.client.id());
      assertThat(asked.get(0).sourceIdentity()).isEqualTo(TestNode.CLIENT);
      assertThat(asked.get(0).sourcePort()).isEqualTo(40000);
      assertThat(asked.get(0).destinationPort()).isEqualTo(53);
      assertThat(asked.get(0).length()).isEqualTo(30);
      assertThat(asked.get(0).captured()).isEqualTo(30);
      node.send(node.web, datagram(answer, 53, 40000, 200));
      List<DnsMessage> answered = copied();
      assertThat(answered).as("turn %d", turn).hasSize(1);
      assertThat(answered.get(0).sourceLow()).isEqualTo(asked.get(0).destinationLow());
      assertThat(answered.get(0).length()).isEqualTo(200);
    }
    node.send(node.client, datagram(question, 40000, 5353, 30));
    assertThat(copied()).as("OpenShift's port").hasSize(1);
    node.send(node.client, datagram(question, 40000, 54, 30));
    node.send(node.client, question.tcp(40000, 53, 2));
    assertThat(copied()).as("what is no DNS over UDP").isEmpty();
    assertThat(node.datapath.dnsCounter()).isEqualTo(new EventCounter(5, 0));
  }

  @Test
  void anAnswerFromOutsideAndOneThatNobodyMayGive() {
    node.send(node.client, datagram(node.client.to(TestNode.OUTSIDE), 40000, 53, 30));
    List<DnsMessage> asked = copied();
    assertThat(asked).hasSize(1);
    assertThat(asked.get(0).destinationIdentity()).isEqualTo(2);
    node.hear(node.client, datagram(node.client.hears(TestNode.OUTSIDE), 53, 40000, 600));
    List<DnsMessage> answered = copied();
    assertThat(answered).hasSize(1);
    assertThat(answered.get(0).sourceIdentity()).isEqualTo(2);
    assertThat(answered.get(0).length()).isEqualTo(600);
    assertThat(answered.get(0).captured()).as("the rest is not copied").isEqualTo(512);
    node.enforce(node.web, Endpoint.Flag.ENFORCE_INGRESS);
    assertThat(
            node.send(node.stranger, datagram(node.stranger.to(node.web), 53, 40001, 30))
                .returned())
        .isEqualTo(TestNode.SHOT);
    assertThat(copied()).as("what is dropped answers nobody").isEmpty();
  }

  @Test
  void theSizesAtTheEdges() {
    for (int size : new int[] {1, 511, 512, 513, 1200}) {
      node.send(node.client, datagram(node.client.to(node.web), 40000, 53, size));
      List<DnsMessage> copied = copied();
      assertThat(copied).as("%d bytes", size).hasSize(1);
      assertThat(copied.get(0).captured()).isEqualTo(Math.min(size, 512));
    }
    node.send(node.client, datagram(node.client.to(node.web), 40000, 53, 0));
    assertThat(copied()).isEmpty();
  }

  @Test
  void aFullRingIsCountedAndCostsNobody() {
    var question = datagram(node.client.to(node.web), 40000, 53, 30);
    for (int i = 0; i < 1000; i++) {
      assertThat(node.send(node.client, question).returned()).isEqualTo(TestNode.REDIRECT);
    }
    EventCounter counter = node.datapath.dnsCounter();
    assertThat(counter.lost()).isPositive();
    assertThat(counter.written() + counter.lost()).isEqualTo(1000);
    assertThat(copied()).hasSize((int) counter.written());
  }
}
