package io.ovenet.datapath;

import static org.assertj.core.api.Assertions.assertThat;

import io.ovenet.bpf.Btf;
import io.ovenet.bpf.MacAddress;
import java.lang.foreign.MemorySegment;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.ByteBuffer;
import java.util.EnumSet;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/**
 * Every codec against the compiled object's BTF: a value is written whose fields all differ, and
 * each must be found where C has the field of that name.
 */
class LayoutTest {
  private static final Btf BTF = Btf.of("pod.bpf.o", Datapath.bytes());
  private static final InetAddress ONE = InetAddress.ofLiteral("2001:db8::1");
  private static final InetAddress TWO = InetAddress.ofLiteral("2001:db8::2");

  /** What was written, to be looked at by C's names. */
  private record Written(Btf.Struct struct, MemorySegment bytes, Set<String> seen) {
    static <T> Written of(String name, Codec<T> codec, T value) {
      return of(BTF, name, codec, value);
    }

    static <T> Written of(Btf btf, String name, Codec<T> codec, T value) {
      Btf.Struct struct = btf.struct(name);
      assertThat(codec.size()).as("size of " + name).isEqualTo(struct.size());
      byte[] bytes = new byte[struct.size()];
      codec.write(value, MemorySegment.ofArray(bytes), 0);
      assertThat(codec.read(MemorySegment.ofArray(bytes), 0)).as("read back").isEqualTo(value);
      return new Written(struct, MemorySegment.ofArray(bytes), new HashSet<>());
    }

    Written has(String field, Object expected) {
      Btf.Member member =
          struct.members().stream().filter(m -> m.name().equals(field)).findFirst().orElseThrow();
      seen.add(field);
      long at = member.offset();
      switch (expected) {
        case InetAddress address ->
            assertThat(Bytes.address(bytes, at)).as(field).isEqualTo(address);
        case MacAddress mac -> assertThat(Bytes.mac(bytes, at)).as(field).isEqualTo(mac);
        case Number number ->
            assertThat(number(field, member)).as(field).isEqualTo(number.longValue());
        default -> throw new IllegalArgumentException(expected.toString());
      }
      return this;
    }

    private long number(String field, Btf.Member member) {
      boolean bigEndian = field.endsWith("_be");
      long at = member.offset();
      return switch (member.size()) {
        case 1 -> Bytes.u8(bytes, at);
        case 2 -> bigEndian ? Bytes.u16Be(bytes, at) : Bytes.u16(bytes, at);
        case 4 -> Integer.toUnsignedLong(bytes.get(bigEndian ? Bytes.U32_BE : Bytes.U32, at));
        case 8 -> bytes.get(Bytes.U64, at);
        default -> throw new IllegalStateException(field + " has " + member.size() + " bytes");
      };
    }

    /** Nothing in C is left without a look. */
    void andNothingElse() {
      Set<String> all = new HashSet<>();
      struct.members().forEach(m -> all.add(m.name()));
      all.removeIf(name -> name.startsWith("reserved"));
      assertThat(seen).isEqualTo(all);
    }
  }

  @Test
  void endpoint() {
    var mac = MacAddress.parse("01:02:03:04:05:06");
    var gateway = MacAddress.parse("11:12:13:14:15:16");
    var flags = EnumSet.of(Endpoint.Flag.PRESENT, Endpoint.Flag.ENFORCE_EGRESS);
    Written.of(
            "endpoint",
            Endpoint.CODEC,
            new Endpoint(0x1122334455667788L, 2, 3, 4, flags, 6, 7, mac, gateway, ONE, TWO, 8))
        .has("revision", 0x1122334455667788L)
        .has("ifindex", 2)
        .has("identity", 3)
        .has("policy", 4)
        .has("flags", 5)
        .has("generation", 6)
        .has("network", 7)
        .has("mac", mac)
        .has("gateway_mac", gateway)
        .has("address4", ONE)
        .has("address6", TWO)
        .has("variant", 8)
        .has("moves", 0)
        .andNothingElse();
  }

