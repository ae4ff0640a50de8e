package io.ovenet.cli.hubble;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.BoolValue;
import com.google.protobuf.Timestamp;
import io.ovenet.api.flow.CiliumEventType;
import io.ovenet.api.flow.DropReason;
import io.ovenet.api.flow.Flow;
import io.ovenet.api.flow.FlowType;
import io.ovenet.api.flow.IPTraceID;
import io.ovenet.api.flow.LostEventSource;
import io.ovenet.api.flow.Policy;
import io.ovenet.api.flow.TrafficDirection;
import io.ovenet.api.flow.Verdict;
import io.ovenet.api.observer.GetFlowsResponse;
import java.io.PrintWriter;
import java.io.StringWriter;
import org.junit.jupiter.api.Test;

/** The forms, byte for byte. */
final class FlowPrinterTest {
  private static Flow.Builder dropped() {
    var flow =
        Flow.newBuilder()
            .setTime(Timestamp.newBuilder().setSeconds(1234).setNanos(567_800_000))
            .setVerdict(Verdict.DROPPED)
            .setDropReasonDesc(DropReason.POLICY_DENIED)
            .setType(FlowType.L3_L4)
            .setNodeName("default/node1")
            .setEventType(CiliumEventType.newBuilder().setType(1).setSubType(133))
            .setField(Flow.getDescriptor().findFieldByName("Summary"), "TCP Flags: SYN");
    flow.getIPBuilder().setSource("10.0.0.1").setDestination("10.0.0.2");
    flow.getL4Builder().getTCPBuilder().setSourcePort(31793).setDestinationPort(8080);
    flow.getSourceBuilder().setIdentity(70_000).setNamespace("app-web-prod").setPodName("stranger");
    flow.getDestinationBuilder().setIdentity(2);
    return flow;
  }

  private static Flow.Builder verdict(Verdict verdict) {
    return dropped()
        .setVerdict(verdict)
        .setTrafficDirection(TrafficDirection.INGRESS)
        .setPolicyMatchType(2)
        .setEventType(CiliumEventType.newBuilder().setType(5))
        .addIngressDeniedBy(Policy.newBuilder().setName("web").setKind("CiliumNetworkPolicy"))
        .addIngressDeniedBy(Policy.newBuilder().setName("all").setKind("NetworkPolicy"));
  }

  private static String print(
      FlowPrinter.Form form, boolean node, boolean policies, Flow.Builder... flows) {
    var out = new StringWriter();
    try (var printer =
        new FlowPrinter(
            form,
            TimeFormat.StampMilli,
            node,
            policies,
            true,
            Paint.of("never"),
            new PrintWriter(out),
            new PrintWriter(out))) {
      for (Flow.Builder flow : flows) {
        printer.print(GetFlowsResponse.newBuilder().setFlow(flow).build());
      }
    }
    return out.toString();
  }

  private static String compact(Flow.Builder flow) {
    return print(FlowPrinter.Form.COMPACT, false, false, flow);
  }

  @Test
  void compactLines() {
    assertThat(compact(dropped()))
        .isEqualTo(
            "Jan  1 00:20:34.567: app-web-prod/stranger:31793 (ID:70000) <> 10.0.0.2:8080 (world)"
                + " Policy denied DROPPED (TCP Flags: SYN)\n");
    assertThat(
            compact(
                dropped()
                    .setEventType(CiliumEventType.newBuilder().setType(4).setSubType(3))
                    .setVerdict(Verdict.FORWARDED)
                    .setIsReply(BoolValue.of(false))))
        .isEqualTo(
            "Jan  1 00:20:34.567: app-web-prod/stranger:31793 (ID:70000) -> 10.0.0.2:8080 (world)"
                + " to-stack FORWARDED (TCP Flags: SYN)\n");
    assertThat(
            print(
                FlowPrinter.Form.COMPACT,
                true,
                false,
                dropped()
                    .setEventType(CiliumEventType.newBuilder().setType(4))
                    .setVerdict(Verdict.FORWARDED)
                    .setIsReply(BoolValue.of(true))))
        .isEqualTo(
            "Jan  1 00:20:34.567 [default/node1]: 10.0.0.2:8080 (world) <-"
                + " app-web-prod/stranger:31793 (ID:70000) to-endpoint FORWARDED (TCP Flags:"
                + " SYN)\n");
    assertThat(
            compact(
                dropped().setEventType(CiliumEventType.newBuilder().setType(1).setSubType(181))))
        .contains(" Policy denied by denylist DROPPED ");
  }

