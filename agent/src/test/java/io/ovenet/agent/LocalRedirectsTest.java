package io.ovenet.agent;

import static io.ovenet.agent.Services.endpoint;
import static io.ovenet.agent.Services.pod;
import static io.ovenet.agent.Services.redirect;
import static io.ovenet.agent.Services.service;
import static io.ovenet.agent.Services.slice;
import static org.assertj.core.api.Assertions.assertThat;

import io.ovenet.datapath.ServiceKey;
import io.ovenet.datapath.ServiceValue;
import java.net.InetAddress;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Ports of pods at the node, and calls that stay on the node. */
class LocalRedirectsTest {
  private static final String PORTS =
      "[{'name':'dns','containerPort':53,'protocol':'UDP'},"
          + "{'name':'dns-tcp','containerPort':53,'protocol':'TCP'}]";
  private static final String BOTH =
      "[{'port':'53','name':'dns','protocol':'UDP'},{'port':'53','name':'dns-tcp','protocol':'TCP'}]";

  private final ServiceTable table = new ServiceTable("n1");

  @BeforeEach
  void aNodeWithDns() {
    table.nodeAddresses(List.of(InetAddress.ofLiteral("192.168.77.10")));
    table.upsertService(
        service(
            "dns/kube-dns",
            "{'clusterIP':'10.96.0.10','ports':[{'name':'dns','port':53,'protocol':'UDP'},"
                + "{'name':'dns-tcp','port':53,'protocol':'TCP'},{'name':'metrics','port':9153}]}"));
    table.upsertSlice(
        slice(
            "dns/kube-dns-1",
            "kube-dns",
            "[{'name':'dns','port':53,'protocol':'UDP'},{'name':'dns-tcp','port':53},"
                + "{'name':'metrics','port':9153}]",
            endpoint("10.1.0.9", "n2", "")));
  }

  private Map<String, String> routes() {
    table.changes();
    var routes = new TreeMap<String, String>();
    table
        .views()
        .values()
        .forEach(
            view ->
                view.frontends()
                    .forEach(
                        frontend ->
                            routes.put(
                                place(frontend.key()),
                                String.join(
                                    " ",
                                    view
                                        .sets()
                                        .getOrDefault(frontend.backends(), List.of())
                                        .stream()
                                        .map(b -> b.address().getHostAddress() + ":" + b.port())
                                        .toList()))));
    return routes;
  }

  private ServiceView view(String name) {
    return Objects.requireNonNull(table.views().get(name), name);
  }

  private static String place(ServiceKey key) {
    return key.address().getHostAddress()
        + ":"
        + key.port()
        + "/"
        + key.protocol()
        + List.of("", " outside", " unredirected", " other nodes").get(key.scope());
  }

  private static final Map<String, String> PLAIN =
      Map.of(
          "10.96.0.10:53/17", "10.1.0.9:53",
          "10.96.0.10:53/6", "10.1.0.9:53",
          "10.96.0.10:9153/6", "10.1.0.9:9153");

  private static String spec(String frontend, String rest) {
    return "{'redirectFrontend':{"
        + frontend
        + "},'redirectBackend':{'localEndpointSelector':{'matchLabels':{'app':'cache'}},'toPorts':"
        + rest
        + "}";
  }

  private static final String SERVICE =
      "'serviceMatcher':{'serviceName':'kube-dns','namespace':'dns'}";

  @Test
  void aServiceIsAnsweredByItsNodesPodsWhileTheyAreReady() {
    table.upsertRedirect(redirect("dns/local", spec(SERVICE, BOTH + "}")));
    assertThat(routes()).as("without a pod here").isEqualTo(PLAIN);
    table.upsertPod(pod("dns/cache", "app", "cache", "10.1.0.1", true, PORTS));
    table.upsertPod(pod("other/cache", "app", "cache", "10.1.0.2", true, PORTS));
    table.upsertPod(pod("dns/else", "app", "else", "10.1.0.3", true, PORTS));
    table.upsertPod(pod("dns/portless", "app", "cache", "10.1.0.4", true, "[]"));
    var redirected = new TreeMap<>(PLAIN);
    redirected.put("10.96.0.10:53/17", "10.1.0.1:53");
    redirected.put("10.96.0.10:53/6", "10.1.0.1:53");
    assertThat(routes()).as("ports by their names; metrics has none").isEqualTo(redirected);
    table.upsertPod(pod("dns/cache", "app", "cache", "10.1.0.1", false, PORTS));
    assertThat(routes()).as("not ready").isEqualTo(PLAIN);
    table.upsertPod(pod("dns/cache", "app", "cache", "10.1.0.1", true, PORTS));
    assertThat(routes()).isEqualTo(redirected);
    table.removePod("dns/cache");
    assertThat(routes()).as("gone").isEqualTo(PLAIN);
    table.upsertPod(pod("dns/cache", "app", "cache", "10.1.0.1", true, PORTS));
    table.removeRedirect("dns/local");
    assertThat(routes()).as("without the policy").isEqualTo(PLAIN);
  }