  @Test
  void eachStoreIntoAnEndpointIsCounted() {
    MemorySegment map = MemorySegment.ofArray(new long[Endpoint.MAX_ENDPOINTS * Endpoint.SIZE / 8]);
    EndpointTable endpoints = new EndpointTable(map);
    endpoints.setIdentity(1, 2);
    endpoints.setVariant(1, 3);
    endpoints.setPolicy(1, 4);
    endpoints.setFlags(1, EnumSet.of(Endpoint.Flag.PRESENT));
    new Written(BTF.struct("endpoint"), map.asSlice(Endpoint.SIZE), new HashSet<>())
        .has("identity", 2)
        .has("variant", 3)
        .has("policy", 4)
        .has("flags", 1)
        .has("moves", 4);
  }

  @Test
  void addressKeyAndEndpointRef() {
    Written.of("address_key", AddressKey.CODEC, new AddressKey(ONE, 2))
        .has("address", ONE)
        .has("network", 2)
        .andNothingElse();
    Written.of("endpoint_ref", EndpointRef.CODEC, new EndpointRef(0x0102, 0x0304))
        .has("id", 0x0102)
        .has("generation", 0x0304)
        .andNothingElse();
  }

  @Test
  void announced() {
    var mac = MacAddress.parse("01:02:03:04:05:06");
    Written.of("announced_key", AnnouncedKey.CODEC, new AnnouncedKey(ONE, 0x01020304))
        .has("address", ONE)
        .has("ifindex", 0x01020304)
        .andNothingElse();
    Written.of("announced", Announced.CODEC, new Announced(0x1122334455667788L, mac, 7))
        .has("deadline", 0x1122334455667788L)
        .has("answers", 7)
        .has("mac", mac)
        .andNothingElse();
  }

  @Test
  void ipcache() {
    Written.of("ipcache_key", IpcacheKey.CODEC, new IpcacheKey(ONE, 64, 3))
        .has("prefix_length", 24 + 64)
        .has("network", 3)
        .has("family", 6)
        .has("address", ONE)
        .andNothingElse();
    InetAddress ipv4 = InetAddress.ofLiteral("10.1.2.0");
    Written.of("ipcache_key", IpcacheKey.CODEC, new IpcacheKey(ipv4, 24, 3))
        .has("prefix_length", 24 + 96 + 24)
        .has("address", ipv4);
    Written.of("ipcache_value", IpcacheValue.CODEC, new IpcacheValue(1, 0x01020304, 5, 6, 7))
        .has("identity", 1)
        .has("tunnel_endpoint_be", 0x01020304)
        .has("encryption_key", 5)
        .has("flags", 6)
        .has("variant", 7)
        .andNothingElse();
  }

  @Test
  void policy() {
    Written.of("policy_key", PolicyKey.CODEC, new PolicyKey(1, 2, PolicyKey.EGRESS, 6, 0x1230, 12))
        .has("prefix_length", BTF.constant("POLICY_PREFIX_ANY_PORT") + 12)
        .has("policy", 1)
        .has("identity_class", 2)
        .has("direction", BTF.constant("DIRECTION_EGRESS"))
        .has("family", 0)
        .has("protocol", 6)
        .has("port_be", 0x1230)
        .andNothingElse();
    Written.of("policy_key", PolicyKey.CODEC, PolicyKey.any(1, 2, PolicyKey.INGRESS))
        .has("prefix_length", BTF.constant("POLICY_PREFIX_ANY_PROTOCOL"));
    Written.of("policy_key", PolicyKey.CODEC, PolicyKey.port(1, 2, PolicyKey.INGRESS, 17, 53))
        .has("prefix_length", BTF.constant("POLICY_PREFIX_FULL"));
    Written.of("policy_value", PolicyValue.CODEC, new PolicyValue(Verdict.DENY, 2, 3, 4, 5, 6))
        .has("verdict", 2)
        .has("authentication", 2)
        .has("match", 3)
        .has("proxy", 4)
        .has("rule", 5)
        .has("log_cookie", 6)
        .andNothingElse();
    assertThat(BTF.struct("class_key").size()).isEqualTo(4);
    assertThat(BTF.struct("class_value").size()).isEqualTo(4);
  }

