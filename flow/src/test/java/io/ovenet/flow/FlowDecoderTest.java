package io.ovenet.flow;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.BoolValue;
import com.google.protobuf.Timestamp;
import io.ovenet.api.flow.Aggregate;
import io.ovenet.api.flow.CiliumEventType;
import io.ovenet.api.flow.DropReason;
import io.ovenet.api.flow.Endpoint;
import io.ovenet.api.flow.Ethernet;
import io.ovenet.api.flow.Flow;
import io.ovenet.api.flow.FlowType;
import io.ovenet.api.flow.ICMPv4;
import io.ovenet.api.flow.IP;
import io.ovenet.api.flow.IPVersion;
import io.ovenet.api.flow.Layer4;
import io.ovenet.api.flow.NetworkInterface;
import io.ovenet.api.flow.Policy;
import io.ovenet.api.flow.TCP;
import io.ovenet.api.flow.TCPFlags;
import io.ovenet.api.flow.TraceObservationPoint;
import io.ovenet.api.flow.TraceReason;
import io.ovenet.api.flow.TrafficDirection;
import io.ovenet.api.flow.Verdict;
import io.ovenet.datapath.EventKind;
import io.ovenet.datapath.FlowEvent;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Events become the flows that Hubble's clients expect (contracts: population rules). */
final class FlowDecoderTest {
  private static final Policy POLICY =
      Policy.newBuilder()
          .setName("vm-web-policy")
          .setNamespace("app-web-prod")
          .setKind("CiliumNetworkPolicy")
          .setRevision(7)
          .addLabels("k8s:io.cilium.k8s.policy.name=vm-web-policy")
          .addLabels("ovenet:field-path=spec.ingress[0].toPorts[0]")
          .build();

  @Test
  void everyFieldOfATracedPacket() {
    Flow flow =
        Flows.flow(
            Flows.trace()
                .flags(
                    FlowEvent.HAS_L3
                        | FlowEvent.HAS_PORTS
                        | FlowEvent.REPLY
                        | FlowEvent.REPLY_KNOWN)
                .tcpFlags(0x12)
                .reason(3)
                .ifindex(0x100001)
                .macs(1, 0xfe));

    assertThat(UUID.fromString(flow.getUuid()).version()).isEqualTo(4);
    assertThat(flow.toBuilder().clearUuid().build())
        .isEqualTo(
            flowBuilder()
                .setVerdict(Verdict.FORWARDED)
                .setEventType(CiliumEventType.newBuilder().setType(4))
                .setTraceObservationPoint(TraceObservationPoint.TO_ENDPOINT)
                .setTraceReason(TraceReason.REPLY)
                .setIsReply(BoolValue.of(true))
                .setField(Flow.getDescriptor().findFieldByName("reply"), true)
                .setInterface(NetworkInterface.newBuilder().setIndex(0x100001).setName("ovt1"))
                .setEthernet(
                    Ethernet.newBuilder()
                        .setSource("02:00:00:00:00:01")
                        .setDestination("02:00:00:00:00:fe"))
                .setL4(tcp(TCPFlags.newBuilder().setSYN(true).setACK(true).build()))
                .setField(summary(), "TCP Flags: SYN, ACK")
                .build());
  }

  @Test
  void dropsHaveAReasonAndNoReply() {
    Flow flow = Flows.flow(Flows.drop().rule(9));

    assertThat(flow.toBuilder().clearUuid().build())
        .isEqualTo(
            flowBuilder()
                .setVerdict(Verdict.DROPPED)
                .setField(Flow.getDescriptor().findFieldByName("drop_reason"), 133)
                .setDropReasonDesc(DropReason.POLICY_DENIED)
                .setEventType(CiliumEventType.newBuilder().setType(1).setSubType(133))
                .addIngressDeniedBy(POLICY)
                .build());
    assertThat(flow.hasIsReply()).isFalse();
  }

