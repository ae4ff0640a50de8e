package io.ovenet.flow;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.TextFormat;
import com.google.protobuf.TextFormat.ParseException;
import com.google.protobuf.UnknownFieldSet;
import io.ovenet.api.flow.FlowFilter;
import io.ovenet.datapath.FlowEvent;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What each filter lets through, of one TCP packet from web-7d9f-abcde to a virtual machine. */
final class FlowFiltersTest {
  private static final FlowFilters FILTERS = new FlowFilters("default/node1", Flows.UUIDS);

  private static FlowFilter filter(String text) throws ParseException {
    return TextFormat.parse(text, FlowFilter.class);
  }

  private static boolean matches(String text, Event event) throws ParseException {
    return FILTERS.compile(List.of(filter(text)), List.of()).test(Flows.record(event));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "destination_service: 'app-web-prod/vm-web'  | true",
        "destination_service: 'app-web-prod/'        | true",
        "destination_service: '/vm-web-service'      | true",
        "destination_service: '/web'                 | false",
        "destination_service: 'app-web-prod/web'     | false",
        "destination_service: 'vm-web-service'       | false",
        "source_service: 'app-web-prod/vm-web'       | false",
      })
  void servicesAreFoundByTheirNamespaceAndTheBeginningOfTheirName(String filter, boolean expected)
      throws ParseException {
    assertThat(matches(filter, Flows.trace().service(5))).isEqualTo(expected);
    assertThat(matches(filter, Flows.trace())).isFalse();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "source_ip: '10.0.0.1'                    | true",
        "source_ip: '10.0.0.2'                    | false",
        "source_ip: '10.0.0.2' source_ip: '10.0.0.1' | true",
        "source_ip: '10.0.0.0/24'                 | true",
        "source_ip: '10.0.1.0/24'                 | false",
        "source_ip: '0.0.0.0/0'                   | true",
        "source_ip: '::/0'                        | true",
        "source_ip: '2001:db8::/32'               | false",
        "destination_ip: '10.0.0.2'               | true",
        "destination_ip: '10.0.0.2/31'            | true",
        "source_pod: 'app-web-prod/web'           | true",
        "source_pod: 'app-web-prod/'              | true",
        "source_pod: 'app-web-prod/db'            | false",
        "source_pod: 'app-web/web'                | false",
        "source_pod: '/web-7d9f'                  | true",
        "source_pod: '/eb'                        | false",
        "source_pod: 'web'                        | false",
        "destination_pod: 'app-database-prod/virt-launcher-database-vm' | true",
        "source_label: 'app=web'                  | true",
        "source_label: 'k8s:app=web'              | true",
        "source_label: 'any:app = web'            | true",
        "source_label: 'reserved:app=web'         | false",
        "source_label: 'app!=web'                 | false",
        "source_label: 'missing!=web'             | true",
        "source_label: 'app in (db, web)'         | true",
        "source_label: 'app notin (db,web)'       | false",
        "source_label: 'app,tier=front'           | true",
        "source_label: 'app in (web),!tier'       | false",
        "source_label: '!missing'                 | true",
        "source_label: 'io.kubernetes.pod.namespace=app-web-prod' | true",
        "destination_label: 'app=web'             | false",
        "destination_label: 'app=web' source_label: 'app=web' | false",
        "source_identity: 1001                    | true",
        "source_identity: 2                       | false",
        "destination_identity: 1002               | true",
        "source_workload: {name: 'web'}           | true",
        "source_workload: {name: 'web' kind: 'StatefulSet'} | false",
        "destination_workload: {kind: 'VirtualMachineInstance'} | true",
        "source_cluster_name: 'default'           | true",
        "source_cluster_name: 'other'             | false",
        "source_port: '40000'                     | true",
        "destination_port: '80' destination_port: '443' | true",
        "destination_port: '443'                  | false",
        "verdict: FORWARDED                       | true",
        "verdict: DROPPED                         | false",
        "event_type: {type: 4}                    | true",
        "event_type: {type: 4 match_sub_type: true} | true",
        "event_type: {type: 4 match_sub_type: true sub_type: 3} | false",
        "event_type: {type: 1}                    | false",
        "protocol: 'tcp'                          | true",
        "protocol: 'UDP'                          | false",
        "protocol: 'http'                         | false",
        "reply: false                             | true",
        "reply: true                              | false",
        "tcp_flags: {SYN: true}                   | true",
        "tcp_flags: {SYN: true ACK: true}         | false",
        "node_name: 'node1'                       | true",
        "node_name: 'node*'                       | true",
        "node_name: 'default/'                    | true",
        "node_name: 'default/*1'                  | true",
        "node_name: 'other/node1'                 | false",
        "node_name: 'ode'                         | false",
        "ip_version: IPv4                         | true",
        "ip_version: IPv6                         | false",
        "traffic_direction: INGRESS               | true",
        "traffic_direction: EGRESS                | false",
        "drop_reason_desc: POLICY_DENIED          | false",
        "interface: {name: 'ovt1'}                | true",
        "interface: {index: 7}                    | false",
        "experimental: {}                         | true",
        "uuid: '00000000-0000-4000-8000-000000000000' | false",
      })
  void oneTracedPacket(String filter, boolean expected) throws ParseException {
    Event event =
        Flows.trace()
            .flags(FlowEvent.HAS_L3 | FlowEvent.HAS_PORTS | FlowEvent.REPLY_KNOWN)
            .ifindex(0x100001);
    assertThat(matches(filter, event)).isEqualTo(expected);
  }

  @Test
  void anEmptyFilterMatchesAndAnEmptyListToo() throws ParseException {
    assertThat(matches("", Flows.trace())).isTrue();
    assertThat(FILTERS.compile(List.of(), List.of()).test(Flows.record(Flows.trace()))).isTrue();
  }

  @Test
  void blacklistTakesAwayFromWhitelist() throws ParseException {
    FlowFilter web = filter("source_pod: 'app-web-prod/'");
    FlowFilter port = filter("destination_port: '80'");
    FlowRecord flow = Flows.record(Flows.trace());

    assertThat(FILTERS.compile(List.of(web), List.of(port)).test(flow)).isFalse();
    assertThat(FILTERS.compile(List.of(), List.of(filter("verdict: DROPPED"), port)).test(flow))
        .isFalse();
    assertThat(FILTERS.compile(List.of(filter("verdict: DROPPED"), web), List.of()).test(flow))
        .isTrue();
  }

  @Test
  void droppedCountsAsNoReply() throws ParseException {
    assertThat(matches("reply: false", Flows.drop())).isTrue();
    assertThat(matches("reply: true", Flows.drop())).isFalse();
    assertThat(matches("reply: false", Flows.trace())).isFalse(); // unknown
    assertThat(matches("drop_reason_desc: POLICY_DENIED", Flows.drop())).isTrue();
  }

  @Test
  void dnsNamesByPattern() throws ParseException {
    Event event = Flows.trace().destination(8, 8, 8, 8).endpoints(1, 0).identities(1001, 2);

    assertThat(matches("destination_fqdn: '*.GOOGLE'", event)).isTrue();
    assertThat(matches("destination_fqdn: 'dns.google.'", event)).isTrue();
    assertThat(matches("destination_fqdn: 'google'", event)).isFalse();
    assertThat(matches("source_fqdn: '*'", event)).isFalse();
    assertThat(matches("destination_label: 'reserved:world'", event)).isTrue();
  }

  @Test
  void aFlowIsFoundByItsUuid() throws ParseException {
    String uuid = Flows.flow(Flows.trace()).getUuid();
    assertThat(matches("uuid: '" + uuid + "'", Flows.trace())).isTrue();
    assertThat(
            FILTERS
                .compile(List.of(filter("uuid: '" + uuid + "'")), List.of())
                .test(Flows.record(Flows.trace(), 1)))
        .isFalse();
  }

  @Test
  void whatIsNotServedIsAnErrorThatNamesIt() throws ParseException {
    FlowFilter filter =
        FlowFilter.newBuilder()
            .setExperimental(
                FlowFilter.Experimental.newBuilder()
                    .setUnknownFields(
                        UnknownFieldSet.newBuilder()
                            .addField(7, UnknownFieldSet.Field.newBuilder().addVarint(1).build())
                            .build()))
            .build();
    assertThatThrownBy(() -> FILTERS.compile(List.of(), List.of(filter)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("experimental");
  }

  private static boolean matchesCel(String expression, Event event) {
    return FILTERS.compile(List.of(celFilter(expression)), List.of()).test(Flows.record(event, 0));
  }

  private static FlowFilter celFilter(String... expressions) {
    return FlowFilter.newBuilder()
        .setExperimental(
            FlowFilter.Experimental.newBuilder().addAllCelExpression(List.of(expressions)))
        .build();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = ';',
      textBlock =
          """
          _flow.verdict == Verdict.FORWARDED ; true
          _flow.verdict == flow.Verdict.DROPPED ; false
          _flow.l4.TCP.destination_port == 80u && _flow.l4.TCP.source_port > 7u ; true
          has(_flow.l4.UDP) ; false
          _flow.node_name.matches('node1$') ; true
          _flow.source.labels.exists(l, l.startsWith('k8s:no-such')) ; false
          _flow.destination_names[7] == 'a' ; false
          1 / 0 == 1 || true ; true
          !(1 / 0 == 1) ; false
          """)
  void expressionsOverAFlow(String expression, boolean matches) {
    assertThat(matchesCel(expression, Flows.trace().ports(9, 80))).isEqualTo(matches);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "_flow.verdict",
        "_flow.nonsense == 1",
        "flow.verdict == 1",
        "_flow.verdict ==",
        "1 == 'a'",
        "",
        "no_such_function(_flow)"
      })
  void aWrongExpressionIsAnErrorThatNamesIt(String expression) {
    assertThatThrownBy(() -> FILTERS.compile(List.of(celFilter("true", expression)), List.of()))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("flow filter: experimental: \"" + expression + "\"");
  }

  /** Text that grows without end in nesting, in length or in what it takes to evaluate. */
  @Test
  void anExpressionTakesNoMoreThanItMay() {
    for (String wrong : List.of("(".repeat(5000) + "true" + ")".repeat(5000), "!".repeat(20_000))) {
      assertThatThrownBy(() -> FILTERS.compile(List.of(celFilter(wrong)), List.of()))
          .isInstanceOf(IllegalArgumentException.class);
    }
    String list = "[1,2,3,4,5,6,7,8,9,10]";
    String endless = "x == 0";
    for (String name : List.of("a", "b", "c", "d", "e", "f", "g", "x")) {
      endless = list + ".exists(" + name + ", " + endless + ")";
    }
    assertThat(matchesCel(endless, Flows.trace())).isFalse();
    assertThat(matchesCel("'" + "a".repeat(5000) + "'.matches('(a*)*b')", Flows.trace())).isFalse();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "http_status_code: '404'",
        "http_status_code: '5+' http_status_code: '40+'",
        "http_method: 'GET' event_type: {type: 129}",
        "http_path: '^/a?'",
        "http_url: '/'",
        "http_header: {key: 'a'}",
        "dns_query: 'a'",
        "source_service: 'a/b'",
        "destination_service: 'a/b'",
        "trace_id: 'a'",
        "ip_trace_id: 7",
        "encrypted: true",
        "node_labels: 'a=b'",
        "source_ip_xlated: '10.0.0.0/8'",
      })
  void whatNoFlowHasMatchesNothing(String text) throws ParseException {
    assertThat(matches(text, Flows.trace())).isFalse();
  }

  @ParameterizedTest
  @ValueSource(strings = {"encrypted: false", "ip_trace_id: 0", "node_labels: 'a!=b'"})
  void emptyMatchesWhatNoFlowHas(String text) throws ParseException {
    assertThat(matches(text, Flows.trace())).isTrue();
  }

  @Test
  void fieldsOfTheFutureAreErrorsToo() throws ParseException {
    FlowFilter filter =
        FlowFilter.newBuilder()
            .setUnknownFields(
                com.google.protobuf.UnknownFieldSet.newBuilder()
                    .addField(
                        4711,
                        com.google.protobuf.UnknownFieldSet.Field.newBuilder().addVarint(1).build())
                    .build())
            .build();
    assertThatThrownBy(() -> FILTERS.compile(List.of(filter), List.of()))
        .hasMessageContaining("4711");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "source_ip: ''",
        "source_ip: '10.0.0'",
        "source_ip: 'localhost'",
        "source_ip: '10.0.0.0/33'",
        "source_pod: ''",
        "source_label: ''",
        "source_label: 'a=b=c'",
        "source_label: 'a in b'",
        "source_label: 'a in (b'",
        "source_label: '!a=b'",
        "source_port: '65536'",
        "source_port: 'http'",
        "protocol: 'quic'",
        "source_cluster_name: ''",
        "node_name: ''",
        "uuid: 'x'",
        "http_status_code: '600'",
        "http_status_code: '404+'",
        "http_path: '(?=a)'",
        "http_url: '('",
        "http_method: 'GET' event_type: {type: 1}",
        "dns_query: '\\\\1'",
        "source_service: ''",
        "source_ip_xlated: 'x'",
        "node_labels: 'a in b'"
      })
  void whatCannotBeReadIsAnErrorThatNamesIt(String text) throws ParseException {
    FlowFilter filter = filter(text);
    assertThatThrownBy(() -> FILTERS.compile(List.of(filter), List.of()))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining(text.substring(0, text.indexOf(':')));
  }
}