  @Test
  void conntrack() {
    Written.of("conntrack_key", ConntrackKey.CODEC, new ConntrackKey(ONE, TWO, 3, 4, 5, 6, 7))
        .has("lo", ONE)
        .has("hi", TWO)
        .has("lo_port_be", 3)
        .has("hi_port_be", 4)
        .has("protocol", 5)
        .has("flags", 6)
        .has("network", 7)
        .andNothingElse();
    var entry =
        new ConntrackEntry(
            0x01020304L,
            5,
            6,
            7,
            8,
            9,
            new EndpointRef(10, 11),
            new EndpointRef(12, 13),
            14,
            15,
            16,
            17,
            18,
            19,
            20,
            21,
            22,
            23,
            24,
            25,
            26,
            ONE,
            27,
            28);
    Written written =
        Written.of("conntrack", ConntrackEntry.CODEC, entry)
            .has("decided", 0x0102030405L)
            .has("expires", 6)
            .has("began_at", 7)
            .has("lo_identity", 8)
            .has("hi_identity", 9)
            .has("lo_endpoint", 10)
            .has("lo_generation", 11)
            .has("hi_endpoint", 12)
            .has("hi_generation", 13)
            .has("egress_rule", 14)
            .has("ingress_rule", 15)
            .has("proxy", 16)
            .has("nat", 17)
            .has("tunnel_be", 18)
            .has("flags", 19)
            .has("tcp_state", 20)
            .has("tcp_flags_seen", 21)
            .has("drop_reason", 22)
            .has("frontend", ONE)
            .has("service", 27)
            .has("frontend_port_be", 28);
    for (String pair : new String[] {"packets", "bytes"}) {
      Btf.Member member = member("conntrack", pair);
      int first = pair.equals("packets") ? 23 : 25;
      assertThat(written.bytes.get(Bytes.U64, member.offset())).isEqualTo(first);
      assertThat(written.bytes.get(Bytes.U64, member.offset() + 8L)).isEqualTo(first + 1);
      written.seen.add(pair);
    }
    for (String own : new String[] {"packets_told", "told_at", "flags_told"}) {
      assertThat(member("conntrack", own).offset()).as(own).isBetween(96, 111);
      written.seen.add(own);
    }
    written.andNothingElse();
  }

  @Test
  void masquerading() {
    Written.of("nat_key", NatKey.CODEC, new NatKey(ONE, 2, 3, 4))
        .has("remote", ONE)
        .has("remote_port_be", 2)
        .has("port_be", 3)
        .has("protocol", 4)
        .andNothingElse();
    Written.of("nat_value", NatValue.CODEC, new NatValue(ONE, 2, 3))
        .has("pod", ONE)
        .has("pod_port_be", 2)
        .has("claimed_at", 3)
        .andNothingElse();
  }

  @Test
  void services() {
    Written.of("service_key", ServiceKey.CODEC, new ServiceKey(ONE, 2, 3, 4, 5))
        .has("address", ONE)
        .has("port_be", 2)
        .has("protocol", 3)
        .has("scope", 4)
        .has("network", 5)
        .andNothingElse();
    Written.of("service_value", ServiceValue.CODEC, new ServiceValue(1, 2, 3, 4, 5, 6, 7))
        .has("service", 1)
        .has("first", 2)
        .has("count", 3)
        .has("maglev_first", 4)
        .has("maglev_size", 5)
        .has("affinity_seconds", 6)
        .has("flags", 7)
        .andNothingElse();
    Written.of("backend", Backend.CODEC, new Backend(ONE, 2, 3, 4, 5))
        .has("address", ONE)
        .has("port_be", 2)
        .has("protocol", 3)
        .has("flags", 4)
        .has("generation", 5)
        .andNothingElse();
    Written.of("service_flow_key", ServiceFlowKey.CODEC, new ServiceFlowKey(ONE, TWO, 3, 4, 5, 6))
        .has("client", ONE)
        .has("frontend", TWO)
        .has("client_port_be", 3)
        .has("frontend_port_be", 4)
        .has("protocol", 5)
        .has("network", 6)
        .andNothingElse();
    Written.of("service_flow", ServiceFlow.CODEC, new ServiceFlow(ONE, 4, 1, 2, 3))
        .has("address", ONE)
        .has("port_be", 4)
        .has("service", 1)
        .has("backend", 2)
        .has("generation", 3)
        .andNothingElse();
    InetAddress ipv4 = InetAddress.ofLiteral("10.1.0.0");
    Written.of("source_range_key", SourceRangeKey.CODEC, new SourceRangeKey(7, ipv4, 16))
        .has("prefix_length", 32 + 96 + 16)
        .has("service", 7)
        .has("address", ipv4)
        .andNothingElse();
    Btf sockets = Btf.of("socket.bpf.o", Datapath.bytes("socket.bpf.o"));
    Written.of(sockets, "socket_key", SocketKey.CODEC, new SocketKey(ONE, 2, 3, 4))
        .has("backend", ONE)
        .has("cookie", 2)
        .has("port_be", 3)
        .has("protocol", 4)
        .andNothingElse();
    Written.of(sockets, "socket_frontend", SocketFrontend.CODEC, new SocketFrontend(ONE, 2, 3, 4))
        .has("address", ONE)
        .has("service", 2)
        .has("backend", 3)
        .has("port_be", 4)
        .andNothingElse();
    Written.of("redirect_skip_key", RedirectSkipKey.CODEC, new RedirectSkipKey(7, ipv4))
        .has("client", ipv4)
        .has("service", 7)
        .andNothingElse();
  }