  @ParameterizedTest
  @CsvSource({
    "ALLOW, FORWARDED, DROP_REASON_UNKNOWN, false",
    "DENY, DROPPED, POLICY_DENY, ",
    "DEFAULT, DROPPED, POLICY_DENIED, ",
    "REDIRECT, REDIRECTED, DROP_REASON_UNKNOWN, false",
    "AUDIT, AUDIT, DROP_REASON_UNKNOWN, false"
  })
  void verdictsOfPolicy(
      io.ovenet.datapath.Verdict decided, Verdict verdict, DropReason reason, String reply) {
    Flow flow = Flows.flow(Flows.verdict(decided).direction(2).match(2).rule(9));

    assertThat(flow.getVerdict()).isEqualTo(verdict);
    assertThat(flow.getDropReasonDesc()).isEqualTo(reason);
    assertThat(flow.getEventType()).isEqualTo(CiliumEventType.newBuilder().setType(5).build());
    assertThat(flow.getPolicyMatchType()).isEqualTo(2);
    assertThat(flow.getTrafficDirection()).isEqualTo(TrafficDirection.EGRESS);
    assertThat(flow.hasIsReply()).isEqualTo(reply != null);
    boolean denied = verdict == Verdict.DROPPED || verdict == Verdict.AUDIT;
    assertThat(flow.getEgressDeniedByList()).isEqualTo(denied ? List.of(POLICY) : List.of());
    assertThat(flow.getEgressAllowedByList()).isEqualTo(denied ? List.of() : List.of(POLICY));
    assertThat(flow.getIngressAllowedByCount() + flow.getIngressDeniedByCount()).isZero();
  }

  @ParameterizedTest
  @CsvSource({"2, TO_HOST, 2", "3, TO_STACK, 3", "101, TO_ENDPOINT, 0", "0, TO_ENDPOINT, 0"})
  void observationPoints(int number, TraceObservationPoint point, int subtype) {
    Flow flow = Flows.flow(new Event(EventKind.TRACE, number));

    assertThat(flow.getTraceObservationPoint()).isEqualTo(point);
    assertThat(flow.getEventType().getSubType()).isEqualTo(subtype);
    assertThat(flow.hasIsReply()).isFalse();
  }

  @Test
  void icmpHasTypeAndCode() {
    Flow flow = Flows.flow(Flows.trace().protocol(1).ports(3 << 8 | 3, 0));

    assertThat(flow.getL4().getICMPv4())
        .isEqualTo(ICMPv4.newBuilder().setType(3).setCode(3).build());
    assertThat(summary(flow)).isEqualTo("ICMPv4 DestinationUnreachable(Port)");
    assertThat(summary(Flows.flow(Flows.trace().protocol(1).ports(8 << 8, 0))))
        .isEqualTo("ICMPv4 EchoRequest");
    assertThat(summary(Flows.flow(Flows.trace().protocol(1).ports(200 << 8 | 1, 0))))
        .isEqualTo("ICMPv4 200(1)");
  }

  @Test
  void summariesOfEveryLayerThatIsKnown() {
    assertThat(summary(Flows.flow(Flows.trace().protocol(17)))).isEqualTo("UDP");
    assertThat(summary(Flows.flow(Flows.trace().tcpFlags(0xff))))
        .isEqualTo("TCP Flags: SYN, ACK, RST, FIN, PSH, URG, ECE, CWR");
    assertThat(summary(Flows.flow(Flows.drop().flags(FlowEvent.HAS_L3)))).isEqualTo("IPv4");
    Flow bare = Flows.flow(Flows.drop().flags(0));
    assertThat(summary(bare)).isEqualTo("Ethernet");
    assertThat(bare.hasIP() || bare.hasL4()).isFalse();
  }

  @Test
  void ipv6AddressesAreWrittenAsTheirRfcSays() {
    Flow flow =
        Flows.flow(
            Flows.drop()
                .flags(FlowEvent.HAS_L3 | FlowEvent.IPV6)
                .sourceIpv6(0x20010db8_00000000L, 1));

    assertThat(flow.getIP().getSource()).isEqualTo("2001:db8::1");
    assertThat(flow.getIP().getIpVersion()).isEqualTo(IPVersion.IPv6);
    assertThat(Addresses.text(0, 0)).isEqualTo("::");
    assertThat(Addresses.text(0, 1)).isEqualTo("::1");
    assertThat(Addresses.text(0x00010000_00000001L, 0x00000000_00000001L)).isEqualTo("1:0:0:1::1");
    assertThat(Addresses.text(0xfe800000_00000000L, 0)).isEqualTo("fe80::");
    assertThat(Addresses.text(0x00010002_00030004L, 0x00050006_00070000L))
        .isEqualTo("1:2:3:4:5:6:7:0");
  }