  @Test
  void thePodsThatAnswerSeeTheServiceAsItIs() {
    table.upsertRedirect(
        redirect("dns/local", spec(SERVICE, BOTH + "},'skipRedirectFromBackend':true")));
    table.upsertPod(pod("dns/cache", "app", "cache", "10.1.0.1", true, PORTS));
    assertThat(routes())
        .containsEntry("10.96.0.10:53/17", "10.1.0.1:53")
        .containsEntry("10.96.0.10:53/17 unredirected", "10.1.0.9:53")
        .doesNotContainKey("10.96.0.10:9153/6 unredirected");
    for (var frontend : view("dns/kube-dns").frontends()) {
      boolean skipped = (frontend.flags() & ServiceValue.SKIPPED) != 0;
      assertThat(skipped).isEqualTo((frontend.flags() & ServiceValue.REDIRECT) != 0);
      assertThat(frontend.skippedBy())
          .isEqualTo(skipped ? List.of(InetAddress.ofLiteral("10.1.0.1")) : List.of());
    }
  }

  @Test
  void anAddressIsAnsweredButNeverTakenFromAService() {
    table.upsertPod(pod("dns/cache", "app", "cache", "10.1.0.1", true, PORTS));
    String one = "[{'port':'53','protocol':'UDP'}]";
    table.upsertRedirect(
        redirect(
            "dns/address",
            spec("'addressMatcher':{'ip':'169.254.20.10','toPorts':" + one + "}", one + "}")));
    assertThat(routes()).containsEntry("169.254.20.10:53/17", "10.1.0.1:53");
    table.upsertRedirect(
        redirect(
            "dns/taken",
            spec("'addressMatcher':{'ip':'10.96.0.10','toPorts':" + one + "}", one + "}")));
    assertThat(routes()).containsEntry("10.96.0.10:53/17", "10.1.0.9:53");
    assertThat(view("localRedirect dns/taken").notes())
        .anyMatch(note -> note.contains("dns/kube-dns"));
    table.removePod("dns/cache");
    assertThat(routes()).isEqualTo(PLAIN);
    table.removeRedirect("dns/address");
    table.removeRedirect("dns/taken");
    assertThat(routes()).isEqualTo(PLAIN);
    assertThat(table.views()).containsOnlyKeys("dns/kube-dns");
  }

  @Test
  void hostPortsAreThoseOfContainersAndOlderThanAnyService() {
    table.upsertService(
        service("shop/web", "{'type':'NodePort','ports':[{'port':80,'nodePort':30080}]}"));
    var ports =
        "[{'containerPort':8080,'hostPort':30080},"
            + "{'containerPort':53,'hostPort':5353,'protocol':'UDP','hostIP':'192.168.77.11'},"
            + "{'containerPort':54,'hostPort':54,'hostIP':'127.0.0.1'},{'containerPort':55}]";
    table.upsertPod(pod("shop/p", "app", "p", "10.0.0.1", false, ports));
    assertThat(routes())
        .containsEntry("192.168.77.10:30080/6", "10.0.0.1:8080")
        .containsEntry("192.168.77.11:5353/17", "10.0.0.1:53")
        .containsKey("0.0.0.0:30080/6 other nodes")
        .hasSize(PLAIN.size() + 3);
    table.removePod("shop/p");
    assertThat(table.changes()).containsKey("hostPort shop/p");
    assertThat(table.views()).doesNotContainKey("hostPort shop/p");
    assertThat(routes()).containsKey("192.168.77.10:30080/6").hasSize(PLAIN.size() + 2);
  }
}