  @Test
  void counters() {
    Written.of("counter", Counter.CODEC, new Counter(1, 2))
        .has("packets", 1)
        .has("bytes", 2)
        .andNothingElse();
    Written.of("event_counter", EventCounter.CODEC, new EventCounter(1, 2))
        .has("written", 1)
        .has("lost", 2)
        .andNothingElse();
    assertThat(member("revisions", "current").offset()).isEqualTo(Revisions.CURRENT);
    assertThat(member("revisions", "remote").offset()).isEqualTo(Revisions.REMOTE);
    assertThat(member("revisions", "tables").offset()).isEqualTo(Revisions.TABLES);
    assertThat(BTF.struct("revisions").size()).isEqualTo(Revisions.SIZE);
  }

  @Test
  void config() {
    MemorySegment bytes =
        MemorySegment.ofArray(
            TestNode.options().withNetwork(TestNode.NETWORK).withAnswerRefused(true).config());
    int nothing = member("config", "report_nothing").offset();
    assertThat(Bytes.u8(bytes, nothing)).isZero();
    byte[] silent = TestNode.options().withReporting(Reporting.NOTHING).config();
    assertThat(silent[nothing]).isEqualTo((byte) 1);
    assertThat(bytes.byteSize()).isEqualTo(BTF.struct("config").size());
    assertThat(bytes.get(Bytes.U32, member("config", "host_ifindex").offset()))
        .isEqualTo(TestNode.HOST_IFINDEX);
    assertThat(bytes.get(Bytes.U32_BE, member("config", "gateway_be").offset()))
        .isEqualTo(0xa9fe0101);
    assertThat(Bytes.mac(bytes, member("config", "host_mac").offset()))
        .isEqualTo(TestNode.HOST_MAC);
    assertThat(bytes.get(Bytes.U32, member("config", "conntrack_slots").offset())).isEqualTo(1024);
    assertThat(bytes.get(Bytes.U32, member("config", "conntrack_share").offset())).isEqualTo(128);
    assertThat(Bytes.u16(bytes, member("config", "report_ticks").offset()))
        .isEqualTo(TestNode.REPORTING.ticks());
    assertThat(Bytes.u8(bytes, member("config", "report_flags").offset())).isEqualTo(7);
    assertThat(Bytes.u8(bytes, member("config", "report_received").offset())).isZero();
    assertThat(bytes.get(Bytes.U32, member("config", "tunnel_ifindex").offset()))
        .isEqualTo(TestNode.TUNNEL_IFINDEX);
    assertThat(bytes.get(Bytes.U32, member("config", "network_ifindex").offset()))
        .isEqualTo(TestNode.NETWORK.ifindex());
    assertThat(bytes.get(Bytes.U32_BE, member("config", "node_be").offset())).isEqualTo(0xc6336401);
    assertThat(bytes.get(Bytes.U32_BE, member("config", "native_be").offset()))
        .isEqualTo(0x0a000000);
    assertThat(bytes.get(Bytes.U32_BE, member("config", "native_mask_be").offset()))
        .isEqualTo(0xffff0000);
    assertThat(Bytes.u16(bytes, member("config", "nat_first").offset())).isEqualTo(61_000);
    assertThat(Bytes.u16(bytes, member("config", "nat_ports").offset())).isEqualTo(16);
    assertThat(Bytes.u16Be(bytes, member("config", "tunnel_port_be").offset())).isEqualTo(8472);
    assertThat(Bytes.u8(bytes, member("config", "answer_refused").offset())).isEqualTo(1);
    var seconds =
        Map.of(
            "tcp_new",
            60,
            "tcp_established",
            8000,
            "tcp_closing",
            120,
            "tcp_closed",
            10,
            "other_new",
            30,
            "other_established",
            120,
            "icmp",
            30);
    new TreeMap<>(seconds)
        .forEach(
            (name, value) ->
                assertThat(bytes.get(Bytes.U64, member("config", name).offset()))
                    .as(name)
                    .isEqualTo(value * 1_000_000_000L));
  }

