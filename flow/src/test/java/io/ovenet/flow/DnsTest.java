package io.ovenet.flow;

import static org.assertj.core.api.Assertions.assertThat;

import io.ovenet.api.flow.Flow;
import io.ovenet.api.flow.FlowFilter;
import io.ovenet.api.flow.FlowType;
import io.ovenet.api.flow.L7FlowType;
import io.ovenet.datapath.DnsMessage;
import io.ovenet.datapath.FlowEvent;
import io.ovenet.metrics.MetricsText;
import java.io.ByteArrayOutputStream;
import java.lang.foreign.MemorySegment;
import java.net.InetAddress;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** Questions and answers of DNS that were seen, and what addresses are called by them. */
@SuppressWarnings("deprecation") // clients show the summary
final class DnsTest {
  private static final int CLIENT = 0x0a000001;
  private static final int SERVER = 0x0a000035;
  private static final long MILLI = TimeUnit.MILLISECONDS.toNanos(1);

  private final FlowDecoder decoder = Flows.decoder(Flows.NAMES);
  private final FlowEncoder encoder =
      new FlowEncoder("default/node1", Flows.UUIDS, FlowMask.EVERYTHING);

  /** Writes messages as servers do. */
  private static final class Message {
    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    private int answers;

    Message(int id, int flags, String query, int type) {
      u16(id).u16(flags).u16(1).u16(0).u16(0).u16(0).name(query).u16(type).u16(1);
    }

    Message u16(int value) {
      bytes.write(value >> 8);
      bytes.write(value);
      return this;
    }

    Message name(String name) {
      for (String label : name.split("\\.", -1)) {
        if (!label.isEmpty()) {
          bytes.write(label.length());
          bytes.writeBytes(label.getBytes(StandardCharsets.ISO_8859_1));
        }
      }
      bytes.write(0);
      return this;
    }

    /** For the name of the question, by a pointer to it. */
    Message answer(int type, int ttl, byte... content) {
      answers++;
      u16(0xc00c).u16(type).u16(1).u16(ttl >> 16).u16(ttl).u16(content.length);
      bytes.writeBytes(content);
      return this;
    }

    byte[] done() {
      byte[] all = bytes.toByteArray();
      all[7] = (byte) answers;
      return all;
    }
  }

  private static byte[] question(int id, String name, int type) {
    return new Message(id, 0x0100, name, type).done();
  }

  private static @Nullable Dns decode(byte[] bytes) {
    return new DnsDecoder().decode(bytes, bytes.length);
  }

  private static DnsMessage record(
      long time, int source, int sourcePort, int destination, int port, byte[] payload) {
    var bytes = ByteBuffer.allocate(DnsMessage.SIZE).order(ByteOrder.nativeOrder());
    bytes.putLong(0, time);
    mapped(bytes, 8, source);
    mapped(bytes, 24, destination);
    bytes.order(ByteOrder.BIG_ENDIAN);
    bytes.putShort(40, (short) sourcePort).putShort(42, (short) port);
    bytes.order(ByteOrder.nativeOrder());
    bytes.putInt(48, source == SERVER ? 2 : 1001).putInt(52, destination == SERVER ? 2 : 1001);
    bytes.putShort(44, (short) (source == CLIENT ? 1 : 0));
    bytes.putShort(46, (short) (destination == CLIENT ? 1 : 0));
    bytes.putShort(56, (short) payload.length).putShort(58, (short) payload.length);
    bytes.put(64, payload);
    return new DnsMessage().at(MemorySegment.ofArray(bytes.array()), 0);
  }

  private static void mapped(ByteBuffer bytes, int at, int ipv4) {
    bytes.order(ByteOrder.BIG_ENDIAN).putInt(at + 8, 0xffff).putInt(at + 12, ipv4);
    bytes.order(ByteOrder.nativeOrder());
  }

  private static DnsMessage asks(long time, int id, String name, int type) {
    return record(time, CLIENT, 40000, SERVER, 53, question(id, name, type));
  }

  private static DnsMessage answers(long time, byte[] payload) {
    return record(time, SERVER, 53, CLIENT, 40000, payload);
  }

  private Flow flow(@Nullable FlowRecord record) {
    return encoder.flow(Objects.requireNonNull(record));
  }