  @Test
  void verdictsOfPolicy() {
    assertThat(compact(verdict(Verdict.DROPPED)))
        .contains(" policy-verdict:L3-L4 INGRESS DENIED (TCP");
    assertThat(compact(verdict(Verdict.FORWARDED)))
        .contains(" policy-verdict:L3-L4 INGRESS ALLOWED (TCP");
    assertThat(compact(verdict(Verdict.REDIRECTED))).contains(" INGRESS ALLOWED (TCP");
    assertThat(print(FlowPrinter.Form.COMPACT, false, true, verdict(Verdict.DROPPED)))
        .contains(" DENIED BY web (CiliumNetworkPolicy), all (NetworkPolicy) (TCP");
    assertThat(print(FlowPrinter.Form.COMPACT, false, true, verdict(Verdict.AUDIT)))
        .contains(" AUDITED (TCP");
  }

  @Test
  void dictAndTable() {
    assertThat(print(FlowPrinter.Form.DICT, true, false, dropped(), dropped()))
        .isEqualTo(
            """
              TIMESTAMP: Jan  1 00:20:34.567
                   NODE: default/node1
                 SOURCE: app-web-prod/stranger:31793
            DESTINATION: 10.0.0.2:8080
                   TYPE: Policy denied
                VERDICT: DROPPED
                SUMMARY: TCP Flags: SYN
            ------------
              TIMESTAMP: Jan  1 00:20:34.567
                   NODE: default/node1
                 SOURCE: app-web-prod/stranger:31793
            DESTINATION: 10.0.0.2:8080
                   TYPE: Policy denied
                VERDICT: DROPPED
                SUMMARY: TCP Flags: SYN
            """);
    assertThat(print(FlowPrinter.Form.TABLE, false, false, dropped()))
        .isEqualTo(
            """
            TIMESTAMP             SOURCE                        DESTINATION     TYPE            VERDICT   SUMMARY
            Jan  1 00:20:34.567   app-web-prod/stranger:31793   10.0.0.2:8080   Policy denied   DROPPED   TCP Flags: SYN
            """);
  }

  @Test
  void jsonInTheOrderOfTheFile() {
    Flow.Builder flow =
        dropped()
            .setIsReply(BoolValue.of(false))
            .setIpTraceId(IPTraceID.newBuilder().setTraceId(1234).setIpOptionType(136));
    flow.setField(Flow.getDescriptor().findFieldByName("Summary"), "a<b>&\"\u009b\n");
    assertThat(print(FlowPrinter.Form.JSON, false, false, flow))
        .isEqualTo(
            """
            {"flow":{"time":"1970-01-01T00:20:34.567800Z","verdict":"DROPPED",\
            "IP":{"source":"10.0.0.1","destination":"10.0.0.2"},\
            "l4":{"TCP":{"source_port":31793,"destination_port":8080}},\
            "source":{"identity":70000,"namespace":"app-web-prod","pod_name":"stranger"},\
            "destination":{"identity":2},"Type":"L3_L4","node_name":"default/node1",\
            "event_type":{"type":1,"sub_type":133},\
            "ip_trace_id":{"trace_id":"1234","ip_option_type":136},\
            "drop_reason_desc":"POLICY_DENIED","is_reply":false,\
            "Summary":"a\\u003cb\\u003e\\u0026\\"\\u009b\\n"}}
            """);
  }

  @Test
  void nothingFromTheNetworkCommandsTheTerminal() {
    Flow.Builder evil = dropped();
    evil.getSourceBuilder().setPodName("a\u001b[2J\u009b1m\r\n\u007f");
    for (FlowPrinter.Form form :
        new FlowPrinter.Form[] {
          FlowPrinter.Form.COMPACT,
          FlowPrinter.Form.DICT,
          FlowPrinter.Form.TABLE,
          FlowPrinter.Form.JSON
        }) {
      assertThat(print(form, true, true, evil).replace("\n", ""))
          .matches("[^\\p{Cc}\u0080-\u009f]*");
    }
    assertThat(compact(evil)).contains("a^[[2JM-^[1m^M^J^?:31793");
  }

  @Test
  void lossesAreShown() {
    var response = GetFlowsResponse.newBuilder();
    response
        .getLostEventsBuilder()
        .setSource(LostEventSource.HUBBLE_RING_BUFFER)
        .setNumEventsLost(17);
    var out = new StringWriter();
    try (var printer =
        new FlowPrinter(
            FlowPrinter.Form.COMPACT,
            TimeFormat.StampMilli,
            false,
            false,
            true,
            Paint.of("never"),
            new PrintWriter(out),
            new PrintWriter(out))) {
      printer.print(response.build());
    }
    assertThat(out.toString())
        .isEqualTo("Jan  1 00:00:00.000 EVENTS LOST: HUBBLE_RING_BUFFER CPU(0) 17\n");
  }
}