  @Test
  void event() {
    Btf.Struct struct = BTF.struct("event");
    assertThat(struct.size()).isEqualTo(FlowEvent.SIZE);
    MemorySegment bytes = MemorySegment.ofArray(new byte[FlowEvent.SIZE + 8]);
    for (int i = 0; i < FlowEvent.SIZE; i++) {
      bytes.set(Bytes.U8, 8 + i, (byte) (i + 1));
    }
    FlowEvent event = new FlowEvent().at(bytes, 8);
    Written raw = new Written(struct, bytes.asSlice(8), new HashSet<>());
    raw.has("time", event.time())
        .has("kind", event.kind())
        .has("subtype", event.subtype())
        .has("direction", event.direction())
        .has("flags", event.flags())
        .has("protocol", event.protocol())
        .has("tcp_flags", event.tcpFlags())
        .has("match", event.match())
        .has("trace_reason", event.traceReason())
        .has("source", event.source())
        .has("destination", event.destination())
        .has("source_port_be", event.sourcePort())
        .has("destination_port_be", event.destinationPort())
        .has("source_endpoint", event.sourceEndpoint())
        .has("destination_endpoint", event.destinationEndpoint())
        .has("source_identity", event.sourceIdentity())
        .has("destination_identity", event.destinationIdentity())
        .has("rule", event.rule())
        .has("ifindex", event.ifindex())
        .has("length", event.length())
        .has("network", event.network())
        .has("drop_detail", event.dropDetail())
        .has("source_mac", new MacAddress(event.sourceMac()))
        .has("destination_mac", new MacAddress(event.destinationMac()))
        .has("count", event.count())
        .has("service", event.service())
        .andNothingElse();
    assertThat(event.sourceLow()).isEqualTo(0x191a1b1c1d1e1f20L);
    assertThat(event.destinationHigh()).isEqualTo(0x2122232425262728L);
  }

  private static InetAddress address(long high, long low) {
    try {
      return InetAddress.getByAddress(ByteBuffer.allocate(16).putLong(high).putLong(low).array());
    } catch (UnknownHostException e) {
      throw new AssertionError(e);
    }
  }

  @Test
  void dnsMessage() {
    Btf.Struct struct = BTF.struct("dns_message");
    assertThat(struct.size()).isEqualTo(DnsMessage.SIZE);
    assertThat(member("dns_message", "payload").offset())
        .isEqualTo(DnsMessage.SIZE - DnsMessage.PAYLOAD);
    MemorySegment bytes = MemorySegment.ofArray(new byte[8 + DnsMessage.SIZE]);
    for (int i = 0; i < DnsMessage.SIZE; i++) {
      bytes.set(Bytes.U8, 8 + i, (byte) (i + 1));
    }
    DnsMessage message = new DnsMessage().at(bytes, 8);
    var seen = new HashSet<>(Set.of("captured", "payload"));
    new Written(struct, bytes.asSlice(8), seen)
        .has("time", message.time())
        .has("source", address(message.sourceHigh(), message.sourceLow()))
        .has("destination", address(message.destinationHigh(), message.destinationLow()))
        .has("source_port_be", message.sourcePort())
        .has("destination_port_be", message.destinationPort())
        .has("source_endpoint", message.sourceEndpoint())
        .has("destination_endpoint", message.destinationEndpoint())
        .has("source_identity", message.sourceIdentity())
        .has("destination_identity", message.destinationIdentity())
        .has("length", message.length())
        .has("network", message.network())
        .andNothingElse();
    assertThat(message.captured()).as("never more than there can be").isEqualTo(512);
    byte[] payload = new byte[DnsMessage.PAYLOAD];
    message.payload(payload);
    assertThat(payload[0]).isEqualTo((byte) 65);
    assertThat(payload[511]).isEqualTo((byte) 576);
  }

