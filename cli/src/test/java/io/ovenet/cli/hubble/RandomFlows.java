package io.ovenet.cli.hubble;

import com.google.protobuf.BoolValue;
import com.google.protobuf.Timestamp;
import io.ovenet.api.flow.CiliumEventType;
import io.ovenet.api.flow.DNS;
import io.ovenet.api.flow.DebugCapturePoint;
import io.ovenet.api.flow.DropReason;
import io.ovenet.api.flow.Endpoint;
import io.ovenet.api.flow.Ethernet;
import io.ovenet.api.flow.Flow;
import io.ovenet.api.flow.FlowType;
import io.ovenet.api.flow.HTTP;
import io.ovenet.api.flow.ICMPv4;
import io.ovenet.api.flow.IP;
import io.ovenet.api.flow.IPVersion;
import io.ovenet.api.flow.Kafka;
import io.ovenet.api.flow.L7FlowType;
import io.ovenet.api.flow.Layer4;
import io.ovenet.api.flow.Layer7;
import io.ovenet.api.flow.LostEvent;
import io.ovenet.api.flow.LostEventSource;
import io.ovenet.api.flow.Policy;
import io.ovenet.api.flow.SCTP;
import io.ovenet.api.flow.Service;
import io.ovenet.api.flow.SocketTranslationPoint;
import io.ovenet.api.flow.TCP;
import io.ovenet.api.flow.TCPFlags;
import io.ovenet.api.flow.TrafficDirection;
import io.ovenet.api.flow.UDP;
import io.ovenet.api.flow.Verdict;
import io.ovenet.api.observer.GetFlowsResponse;
import io.ovenet.api.relay.NodeState;
import io.ovenet.api.relay.NodeStatusEvent;
import java.util.List;
import java.util.Random;

/** Flows of every kind that there is, and some that there should not be. For one thread. */
final class RandomFlows {
  private static final long BEGIN = 1_764_000_000L;
  private final Random random;

  RandomFlows(long seed) {
    random = new Random(seed);
  }

  @SafeVarargs
  private <T> T one(T... values) {
    return values[random.nextInt(values.length)];
  }

  private Timestamp time() {
    return Timestamp.newBuilder()
        .setSeconds(BEGIN + random.nextInt(10_000_000))
        .setNanos(random.nextInt(1_000_000_000))
        .build();
  }

  GetFlowsResponse next() {
    var response = GetFlowsResponse.newBuilder().setNodeName("default/node-1").setTime(time());
    return switch (random.nextInt(40)) {
      case 0 ->
          response
              .setLostEvents(
                  LostEvent.newBuilder()
                      .setSource(LostEventSource.forNumber(1 + random.nextInt(3)))
                      .setNumEventsLost(random.nextInt(1000))
                      .setFirst(time())
                      .setLast(time()))
              .build();
      case 1 ->
          response
              .setNodeStatus(
                  NodeStatusEvent.newBuilder()
                      .setStateChange(NodeState.forNumber(1 + random.nextInt(4)))
                      .addAllNodeNames(one(List.of("a"), List.of("a", "b"), List.of()))
                      .setMessage(one("", "why")))
              .build();
      default -> response.setFlow(flow()).build();
    };
  }