  @Test
  void namesOfDnsAndOfTheWorld() {
    Flow flow =
        Flows.flow(Flows.trace().destination(8, 8, 8, 8).endpoints(1, 0).identities(1001, 2));

    assertThat(flow.getDestination())
        .isEqualTo(Endpoint.newBuilder().setIdentity(2).addLabels("reserved:world").build());
    assertThat(flow.getDestinationNamesList()).containsExactly("dns.google");
    assertThat(flow.getSourceNamesList()).isEmpty();
  }

  @Test
  void theIdentityThatDecidedStandsAfterARelabelling() {
    var identities = new HashMap<>(Flows.NAMES.identities());
    identities.put(1777, FlowEndpoint.identity(1777, FlowLabels.of("k8s:app=new")));
    Endpoint source = Flows.flow(Flows.trace().identities(1777, 1002)).getSource();
    assertThat(source.getIdentity()).isEqualTo(1777);
    assertThat(source.getPodName()).isEqualTo("web-7d9f-abcde");
    assertThat(source.getLabelsList()).isEmpty();

    NameTable names =
        new NameTable(
            "default",
            "node1",
            Flows.NAMES.endpoints(),
            Map.of(),
            identities,
            Map.of(),
            Map.of(),
            Map.of());
    FlowRecord record =
        Objects.requireNonNull(
            Flows.decoder(names).decode(Flows.trace().identities(1777, 1002).view(), 0));
    assertThat(record.source().labels().texts()).containsExactly("k8s:app=new");
  }

  @Test
  void packetsThatOneEventStandsForAreCounted() {
    assertThat(Flows.flow(Flows.drop().count(5)).getAggregate())
        .isEqualTo(Aggregate.newBuilder().setIngressFlowCount(5).build());
    assertThat(Flows.flow(Flows.drop().direction(0).count(5)).getAggregate())
        .isEqualTo(Aggregate.newBuilder().setUnknownDirectionFlowCount(5).build());
    assertThat(Flows.flow(Flows.drop()).hasAggregate()).isFalse();
  }

  @Test
  void whatTheKernelNeverWritesIsNoFlow() {
    FlowDecoder decoder = Flows.decoder(Flows.NAMES);
    assertThat(decoder.decode(Flows.drop().kind(77).view(), 0)).isNull();
    assertThat(decoder.decode(new Event(EventKind.POLICY_VERDICT, 99).view(), 0)).isNull();
  }

  @Test
  void eachEventOfARecordDecodesAsItWouldAlone() {
    long seed = Long.getLong("ovenet.seed", new Random().nextLong());
    System.out.println("seed " + seed);
    Random random = new Random(seed);
    FlowDecoder decoder = Flows.decoder(Flows.NAMES);
    var encoder = new FlowEncoder("default/node1", Flows.UUIDS, FlowMask.EVERYTHING);
    FlowEvent cursor = new FlowEvent();
    byte[] bytes = new byte[FlowEvent.CONNECTION_SIZE];
    int decoded = 0;
    for (int i = 0; i < 5_000; i++) {
      ByteBuffer record = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
      Event trace =
          Flows.trace()
              .time(random.nextInt(1 << 20))
              .source(10, 0, 0, random.nextInt(4))
              .destination(8, 8, 8, 7 + random.nextInt(2))
              .endpoints(random.nextInt(4), random.nextInt(4))
              .identities(1000 + random.nextInt(4), random.nextInt(4))
              .ports(random.nextInt(1 << 16), random.nextInt(1 << 16))
              .service(random.nextInt(7))
              .ifindex(random.nextBoolean() ? 0x100001 : 0);
      record.put(0, trace.segment().toArray(ValueLayout.JAVA_BYTE));
      List<Event> alone = new ArrayList<>();
      for (int at = FlowEvent.SIZE; at < FlowEvent.CONNECTION_SIZE; at += 8) {
        int rule = 8 + random.nextInt(4);
        int verdict = random.nextInt(6); // one of them means nothing
        int match = random.nextInt(5);
        int direction = random.nextInt(3);
        record.putInt(at, rule).put(at + 4, (byte) verdict).put(at + 5, (byte) match);
        record.put(at + 6, (byte) direction);
        if (direction != 0) {
          alone.add(trace.copy().kind(EventKind.POLICY_VERDICT.number()).subtype(verdict));
          alone.getLast().match(match).rule(rule).direction(direction).reason(0);
        }
      }
      alone.add(trace);
      cursor.record(MemorySegment.ofArray(bytes), 0, bytes.length);
      for (Event event : alone) {
        assertThat(cursor.next()).isTrue();
        FlowRecord flow = decoder.decode(cursor, i);
        FlowRecord expected = Flows.decoder(Flows.NAMES).decode(event.view(), i);
        assertThat(flow == null).isEqualTo(expected == null);
        if (flow != null && expected != null) {
          assertThat(encoder.flow(flow)).isEqualTo(encoder.flow(expected));
          decoded++;
        }
      }
      assertThat(cursor.next()).isFalse();
    }
    assertThat(decoded).isGreaterThan(5_000);
  }