  @Test
  void traceKey() {
    Written.of("trace_key", TraceKey.CODEC, new TraceKey(0x01020304, 5, TraceKey.Place.AT_OVERLAY))
        .has("sender_be", 0x01020304)
        .has("number", 5)
        .has("place", 2)
        .andNothingElse();
  }

  @Test
  void traceStep() {
    var step =
        new TraceStep(
            1,
            ONE,
            TWO,
            ONE,
            2,
            3,
            4,
            5,
            6,
            7,
            TraceStep.End.TO_WORLD,
            9,
            10,
            11,
            12,
            13,
            14,
            new TraceStep.Judgement(15, Verdict.DENY, 16, 17),
            new TraceStep.Judgement(18, Verdict.AUDIT, 19, 20),
            21,
            22,
            true);
    Written.of("trace_step", TraceStep.CODEC, step)
        .has("time", 1)
        .has("source", ONE)
        .has("destination", TWO)
        .has("called", ONE)
        .has("source_port_be", 2)
        .has("destination_port_be", 3)
        .has("called_port_be", 4)
        .has("source_endpoint", 5)
        .has("destination_endpoint", 6)
        .has("protocol", 7)
        .has("end", TraceStep.End.TO_WORLD.number())
        .has("reason", 9)
        .has("detail", 10)
        .has("source_identity", 11)
        .has("destination_identity", 12)
        .has("service", 13)
        .has("tunnel_be", 14)
        .has("egress", eventVerdict(15, Verdict.DENY, 16, PolicyKey.EGRESS, 17))
        .has("ingress", eventVerdict(18, Verdict.AUDIT, 19, PolicyKey.INGRESS, 20))
        .has("length", 21)
        .has("mtu", 22)
        .has("masked", 1)
        .andNothingElse();
  }

  /** {@code struct event_verdict} as one number. */
  private static long eventVerdict(int rule, Verdict verdict, int match, int way, int detail) {
    MemorySegment bytes = MemorySegment.ofArray(new byte[8]);
    bytes.set(Bytes.U32, member("event_verdict", "rule").offset(), rule);
    bytes.set(Bytes.U8, member("event_verdict", "verdict").offset(), (byte) verdict.number());
    bytes.set(Bytes.U8, member("event_verdict", "match").offset(), (byte) match);
    bytes.set(Bytes.U8, member("event_verdict", "direction").offset(), (byte) way);
    bytes.set(Bytes.U8, member("event_verdict", "detail").offset(), (byte) detail);
    return bytes.get(Bytes.U64, 0);
  }

  @Test
  void policyQuestion() {
    Btf.Struct struct = BTF.struct("policy_question");
    assertThat(struct.size()).isEqualTo(PolicyQuestion.SIZE);
    MemorySegment bytes = MemorySegment.ofArray(new byte[PolicyQuestion.SIZE]);
    Written raw = new Written(struct, bytes, new HashSet<>());
    PolicyQuestion.at(0x0102, PolicyKey.EGRESS, ONE, 6, 0x1234).write(bytes, 0);
    raw.has("peer", ONE)
        .has("number", 0)
        .has("endpoint", 0x0102)
        .has("port_be", 0x1234)
        .has("protocol", 6)
        .has("direction", PolicyKey.EGRESS)
        .has("answered", 0);
    assertThat(PolicyQuestion.isAnswered(bytes, 0)).isFalse();
    PolicyQuestion.of(1, PolicyKey.INGRESS, 0x01020304, 6, 1).write(bytes, 0);
    raw.has("number", 0x01020304);
    for (int i = 27; i < PolicyQuestion.SIZE; i++) {
      bytes.set(Bytes.U8, i, (byte) i);
    }
    bytes.set(Bytes.U8, 26, (byte) 1);
    bytes.set(Bytes.U8, 27, (byte) Verdict.DENY.number());
    assertThat(PolicyQuestion.isAnswered(bytes, 0)).isTrue();
    PolicyQuestion.Answer answer = PolicyQuestion.Answer.read(bytes, 0);
    assertThat(answer.verdict()).isEqualTo(Verdict.DENY);
    raw.has("verdict", Verdict.DENY.number())
        .has("match", answer.match())
        .has("reason", answer.dropReason())
        .has("detail", answer.detail())
        .has("rule", answer.rule())
        .has("identity", answer.identity())
        .has("peer_number", answer.number())
        .has("identity_class", java.util.Objects.requireNonNull(answer.identityClass()))
        .has("policy", answer.policy())
        .andNothingElse();
    bytes.set(Bytes.U32, member("policy_question", "identity_class").offset(), -1);
    assertThat(PolicyQuestion.Answer.read(bytes, 0).identityClass()).isNull();
  }

