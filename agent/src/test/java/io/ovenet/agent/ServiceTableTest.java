package io.ovenet.agent;

import static io.ovenet.agent.Services.endpoint;
import static io.ovenet.agent.Services.service;
import static io.ovenet.agent.Services.slice;
import static org.assertj.core.api.Assertions.assertThat;

import io.ovenet.datapath.ServiceKey;
import io.ovenet.datapath.ServiceValue;
import java.net.InetAddress;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class ServiceTableTest {
  private static final String HTTP = "[{'name':'http','port':8080}]";
  private static final String ENDING =
      ",'conditions':{'ready':false,'serving':true,'terminating':true}";
  private static final String NOT_READY = ",'conditions':{'ready':false}";

  private final ServiceTable table = new ServiceTable("n1");

  @BeforeEach
  void onANode() {
    table.zone("z1");
    table.nodeAddresses(List.of(InetAddress.ofLiteral("192.168.77.10")));
  }

  private ServiceView view(String service) {
    var view = table.changes().getOrDefault(service, table.views().get(service));
    return view == null ? ServiceView.none(service) : view;
  }

  /** Address, port, protocol and scope to the addresses of who answers there. */
  private Map<String, String> routes(String service) {
    var view = view(service);
    var routes = new TreeMap<String, String>();
    for (var frontend : view.frontends()) {
      var key = frontend.key();
      routes.put(
          key.address().getHostAddress()
              + ":"
              + key.port()
              + "/"
              + key.protocol()
              + switch (key.scope()) {
                case ServiceKey.OUTSIDE -> " outside";
                case ServiceKey.OTHER_NODES -> " other nodes";
                default -> "";
              },
          String.join(
              " ",
              view.sets().getOrDefault(frontend.backends(), List.of()).stream()
                  .map(b -> b.address().getHostAddress() + ":" + b.port())
                  .toList()));
    }
    return routes;
  }

  @Test
  void aServiceHasTheBackendsOfItsPortByName() {
    table.upsertService(
        service(
            "shop/web",
            "{'clusterIP':'10.96.0.9','ports':[{'name':'http','port':80},"
                + "{'name':'dns','port':53,'protocol':'UDP'}]}"));
    table.upsertSlice(
        slice(
            "shop/web-1",
            "web",
            HTTP,
            endpoint("10.0.0.1", "n1", "") + "," + endpoint("10.0.0.2", "n2", "")));
    table.upsertSlice(slice("shop/web-2", "web", HTTP, endpoint("10.0.0.3", "n2", NOT_READY)));
    table.upsertSlice(
        slice(
            "shop/web-3",
            "web",
            "[{'name':'dns','port':5353,'protocol':'UDP'}]",
            endpoint("10.0.0.4", "n2", "")));
    table.upsertSlice(slice("other/web-1", "web", HTTP, endpoint("10.0.0.9", "n1", "")));
    assertThat(routes("shop/web"))
        .isEqualTo(
            Map.of(
                "10.96.0.9:80/6",
                "10.0.0.1:8080 10.0.0.2:8080",
                "10.96.0.9:53/17",
                "10.0.0.4:5353"));
    // Who isn't ready keeps what it has.
    assertThat(view("shop/web").backends()).hasSize(4);
  }

  @Test
  void headlessServicesHaveNoFrontend() {
    table.upsertService(
        service("shop/db", "{'clusterIP':'None','ports':[{'name':'http','port':80}]}"));
    table.upsertSlice(slice("shop/db-1", "db", HTTP, endpoint("10.0.0.1", "n1", "")));
    assertThat(view("shop/db").frontends()).isEmpty();
  }

  @Test
  void whoServesWhileEndingIsTheLastResort() {
    table.upsertService(
        service("shop/web", "{'clusterIP':'10.96.0.9','ports':[{'name':'http','port':80}]}"));
    table.upsertSlice(
        slice(
            "shop/web-1",
            "web",
            HTTP,
            endpoint("10.0.0.1", "n1", ENDING) + "," + endpoint("10.0.0.2", "n1", "")));
    assertThat(routes("shop/web")).containsValue("10.0.0.2:8080");
    table.upsertSlice(
        slice(
            "shop/web-1",
            "web",
            HTTP,
            endpoint("10.0.0.1", "n1", ENDING) + "," + endpoint("10.0.0.2", "n1", NOT_READY)));
    assertThat(routes("shop/web")).containsValue("10.0.0.1:8080");
    assertThat(view("shop/web").backends().values())
        .extracting(ServiceBackend::terminating)
        .containsExactlyInAnyOrder(true, false);
    table.upsertSlice(slice("shop/web-1", "web", HTTP, endpoint("10.0.0.2", "n1", NOT_READY)));
    assertThat(routes("shop/web")).containsEntry("10.96.0.9:80/6", "");
  }

  @Test
  void theOutsideHasThisNodesBackendsAloneWhereThePolicyIsLocal() {
    table.upsertService(
        service(
            "shop/web",
            """
            {'type':'LoadBalancer','clusterIP':'10.96.0.9','externalIPs':['192.0.2.7'],
             'externalTrafficPolicy':'Local','loadBalancerSourceRanges':['192.0.2.0/24'],
             'ports':[{'name':'http','port':80,'nodePort':30080}]}""",
            "{'loadBalancer':{'ingress':[{'ip':'10.100.0.10'},{'ip':'10.100.0.11','ipMode':'Proxy'}]}}",
            ""));
    table.upsertSlice(
        slice(
            "shop/web-1",
            "web",
            HTTP,
            endpoint("10.0.0.1", "n1", "") + "," + endpoint("10.0.0.2", "n2", "")));
    var all = "10.0.0.1:8080 10.0.0.2:8080";
    assertThat(routes("shop/web"))
        .isEqualTo(
            Map.of(
                "10.96.0.9:80/6", all,
                "192.0.2.7:80/6", all,
                "192.0.2.7:80/6 outside", "10.0.0.1:8080",
                "10.100.0.10:80/6", all,
                "10.100.0.10:80/6 outside", "10.0.0.1:8080",
                "192.168.77.10:30080/6", all,
                "0.0.0.0:30080/6 other nodes", all,
                "192.168.77.10:30080/6 outside", "10.0.0.1:8080"));
    for (var frontend : view("shop/web").frontends()) {
      boolean balanced = frontend.kind() == ServiceFrontend.Kind.LOAD_BALANCER;
      assertThat(frontend.sourceRanges()).hasSize(balanced ? 1 : 0);
      assertThat((frontend.flags() & ServiceValue.SOURCE_RANGES) != 0).isEqualTo(balanced);
      assertThat((frontend.flags() & ServiceValue.EXTERNAL) != 0)
          .isEqualTo(
              frontend.kind() != ServiceFrontend.Kind.CLUSTER_IP
                  && frontend.key().scope() != ServiceKey.OTHER_NODES);
    }
  }

  @Test
  void rangesThatCannotBeReadLetNobodyIn() {
    table.upsertService(
        service(
            "shop/web",
            "{'type':'LoadBalancer','loadBalancerSourceRanges':['office'],'ports':[{'port':80}]}",
            "{'loadBalancer':{'ingress':[{'ip':'10.100.0.10'}]}}",
            ""));
    var view = view("shop/web");
    assertThat(view.frontends().getFirst().flags() & ServiceValue.SOURCE_RANGES).isNotZero();
    assertThat(view.frontends().getFirst().sourceRanges()).hasSize(1);
    assertThat(view.notes()).anyMatch(note -> note.contains("'office' is no prefix"));
  }

  @Test
  void theInsideHasThisNodesBackendsAloneWhereThePolicyIsLocal() {
    table.upsertService(
        service(
            "shop/web",
            "{'clusterIP':'10.96.0.9','internalTrafficPolicy':'Local','ports':[{'name':'http','port':80}]}"));
    table.upsertSlice(slice("shop/web-1", "web", HTTP, endpoint("10.0.0.2", "n2", "")));
    assertThat(routes("shop/web")).containsEntry("10.96.0.9:80/6", "");
    table.upsertSlice(slice("shop/web-2", "web", HTTP, endpoint("10.0.0.1", "n1", "")));
    assertThat(routes("shop/web")).containsEntry("10.96.0.9:80/6", "10.0.0.1:8080");
  }

  @Test
  void hintsAreFollowedWhereEverybodyHasThem() {
    table.upsertService(
        service("shop/web", "{'clusterIP':'10.96.0.9','ports':[{'name':'http','port':80}]}"));
    var z1 = ",'hints':{'forZones':[{'name':'z1'}]}";
    var z2 = ",'hints':{'forZones':[{'name':'z2'}]}";
    table.upsertSlice(
        slice(
            "shop/web-1",
            "web",
            HTTP,
            endpoint("10.0.0.1", "n2", z1) + "," + endpoint("10.0.0.2", "n3", z2)));
    assertThat(routes("shop/web")).containsValue("10.0.0.1:8080");
    table.zone("z3");
    assertThat(routes("shop/web")).containsValue("10.0.0.1:8080 10.0.0.2:8080");
    table.zone("z2");
    assertThat(routes("shop/web")).containsValue("10.0.0.2:8080");
    table.upsertSlice(slice("shop/web-2", "web", HTTP, endpoint("10.0.0.3", "n2", "")));
    assertThat(routes("shop/web")).containsValue("10.0.0.1:8080 10.0.0.2:8080 10.0.0.3:8080");
    table.removeSlice("shop/web-2");
    var here = ",'hints':{'forZones':[{'name':'z2'}],'forNodes':[{'name':'n1'}]}";
    var there = ",'hints':{'forZones':[{'name':'z2'}],'forNodes':[{'name':'n2'}]}";
    table.upsertSlice(
        slice(
            "shop/web-1",
            "web",
            HTTP,
            endpoint("10.0.0.1", "n1", here) + "," + endpoint("10.0.0.2", "n2", there)));
    assertThat(routes("shop/web")).containsValue("10.0.0.1:8080");
  }

  @Test
  void twoServicesWithOneAddressTheOlderHasIt() {
    var spec = "{'externalIPs':['192.0.2.7'],'ports':[{'name':'http','port':80}]}";
    table.upsertService(service("shop/young", spec, "{}", "2026-02-02T00:00:00Z"));
    assertThat(routes("shop/young")).containsKey("192.0.2.7:80/6");
    table.upsertService(service("shop/old", spec, "{}", "2026-01-01T00:00:00Z"));
    var changes = table.changes();
    assertThat(changes).containsOnlyKeys("shop/old", "shop/young");
    assertThat(routes("shop/old")).containsKey("192.0.2.7:80/6");
    assertThat(routes("shop/young")).isEmpty();
    assertThat(view("shop/young").notes()).anyMatch(note -> note.contains("that of shop/old"));
    table.removeService("shop/old");
    assertThat(routes("shop/young")).containsKey("192.0.2.7:80/6");
  }

  @Test
  void aChangeConcernsTheServicesThatItAffects() {
    for (int i = 0; i < 1_000; i++) {
      table.upsertService(
          service(
              "shop/s" + i,
              "{'clusterIP':'10.96.1."
                  + i % 250
                  + "','ports':[{'name':'http','port':"
                  + (i + 1)
                  + "}]}"));
    }
    assertThat(table.changes()).hasSize(1_000);
    table.upsertSlice(slice("shop/s7-1", "s7", HTTP, endpoint("10.0.0.1", "n1", "")));
    assertThat(table.changes()).containsOnlyKeys("shop/s7");
    table.upsertSlice(slice("shop/s7-1", "s7", HTTP, endpoint("10.0.0.1", "n1", "")));
    assertThat(table.changes()).isEmpty();
    table.upsertSlice(slice("shop/s7-1", "s8", HTTP, endpoint("10.0.0.1", "n1", "")));
    assertThat(table.changes()).containsOnlyKeys("shop/s7", "shop/s8");
    table.removeService("shop/s8");
    assertThat(table.changes().getOrDefault("shop/s8", ServiceView.none("?")))
        .matches(view -> view.service().equals("shop/s8") && view.frontends().isEmpty());
    assertThat(table.views()).hasSize(999);
  }
}