  @Test
  void theServiceStandsAtTheEndThatWasAsked() {
    Flow asked = Flows.flow(Flows.trace().service(5));
    assertThat(asked.getDestinationService().getName()).isEqualTo("vm-web-service");
    assertThat(asked.getDestinationService().getNamespace()).isEqualTo("app-web-prod");
    assertThat(asked.hasSourceService()).isFalse();
    Flow reply =
        Flows.flow(Flows.trace().reason(io.ovenet.datapath.TraceReason.REPLY.number()).service(5));
    assertThat(reply.getSourceService().getName()).isEqualTo("vm-web-service");
    assertThat(reply.hasDestinationService()).isFalse();
    Flow unknown = Flows.flow(Flows.trace().service(6));
    assertThat(unknown.hasDestinationService()).isFalse();
  }

  @Test
  void anyBytesDecodeOrAreRefused() {
    long seed = new Random().nextLong();
    System.out.println("seed " + seed);
    Random random = new Random(seed);
    FlowDecoder decoder = Flows.decoder(Flows.NAMES);
    var encoder = new FlowEncoder("default/node1", Flows.UUIDS, FlowMask.EVERYTHING);
    byte[] bytes = new byte[FlowEvent.SIZE];
    for (int i = 0; i < 20_000; i++) {
      random.nextBytes(bytes);
      bytes[8] = (byte) List.of(1, 4, 5, 6).get(random.nextInt(4)).intValue();
      FlowRecord flow = decoder.decode(new FlowEvent().at(MemorySegment.ofArray(bytes), 0), i);
      if (flow != null) {
        assertThat(encoder.flow(flow).getUnknownFields().asMap()).isEmpty();
      }
    }
  }

  private static Flow.Builder flowBuilder() {
    return Flow.newBuilder()
        .setTime(Timestamp.newBuilder().setSeconds(1_767_323_045).setNanos(1_000))
        .setIP(
            IP.newBuilder()
                .setSource("10.0.0.1")
                .setDestination("10.0.0.2")
                .setIpVersion(IPVersion.IPv4))
        .setL4(tcp(TCPFlags.newBuilder().setSYN(true).build()))
        .setSource(
            Endpoint.newBuilder()
                .setID(1)
                .setIdentity(1001)
                .setClusterName("default")
                .setNamespace("app-web-prod")
                .addLabels("k8s:app=web")
                .addLabels("k8s:io.kubernetes.pod.namespace=app-web-prod")
                .addLabels("k8s:tier=front")
                .setPodName("web-7d9f-abcde")
                .addAllWorkloads(Flows.WEB.workloads()))
        .setDestination(
            Endpoint.newBuilder()
                .setID(2)
                .setIdentity(1002)
                .setClusterName("default")
                .setNamespace("app-database-prod")
                .addLabels("k8s:app=database-vm")
                .setPodName("virt-launcher-database-vm-x7k2p")
                .addAllWorkloads(Flows.DATABASE.workloads()))
        .setType(FlowType.L3_L4)
        .setNodeName("default/node1")
        .setTrafficDirection(TrafficDirection.INGRESS)
        .setField(summary(), "TCP Flags: SYN");
  }

  private static Layer4 tcp(TCPFlags flags) {
    return Layer4.newBuilder()
        .setTCP(TCP.newBuilder().setSourcePort(40_000).setDestinationPort(80).setFlags(flags))
        .build();
  }

  private static com.google.protobuf.Descriptors.FieldDescriptor summary() {
    return Flow.getDescriptor().findFieldByName("Summary");
  }

  private static Object summary(Flow flow) {
    return flow.getField(summary());
  }
}