  @Test
  void connectionEvent() {
    assertThat(BTF.struct("connection_event").size()).isEqualTo(FlowEvent.CONNECTION_SIZE);
    assertThat(member("connection_event", "trace").offset()).isZero();
    assertThat(member("connection_event", "verdicts").offset()).isEqualTo(FlowEvent.SIZE);
    MemorySegment bytes = MemorySegment.ofArray(new byte[8 + FlowEvent.CONNECTION_SIZE]);
    for (int i = 0; i < FlowEvent.CONNECTION_SIZE; i++) {
      bytes.set(Bytes.U8, 8 + i, (byte) (i + 1));
    }
    FlowEvent event = new FlowEvent().record(bytes, 8, FlowEvent.CONNECTION_SIZE);
    Btf.Struct verdict = BTF.struct("event_verdict");
    for (int i = 0; i < 2; i++) {
      assertThat(event.next()).isTrue();
      int at = 8 + FlowEvent.SIZE + i * verdict.size();
      assertThat(event.kind()).isEqualTo(EventKind.POLICY_VERDICT.number());
      assertThat(event.traceReason()).isZero();
      new Written(verdict, bytes.asSlice(at), new HashSet<>())
          .has("rule", event.rule())
          .has("verdict", event.subtype())
          .has("match", event.match())
          .has("direction", event.direction())
          .has("detail", event.dropDetail())
          .andNothingElse();
    }
    assertThat(event.next()).isTrue();
    assertThat(event.kind()).isEqualTo(9); // of the trace again
    assertThat(event.next()).isFalse();
  }

  @Test
  void aSideThatWasNotAskedHasNoVerdict() {
    MemorySegment bytes = MemorySegment.ofArray(new byte[FlowEvent.CONNECTION_SIZE]);
    bytes.set(Bytes.U8, 8, (byte) EventKind.TRACE.number());
    bytes.set(Bytes.U8, FlowEvent.SIZE + 8 + 6, (byte) PolicyKey.INGRESS);
    FlowEvent event = new FlowEvent().record(bytes, 0, FlowEvent.CONNECTION_SIZE);
    assertThat(event.next()).isTrue();
    assertThat(event.kind()).isEqualTo(EventKind.POLICY_VERDICT.number());
    assertThat(event.direction()).isEqualTo(PolicyKey.INGRESS);
    assertThat(event.next()).isTrue();
    assertThat(event.kind()).isEqualTo(EventKind.TRACE.number());
    assertThat(event.next()).isFalse();
    assertThat(event.record(bytes, 0, FlowEvent.SIZE).next()).isTrue();
    assertThat(event.kind()).isEqualTo(EventKind.TRACE.number());
    assertThat(event.next()).isFalse();
  }

  private static Btf.Member member(String struct, String field) {
    return BTF.struct(struct).members().stream()
        .filter(m -> m.name().equals(field))
        .findFirst()
        .orElseThrow();
  }

