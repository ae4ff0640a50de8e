package io.ovenet.kubernetes;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class ServiceRecordsTest {
  private static JsonObject json(String text) {
    return Json.parse(text.replace('\'', '"').getBytes(StandardCharsets.UTF_8));
  }

  private static ServiceRecord service(String spec, String status) {
    return ServiceRecords.service(
        json(
            "{'metadata':{'name':'web','namespace':'shop','uid':'u'},'spec':"
                + spec
                + ",'status':"
                + status
                + "}"));
  }

  private static EndpointSliceRecord slice(String rest) {
    return EndpointSliceRecords.slice(
        json(
            "{'metadata':{'name':'web-1','namespace':'shop','uid':'u',"
                + "'labels':{'kubernetes.io/service-name':'web'}},"
                + rest
                + "}"));
  }

  @Test
  void everyFieldOfAServiceIsRead() {
    var service =
        service(
            """
            {'type':'LoadBalancer','clusterIP':'10.96.0.9','clusterIPs':['10.96.0.9'],
             'externalIPs':['192.0.2.7'],'sessionAffinity':'ClientIP',
             'sessionAffinityConfig':{'clientIP':{'timeoutSeconds':60}},
             'internalTrafficPolicy':'Local','externalTrafficPolicy':'Local',
             'healthCheckNodePort':30999,'loadBalancerSourceRanges':['192.0.2.0/24'],
             'publishNotReadyAddresses':true,'trafficDistribution':'PreferClose',
             'ports':[{'name':'http','port':80,'targetPort':'web','nodePort':30080,
                       'appProtocol':'kubernetes.io/h2c'},
                      {'name':'dns','port':53,'protocol':'UDP','targetPort':5353}]}""",
            "{'loadBalancer':{'ingress':[{'ip':'10.100.0.10'},{'ip':'10.100.0.11','ipMode':'Proxy'},"
                + "{'hostname':'somewhere'}]}}");
    assertThat(service.headless()).isFalse();
    assertThat(service.externalIps()).containsExactly("192.0.2.7");
    assertThat(service.traffic())
        .isEqualTo(
            new ServiceTraffic(
                true, true, "PreferClose", 60, true, 30999, List.of("192.0.2.0/24")));
    assertThat(service.ports())
        .containsExactly(
            new ServicePort("http", "TCP", 80, "web", 30080, "kubernetes.io/h2c"),
            new ServicePort("dns", "UDP", 53, "5353", 0, ""));
    assertThat(service.ingress())
        .containsExactly(
            new LoadBalancerIngress("10.100.0.10", false),
            new LoadBalancerIngress("10.100.0.11", true));
    assertThat(service.ingressIps()).containsExactly("10.100.0.10", "10.100.0.11");
  }

  @Test
  void whatIsNotSaidHasTheDefaultsOfKubernetes() {
    var service = service("{'clusterIP':'None','sessionAffinity':'ClientIP'}", "{}");
    assertThat(service.headless()).isTrue();
    assertThat(service.clusterIps()).isEmpty();
    assertThat(service.traffic().affinitySeconds()).isEqualTo(10_800);
    assertThat(service("{}", "{}").traffic())
        .isEqualTo(new ServiceTraffic(false, false, "", 0, false, 0, List.of()));
  }

  @Test
  void conditionsThatAreMissingMeanReadyAndServing() {
    var slice =
        slice(
            """
            'addressType':'IPv4','ports':[{'name':'http','port':8080}],'endpoints':[
             {'addresses':['10.0.0.1','10.0.0.99']},
             {'addresses':['10.0.0.2'],'conditions':{'ready':false}},
             {'addresses':['10.0.0.3'],'conditions':{'ready':false,'serving':true,'terminating':true},
              'nodeName':'n1','zone':'z1','hints':{'forZones':[{'name':'z2'}],'forNodes':[{'name':'n9'}]},
              'targetRef':{'kind':'Pod','name':'p','uid':'p-1'}}]""");
    assertThat(slice.service()).isEqualTo("web");
    assertThat(slice.errors()).isEmpty();
    assertThat(slice.ports()).containsExactly(new SlicePort("http", "TCP", 8080));
    assertThat(slice.endpoints())
        .extracting(e -> e.address().getHostAddress() + e.ready() + e.serving() + e.terminating())
        .containsExactly(
            "10.0.0.1truetruefalse", "10.0.0.2falsefalsefalse", "10.0.0.3falsetruetrue");
    var last = slice.endpoints().getLast();
    assertThat(
            List.of(last.node(), last.zone(), last.targetKind(), last.target(), last.targetUid()))
        .containsExactly("n1", "z1", "Pod", "p", "p-1");
    assertThat(last.hintZones()).containsExactly("z2");
    assertThat(last.hintNodes()).containsExactly("n9");
  }

  @Test
  void whatMakesNoSenseIsLeftOutByItsField() {
    var slice =
        slice(
            """
            'addressType':'IPv4','ports':[{'port':0},{'port':70000},{'port':'x'},{'port':80},7],
            'endpoints':[{'addresses':['fd00::1']},{'addresses':[]},{'addresses':['127.0.0.1']},
             {'addresses':['10.0.0.1']},{'addresses':['0.0.0.0']},{'addresses':['nonsense']},null]""");
    assertThat(slice.ports()).containsExactly(new SlicePort("", "TCP", 80));
    assertThat(slice.endpoints()).hasSize(1);
    assertThat(slice.errors())
        .hasSize(8)
        .anyMatch(error -> error.startsWith("ports[1].port: 70000"))
        .anyMatch(error -> error.startsWith("endpoints[0].addresses[0]: 'fd00::1'"));
    assertThat(slice("'addressType':'FQDN','endpoints':[{'addresses':['a.example']}]").endpoints())
        .isEmpty();
  }

  @Test
  void noShapeOfAnObjectStopsTheReader() {
    long seed = Long.getLong("ovenet.seed", new Random().nextLong());
    var random = new Random(seed);
    var names =
        List.of(
            "spec",
            "ports",
            "port",
            "endpoints",
            "addresses",
            "conditions",
            "hints",
            "forZones",
            "status",
            "loadBalancer",
            "ingress",
            "ip",
            "name",
            "targetPort",
            "clusterIP",
            "sessionAffinityConfig",
            "clientIP",
            "timeoutSeconds",
            "addressType",
            "protocol");
    for (int i = 0; i < 5_000; i++) {
      var object = "{'metadata':{'name':'x'}," + members(random, names, 4) + "}";
      assertThat(ServiceRecords.service(json(object)).ports())
          .as("seed " + seed + ": " + object)
          .allMatch(port -> port.port() >= 0 && port.port() <= 65_535);
      assertThat(EndpointSliceRecords.slice(json(object)).ports())
          .as("seed " + seed + ": " + object)
          .allMatch(port -> port.port() > 0 && port.port() <= 65_535);
    }
  }

  private static String members(Random random, List<String> names, int depth) {
    var text = new StringBuilder("'z':0");
    for (int i = random.nextInt(5); i > 0; i--) {
      text.append(",'")
          .append(names.get(random.nextInt(names.size())))
          .append("':")
          .append(value(random, names, depth - 1));
    }
    return text.toString();
  }

  private static String value(Random random, List<String> names, int depth) {
    return switch (random.nextInt(depth > 0 ? 9 : 7)) {
      case 0 -> "null";
      case 1 -> "true";
      case 2 -> "-1";
      case 3 -> "99999999999999";
      case 4 -> "'IPv4'";
      case 5 -> "'10.0.0.1'";
      case 6 -> "80";
      case 7 -> "{" + members(random, names, depth) + "}";
      default -> "[" + value(random, names, depth) + "," + value(random, names, depth) + "]";
    };
  }
}