  private Flow flow() {
    var flow = Flow.newBuilder().setTime(time()).setNodeName(one("default/node-1", "", "east/n2"));
    Verdict verdict = Verdict.forNumber(random.nextInt(8));
    flow.setVerdict(verdict);
    int type = one(1, 1, 4, 4, 4, 5, 5, 5, 3, 7, 129, 2, 0);
    var event = CiliumEventType.newBuilder().setType(type);
    switch (type) {
      case 1 -> {
        DropReason reason = DropReason.forNumber(130 + random.nextInt(75));
        event.setSubType(reason == null ? 207 : reason.getNumber());
        flow.setDropReasonDesc(reason == null ? DropReason.DROP_REASON_UNKNOWN : reason);
      }
      case 3 -> flow.setDebugCapturePoint(DebugCapturePoint.forNumber(one(0, 4, 5, 6)));
      case 4 -> event.setSubType(random.nextInt(14));
      case 7 -> flow.setSockXlatePoint(SocketTranslationPoint.forNumber(random.nextInt(5)));
      default -> {}
    }
    flow.setEventType(event).setPolicyMatchType(random.nextInt(7));
    flow.setTrafficDirection(TrafficDirection.forNumber(random.nextInt(3)));
    flow.setType(type == 129 ? FlowType.L7 : FlowType.L3_L4);
    if (random.nextInt(4) > 0) {
      flow.setIsReply(BoolValue.of(random.nextBoolean()));
    }
    if (random.nextInt(10) > 0) {
      flow.setSource(endpoint()).setDestination(endpoint());
    }
    if (random.nextInt(5) == 0) {
      flow.setEthernet(
          Ethernet.newBuilder().setSource("0a:58:0a:00:00:02").setDestination("33:33:00:00:00:16"));
    }
    if (random.nextInt(8) > 0) {
      flow.setIP(
          IP.newBuilder()
              .setIpVersion(one(IPVersion.IPv4, IPVersion.IPv6))
              .setSource(one("10.0.0.1", "fd00::1", ""))
              .setDestination(one("10.0.0.2", "fd00::2"))
              .setEncrypted(random.nextInt(9) == 0));
      flow.setL4(layer4());
    }
    if (random.nextInt(6) == 0) {
      flow.addAllSourceNames(one(List.of("a.example", "b.example"), List.of("c.example.")));
      flow.addDestinationNames("d.example");
    }
    if (random.nextInt(6) == 0) {
      flow.setSourceService(Service.newBuilder().setName("svc").setNamespace(one("ns", "")));
      flow.setDestinationService(Service.newBuilder().setName("dst").setNamespace("ns"));
    }
    if (type == 129) {
      flow.setL7(layer7());
    }
    flow.addAllEgressAllowedBy(policies()).addAllIngressAllowedBy(policies());
    flow.addAllEgressDeniedBy(policies()).addAllIngressDeniedBy(policies());
    return setSummary(flow).build();
  }

  @SuppressWarnings("deprecation") // clients print it
  private Flow.Builder setSummary(Flow.Builder flow) {
    return flow.setSummary(one("TCP Flags: SYN", "UDP", "ICMPv4 EchoRequest", ""));
  }

  private List<Policy> policies() {
    Policy web = Policy.newBuilder().setName("web").setNamespace("ns").setKind("CNP").build();
    Policy all = Policy.newBuilder().setName("all").setKind("CCNP").setRevision(7).build();
    return one(List.of(), List.of(), List.of(web), List.of(web, all));
  }

  private Endpoint endpoint() {
    var endpoint = Endpoint.newBuilder().setIdentity(one(0, 1, 2, 5, 9, 12, 40_000, 16_777_217));
    if (random.nextInt(4) > 0) {
      endpoint.setNamespace(one("app-web-prod", "")).setPodName(one("web", "virt-launcher-db-x"));
    }
    return endpoint.addLabels("k8s:app=web").setClusterName("default").build();
  }

  private Layer4 layer4() {
    int from = random.nextInt(65_536);
    int to = random.nextInt(65_536);
    return switch (random.nextInt(5)) {
      case 0 ->
          Layer4.newBuilder()
              .setTCP(
                  TCP.newBuilder()
                      .setSourcePort(from)
                      .setDestinationPort(to)
                      .setFlags(TCPFlags.newBuilder().setSYN(true).setACK(random.nextBoolean())))
              .build();
      case 1 ->
          Layer4.newBuilder()
              .setUDP(UDP.newBuilder().setSourcePort(from).setDestinationPort(to))
              .build();
      case 2 ->
          Layer4.newBuilder()
              .setSCTP(SCTP.newBuilder().setSourcePort(from).setDestinationPort(to))
              .build();
      case 3 -> Layer4.newBuilder().setICMPv4(ICMPv4.newBuilder().setType(8)).build();
      default -> Layer4.getDefaultInstance();
    };
  }

  private Layer7 layer7() {
    var layer7 =
        Layer7.newBuilder()
            .setType(L7FlowType.forNumber(1 + random.nextInt(3)))
            .setLatencyNs(random.nextInt(100_000_000));
    return switch (random.nextInt(4)) {
      case 0 ->
          layer7
              .setDns(
                  DNS.newBuilder()
                      .setQuery("name.")
                      .addIps("1.2.3.4")
                      .setTtl(30)
                      .setObservationSource("proxy")
                      .addQtypes("A"))
              .build();
      case 1 ->
          layer7
              .setHttp(
                  HTTP.newBuilder()
                      .setCode(one(0, 200, 404))
                      .setMethod("GET")
                      .setUrl("http://web/x?y=z")
                      .setProtocol("HTTP/1.1"))
              .build();
      case 2 -> layer7.setKafka(Kafka.newBuilder().setTopic("t").setApiKey("fetch")).build();
      default -> layer7.build();
    };
  }
}