  @TestFactory
  Iterable<DynamicTest> enumsHaveTheNumbersOfC() {
    Map<String, Integer> numbers = new TreeMap<>();
    for (Verdict verdict : Verdict.values()) {
      numbers.put("VERDICT_" + verdict, verdict.number());
    }
    for (EventKind kind : EventKind.values()) {
      numbers.put("EVENT_" + kind, kind.number());
    }
    for (DropDetail detail : DropDetail.values()) {
      numbers.put("DETAIL_" + detail, detail.number());
    }
    for (ConntrackState state : ConntrackState.values()) {
      numbers.put("CONNTRACK_" + state, state.number());
    }
    for (TraceReason reason : TraceReason.values()) {
      numbers.put("TRACE_" + reason, reason.number());
    }
    for (ObservationPoint point : ObservationPoint.values()) {
      numbers.put("TRACE_" + point, point.number());
    }
    for (Disagreement disagreement : Disagreement.values()) {
      numbers.put("DISAGREE_" + disagreement, disagreement.number());
    }
    for (TraceStep.End end : TraceStep.End.values()) {
      numbers.put("TRACED_" + end, end.number());
    }
    for (TraceKey.Place place : TraceKey.Place.values()) {
      numbers.put("TRACED_" + place, place.number());
    }
    numbers.put("TRACED_MARK", TracedPacket.MARK);
    numbers.put("TRACED_NUMBERS", TracedPacket.NUMBERS);
    numbers.put("TRACED_MAC", TracedPacket.MAC_PREFIX);
    numbers.put("NAT_LANES", NodeNetwork.LANES);
    numbers.put("DISAGREEMENTS", Disagreement.values().length);
    numbers.put("IPCACHE_NODE", IpcacheValue.NODE);
    numbers.put("IPCACHE_POD", IpcacheValue.POD);
    for (Endpoint.Flag flag : Endpoint.Flag.values()) {
      numbers.put("ENDPOINT_" + flag, flag.bit);
    }
    numbers.put("MAX_ENDPOINTS", Endpoint.MAX_ENDPOINTS);
    numbers.put("ENDPOINT_IFINDEX_BASE", Endpoint.IFINDEX_BASE);
    numbers.put("CLASS_ANY", PolicyKey.CLASS_ANY);
    numbers.put("POLICY_QUESTIONS_AT", PolicyQuestion.FIRST);
    numbers.put("POLICY_QUESTIONS_MOST", PolicyQuestion.MOST);
    numbers.put("DIRECTION_INGRESS", PolicyKey.INGRESS);
    numbers.put("DIRECTION_EGRESS", PolicyKey.EGRESS);
    numbers.put("EVENT_REPLY", FlowEvent.REPLY);
    numbers.put("EVENT_REPLY_KNOWN", FlowEvent.REPLY_KNOWN);
    numbers.put("EVENT_IPV6", FlowEvent.IPV6);
    numbers.put("EVENT_HAS_PORTS", FlowEvent.HAS_PORTS);
    numbers.put("EVENT_HAS_L3", FlowEvent.HAS_L3);
    numbers.put("CONNTRACK_HI_BEGAN", ConntrackEntry.HI_BEGAN);
    numbers.put("CONNTRACK_REPLY_SEEN", ConntrackEntry.REPLY_SEEN);
    numbers.put("CONNTRACK_REMOTE", ConntrackEntry.REMOTE);
    numbers.put("CONNTRACK_HOST", ConntrackEntry.HOST);
    numbers.put("CONNTRACK_REFUSED_INGRESS", ConntrackEntry.REFUSED_INGRESS);
    numbers.put("CONNTRACK_REFUSED_EGRESS", ConntrackEntry.REFUSED_EGRESS);
    numbers.put("CONNTRACK_SERVICE", ConntrackEntry.SERVICE);
    numbers.put("SCOPE_CLUSTER", ServiceKey.CLUSTER);
    numbers.put("SCOPE_OUTSIDE", ServiceKey.OUTSIDE);
    numbers.put("SERVICE_EXTERNAL", ServiceValue.EXTERNAL);
    numbers.put("SERVICE_SOURCE_RANGES", ServiceValue.SOURCE_RANGES);
    numbers.put("SERVICE_LOCAL_ONLY", ServiceValue.LOCAL_ONLY);
    numbers.put("SERVICE_REDIRECT", ServiceValue.REDIRECT);
    numbers.put("SERVICE_HOST_PORT", ServiceValue.HOST_PORT);
    numbers.put("SERVICE_SKIPPED", ServiceValue.SKIPPED);
    numbers.put("SCOPE_UNREDIRECTED", ServiceKey.UNREDIRECTED);
    numbers.put("SCOPE_OTHER_NODES", ServiceKey.OTHER_NODES);
    numbers.put("BACKEND_TERMINATING", Backend.TERMINATING);
    numbers.put("BACKEND_LOCAL", Backend.LOCAL);
    return numbers.entrySet().stream()
        .map(
            e ->
                DynamicTest.dynamicTest(
                    e.getKey(),
                    () -> assertThat(BTF.constant(e.getKey())).isEqualTo(e.getValue().longValue())))
        .toList();
  }
}