  @Test
  void aQuestionAndItsAnswer() {
    Flow question = flow(decoder.decode(asks(5 * MILLI, 7, "API.example.com", 1), 0));
    assertThat(question.getSummary()).isEqualTo("DNS Query api.example.com. A");
    assertThat(question.getType()).isEqualTo(FlowType.L7);
    assertThat(question.getEventType().getType()).isEqualTo(129);
    assertThat(question.getL7().getType()).isEqualTo(L7FlowType.REQUEST);
    assertThat(question.getIsReply().getValue()).isFalse();
    assertThat(question.getSource().getPodName()).isEqualTo("web-7d9f-abcde");
    assertThat(question.getL4().getUDP().getDestinationPort()).isEqualTo(53);

    byte[] said =
        new Message(7, 0x8180, "api.example.com", 1)
            .answer(5, 300, (byte) 1, (byte) 'w', (byte) 0)
            .answer(1, 60, (byte) 192, (byte) 0, (byte) 2, (byte) 1)
            .answer(1, 30, (byte) 192, (byte) 0, (byte) 2, (byte) 2)
            .done();
    Flow answer = flow(decoder.decode(answers(8 * MILLI, said), 1));
    assertThat(answer.getL7().getType()).isEqualTo(L7FlowType.RESPONSE);
    assertThat(answer.getL7().getLatencyNs()).isEqualTo(3 * MILLI);
    assertThat(answer.getL7().getDns().getQuery()).isEqualTo("api.example.com.");
    assertThat(answer.getL7().getDns().getIpsList()).containsExactly("192.0.2.1", "192.0.2.2");
    assertThat(answer.getL7().getDns().getCnamesList()).containsExactly("w.");
    assertThat(answer.getL7().getDns().getTtl()).isEqualTo(30);
    assertThat(answer.getL7().getDns().getQtypesList()).containsExactly("A");
    assertThat(answer.getL7().getDns().getRrtypesList()).containsExactly("CNAME", "A", "A");
    assertThat(answer.getIsReply().getValue()).isTrue();
    assertThat(answer.getSummary())
        .isEqualTo(
            "DNS Answer \"192.0.2.1,192.0.2.2\" CNAMEs: \"w.\" TTL: 30 (Query api.example.com. A)");
  }

  private static Event toThere(int source) {
    return Flows.trace()
        .flags(FlowEvent.HAS_L3 | FlowEvent.HAS_PORTS)
        .source(10, 0, 0, source)
        .destination(192, 0, 2, 1)
        .endpoints(1, 0)
        .identities(1001, 2);
  }

  @Test
  void anAddressHasTheNameByWhichItsClientAsked() {
    decoder.decode(asks(0, 7, "api.example.com", 1), 0);
    byte[] said =
        new Message(7, 0x8180, "api.example.com", 1)
            .answer(1, 60, (byte) 192, (byte) 0, (byte) 2, (byte) 1)
            .done();
    decoder.decode(answers(MILLI, said), 1);

    assertThat(flow(decoder.decode(toThere(1).time(MILLI).view(), 2)).getDestinationNamesList())
        .containsExactly("api.example.com");
    assertThat(flow(decoder.decode(toThere(9).time(MILLI).view(), 3)).getDestinationNamesList())
        .as("another pod did not ask")
        .isEmpty();
    long later = TimeUnit.HOURS.toNanos(1);
    assertThat(flow(decoder.decode(toThere(1).time(later).view(), 4)).getDestinationNamesList())
        .isEmpty();
  }

  @Test
  void whatNobodyAskedForNamesNothing() {
    byte[] said =
        new Message(7, 0x8180, "bank.example.com", 1)
            .answer(1, 60, (byte) 192, (byte) 0, (byte) 2, (byte) 1)
            .done();
    assertThat(decoder.decode(answers(MILLI, said), 0)).isNull();
    decoder.decode(asks(0, 7, "api.example.com", 1), 0);
    assertThat(decoder.decode(answers(MILLI, said), 1)).as("another name").isNull();
    decoder.decode(asks(0, 8, "bank.example.com", 1), 0);
    assertThat(decoder.decode(answers(MILLI, said), 1)).as("another number").isNull();
    assertThat(flow(decoder.decode(toThere(1).time(MILLI).view(), 2)).getDestinationNamesList())
        .isEmpty();
  }

  @Test
  void aRefusalSaysSo() {
    decoder.decode(asks(0, 7, "none.example.com", 28), 0);
    byte[] said = new Message(7, 0x8183, "none.example.com", 28).done();
    Flow answer = flow(decoder.decode(answers(MILLI, said), 1));
    assertThat(answer.getL7().getDns().getRcode()).isEqualTo(3);
    assertThat(answer.getSummary())
        .isEqualTo("DNS Answer RCode: Non-Existent Domain TTL: 0 (Query none.example.com. AAAA)");
  }

