package io.ovenet.datapath;

import static org.assertj.core.api.Assertions.assertThat;

import io.ovenet.datapath.TestNode.Outcome;
import io.ovenet.datapath.TestNode.Seen;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Which packets of a standing connection are told of, and for how many each stands. */
class ReportingKernelIT {
  private static TestNode node(Reporting reporting) throws IOException {
    return new TestNode(TestNode.options().withReporting(reporting));
  }

  private static Outcome ask(TestNode node) {
    return node.send(node.client, node.client.to(node.web).udp(1000, 53));
  }

  private static Outcome answer(TestNode node) {
    return node.send(node.web, node.web.to(node.client).udp(53, 1000));
  }

  @Test
  void withoutAggregationEachPacketIsToldOfWhereItComesInAndWhereItGoesOn() throws IOException {
    try (TestNode node = node(new Reporting(true, Duration.ZERO, 7))) {
      assertThat(ask(node).what())
          .containsExactly("FROM_ENDPOINT null", "ALLOW out", "ALLOW in", "TO_ENDPOINT NEW");
      for (int i = 0; i < 3; i++) {
        assertThat(answer(node).what()).containsExactly("FROM_ENDPOINT null", "TO_ENDPOINT REPLY");
        Outcome again = ask(node);
        assertThat(again.what()).containsExactly("FROM_ENDPOINT null", "TO_ENDPOINT ESTABLISHED");
        FlowEvent received = again.events().get(0).event();
        assertThat(received.sourceEndpoint()).isEqualTo(node.client.id());
        assertThat(received.sourceIdentity()).isEqualTo(TestNode.CLIENT);
        assertThat(received.destinationEndpoint()).isZero();
        assertThat(received.has(FlowEvent.REPLY_KNOWN)).isFalse();
        assertThat(received.direction()).isEqualTo(2);
      }
    }
  }

  @Test
  void whereNobodyReadsNothingIsWrittenAndDropsAreCounted() throws IOException {
    try (TestNode node = node(Reporting.NOTHING)) {
      assertThat(ask(node).what()).isEmpty();
      assertThat(answer(node).what()).isEmpty();
      assertThat(node.send(node.client, node.client.to(node.web).l4(17, new byte[7])).what())
          .isEmpty();
      assertThat(node.datapath.eventCounter()).isEqualTo(new EventCounter(0, 0));
      assertThat(node.datapath.drops()).hasSize(1);
      assertThat(node.connections()).isEqualTo(1);
    }
  }

  @Test
  void lowTellsOfEachPacketOnce() throws IOException {
    try (TestNode node = node(new Reporting(false, Duration.ZERO, 7))) {
      ask(node);
      for (int i = 0; i < 3; i++) {
        assertThat(answer(node).what()).containsExactly("TO_ENDPOINT REPLY");
        assertThat(ask(node).what()).containsExactly("TO_ENDPOINT ESTABLISHED");
      }
      assertThat(counts(ask(node).events())).containsExactly(1);
    }
  }

  @Test
  void mediumTellsOfBeginAnswerAndEachFlagOnceADirection() throws IOException {
    try (TestNode node = node(new Reporting(false, Reporting.LONGEST, 7))) {
      var client = node.client.to(node.web);
      var web = node.web.to(node.client);
      assertThat(node.send(node.client, client.tcp(1000, 80, Reporting.SYN)).what())
          .endsWith("TO_ENDPOINT NEW");
      assertThat(node.send(node.client, client.tcp(1000, 80, Reporting.SYN)).what())
          .as("the same SYN again")
          .isEmpty();
      assertThat(node.send(node.web, web.tcp(80, 1000, Reporting.SYN | 16)).what())
          .containsExactly("TO_ENDPOINT REPLY");
      for (int i = 0; i < 5; i++) {
        assertThat(node.send(node.client, client.tcp(1000, 80, 16 | 8)).what()).isEmpty();
        assertThat(node.send(node.web, web.tcp(80, 1000, 16 | 8)).what()).isEmpty();
      }
      Outcome end = node.send(node.client, client.tcp(1000, 80, Reporting.FIN | 16));
      assertThat(end.what()).containsExactly("TO_ENDPOINT ESTABLISHED");
      assertThat(counts(end.events())).as("with the SYN and the five before").containsExactly(7);
      end = node.send(node.web, web.tcp(80, 1000, Reporting.FIN | 16));
      assertThat(end.what()).containsExactly("TO_ENDPOINT REPLY");
      assertThat(counts(end.events())).containsExactly(6);
      assertThat(node.send(node.client, client.tcp(1000, 80, Reporting.FIN | 16)).what()).isEmpty();
    }
  }

  @Test
  void theFlagsThatCountCanBeChosen() throws IOException {
    try (TestNode node = node(new Reporting(false, Reporting.LONGEST, 8))) {
      var client = node.client.to(node.web);
      node.send(node.client, client.tcp(1000, 80, Reporting.SYN));
      assertThat(node.send(node.client, client.tcp(1000, 80, 16 | 8)).what())
          .containsExactly("TO_ENDPOINT ESTABLISHED");
      assertThat(node.send(node.client, client.tcp(1000, 80, 16 | 8)).what()).isEmpty();
      assertThat(node.send(node.client, client.tcp(1000, 80, Reporting.FIN | 16)).what()).isEmpty();
    }
  }

  @Test
  void mediumTellsOnceAnIntervalAndNoPacketIsLeftOut() throws IOException {
    try (TestNode node = node(new Reporting(false, Duration.ofMillis(1), 7))) {
      ask(node);
      long deadline = System.nanoTime() + Duration.ofSeconds(30).toNanos();
      int sent = 0;
      var told = new ArrayList<Integer>();
      while (told.size() < 3) {
        assertThat(System.nanoTime()).as("told of %s", told).isLessThan(deadline);
        Outcome outcome = ask(node);
        sent++;
        told.addAll(counts(outcome.events()));
      }
      assertThat(told.stream().mapToInt(Integer::intValue).sum()).isEqualTo(sent);
      assertThat(sent).as("packets for three reports").isGreaterThan(3);
    }
  }

  /** A report that can wait does, while readers are behind, and then stands for all of them. */
  @Test
  void whileReadersAreBehindReportsWaitAndNothingIsLost() throws IOException {
    try (TestNode node = node(new Reporting(false, Duration.ZERO, 7))) {
      ask(node);
      long lost = node.datapath.eventCounter().lost();
      int packets = 5000; // the ring holds some 580 events
      byte[] frame = node.client.to(node.web).udp(1000, 53).bytes();
      byte[] context = TestNode.context(Endpoint.ifindexOf(node.client.id()));
      for (int i = 0; i < packets; i++) {
        node.inside(() -> node.datapath.program("from_pod").testRun(frame, context, 1));
      }
      List<Integer> told = counts(node.events());
      assertThat(told).hasSizeBetween(100, 1000);
      told = new ArrayList<>(told);
      told.addAll(counts(ask(node).events()));
      assertThat(told.stream().mapToInt(Integer::intValue).sum()).isEqualTo(packets + 1);
      assertThat(node.datapath.eventCounter().lost()).isEqualTo(lost);
    }
  }

  private static List<Integer> counts(List<Seen> events) {
    return events.stream().map(seen -> seen.event().count()).toList();
  }
}