  @Test
  void filtersAndMetrics() {
    FlowRecord asked = Objects.requireNonNull(decoder.decode(asks(0, 7, "api.example.com", 1), 0));
    FlowRecord six = Objects.requireNonNull(decoder.decode(asks(0, 8, "api.example.com", 28), 1));
    var filters = new FlowFilters("default/node1", Flows.UUIDS);
    var byName = FlowFilter.newBuilder().addDnsQuery("^api\\.").addProtocol("dns").build();
    assertThat(filters.compile(List.of(byName), List.of()).test(asked)).isTrue();
    assertThat(filters.compile(List.of(), List.of(byName)).test(asked)).isFalse();
    assertThat(filters.compile(List.of(byName), List.of()).test(Flows.record(Flows.trace())))
        .isFalse();
    var l7 =
        FlowFilter.newBuilder()
            .addEventType(io.ovenet.api.flow.EventTypeFilter.newBuilder().setType(129))
            .build();
    assertThat(filters.compile(List.of(l7), List.of()).test(asked)).isTrue();

    var metrics = new FlowMetrics(MetricsConfig.parse("dns:query;ignoreAAAA flow"), Flows.UUIDS);
    metrics.count(asked);
    metrics.count(six);
    byte[] said =
        new Message(7, 0x8180, "api.example.com", 1)
            .answer(1, 60, (byte) 192, (byte) 0, (byte) 2, (byte) 1)
            .done();
    metrics.count(Objects.requireNonNull(decoder.decode(answers(MILLI, said), 2)));
    var text = new MetricsText(false);
    metrics.write(text);
    assertThat(text.finish().lines())
        .contains(
            "hubble_dns_queries_total{rcode=\"\",qtypes=\"A\",ips_returned=\"0\","
                + "query=\"api.example.com.\"} 1",
            "hubble_dns_responses_total{rcode=\"No Error\",qtypes=\"A\",ips_returned=\"1\","
                + "query=\"api.example.com.\"} 1",
            "hubble_dns_response_types_total{type=\"A\",qtypes=\"A\",query=\"api.example.com.\"} 1")
        .noneMatch(line -> line.contains("qtypes=\"AAAA\""));
  }

  @Test
  void namesAreWrittenSoThatTheyHarmNobody() {
    Dns odd = Objects.requireNonNull(decode(question(1, "a\u001b[2J\".\u00ff b", 1)));
    assertThat(odd.query()).isEqualTo("a\\027\\0912j\\034.\\255\\032b.");
    assertThat(Objects.requireNonNull(decode(question(1, "", 2))).query()).isEqualTo(".");
  }

  @Test
  void namesThatGoRoundOrOnAreNone() {
    byte[] loop = question(1, "aaaa", 1);
    loop[12] = (byte) 0xc0;
    loop[13] = 12;
    assertThat(decode(loop)).isNull();
    assertThat(decode(question(1, ("a".repeat(60) + ".").repeat(5), 1))).as("too long").isNull();
    byte[] cut = question(1, "example.com", 1);
    for (int length = 0; length < cut.length; length++) {
      assertThat(new DnsDecoder().decode(cut, length)).as("cut at " + length).isNull();
    }
    assertThat(decode(new Message(1, 0x2800, "example.com", 6).done())).as("an update").isNull();
  }

  /** Whatever comes, it ends, throws nothing, and what it says is bounded. */
  @Test
  void bytesByChance() {
    long seed = Long.getLong("ovenet.seed", System.nanoTime());
    var random = new Random(seed);
    var reader = new DnsDecoder();
    byte[] good =
        new Message(7, 0x8180, "api.example.com", 1)
            .answer(5, 300, (byte) 1, (byte) 'w', (byte) 0xc0, (byte) 12)
            .answer(1, 60, (byte) 192, (byte) 0, (byte) 2, (byte) 1)
            .answer(28, 60, InetAddress.ofLiteral("2001:db8::1").getAddress())
            .done();
    int understood = 0;
    for (int i = 0; i < 200_000; i++) {
      byte[] bytes = new byte[random.nextInt(DnsMessage.PAYLOAD + 1)];
      if (random.nextBoolean()) {
        bytes = good.clone();
        for (int change = random.nextInt(6); change > 0; change--) {
          bytes[random.nextInt(bytes.length)] = (byte) random.nextInt(256);
        }
      } else {
        random.nextBytes(bytes);
        if (bytes.length > 6) {
          bytes[4] = 0;
          bytes[5] = 1;
        }
      }
      int length = random.nextInt(bytes.length + 1);
      Dns said;
      try {
        said = reader.decode(bytes, length);
      } catch (RuntimeException e) {
        throw new AssertionError("seed " + seed + ", case " + i, e);
      }
      if (said != null) {
        understood++;
        assertThat(said.query().length()).as("seed " + seed).isLessThan(1100);
        assertThat(said.ips().size()).isLessThanOrEqualTo(32);
      }
    }
    assertThat(understood).as("seed " + seed).isGreaterThan(1000);
  }
}
