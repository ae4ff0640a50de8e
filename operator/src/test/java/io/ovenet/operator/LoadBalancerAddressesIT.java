package io.ovenet.operator;

import static org.assertj.core.api.Assertions.assertThat;

import io.ovenet.kubernetes.Cluster;
import io.ovenet.kubernetes.JsonObject;
import io.ovenet.kubernetes.KubernetesApi;
import io.ovenet.lab.api.ApiServer;
import io.ovenet.metrics.MetricsText;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Addresses of services against the lab's API server. */
class LoadBalancerAddressesIT {
  private final OperatorMetrics metrics = new OperatorMetrics();
  private static final String SERVICES = "/api/v1/namespaces/default/services";
  private static final String POOLS = "/apis/cilium.io/v2/ciliumloadbalancerippools";

  @TempDir private Path directory;
  private ApiServer server;
  private KubernetesApi api;

  @BeforeEach
  void start() throws Exception {
    server = ApiServer.start(directory, ApiServer.Options.DEFAULT);
    api =
        new KubernetesApi(
            new Cluster(URI.create(server.url().toString()), null, "", true, () -> ""));
    new DefinitionInstaller(api).install();
  }

  @AfterEach
  void stop() throws Exception {
    api.close();
    server.close();
  }

  private static void until(String what, Callable<Boolean> condition) throws Exception {
    var deadline = System.nanoTime() + Duration.ofSeconds(60).toNanos();
    while (!condition.call()) {
      assertThat(System.nanoTime()).as("waiting until %s", what).isLessThan(deadline);
      Thread.sleep(20);
    }
  }

  private void service(String name, Map<String, String> annotations) throws IOException {
    api.create(
        SERVICES,
        Map.of(
            "apiVersion",
            "v1",
            "kind",
            "Service",
            "metadata",
            Map.of("name", name, "annotations", annotations),
            "spec",
            Map.of("type", "LoadBalancer", "ports", List.of(Map.of("port", 80)))));
  }

  private void pool(String version, String name, String field, String cidr) throws IOException {
    api.create(
        "/apis/cilium.io/" + version + "/ciliumloadbalancerippools",
        Map.of(
            "apiVersion",
            "cilium.io/" + version,
            "kind",
            "CiliumLoadBalancerIPPool",
            "metadata",
            Map.of("name", name),
            "spec",
            Map.of(field, List.of(Map.of("cidr", cidr)))));
  }

  private String metrics() {
    var text = new MetricsText(false);
    metrics.write(text);
    return text.finish();
  }

  private List<String> ips(String service) throws IOException {
    var status = api.get(SERVICES + "/" + service).object("status");
    return status.object("loadBalancer").objects("ingress").stream()
        .map(point -> point.string("ip"))
        .toList();
  }

  private String condition(JsonObject object, String type) {
    return object.object("status").objects("conditions").stream()
        .filter(condition -> condition.string("type").equals(type))
        .map(c -> c.string("status") + " " + c.string("reason") + " " + c.string("message"))
        .findFirst()
        .orElse("");
  }

  @Test
  void addressesFollowPoolsAndServices() throws Exception {
    service("vm-web-service", Map.of("io.cilium/lb-ipam-ips", "10.100.0.10"));
    service("any", Map.of());
    try (var _ = new LoadBalancerAddresses(api, InstantSource.system(), metrics)) {
      pool("v2alpha1", "vm-pool", "cidrs", "10.100.0.0/24");
      until("the address asked for", () -> ips("vm-web-service").equals(List.of("10.100.0.10")));
      until("any address", () -> ips("any").equals(List.of("10.100.0.0")));
      assertThat(condition(api.get(SERVICES + "/any"), LoadBalancerAddresses.REQUEST_SATISFIED))
          .isEqualTo("True satisfied ");
      until(
          "the pool's count",
          () ->
              condition(api.get(POOLS + "/vm-pool"), "cilium.io/IPsAvailable")
                  .equals("Unknown noreason 254"));
      // One who wants a given address gets it when its holder goes.
      service("heir", Map.of("lbipam.cilium.io/ips", "10.100.0.10"));
      until(
          "the refusal",
          () ->
              condition(api.get(SERVICES + "/heir"), LoadBalancerAddresses.REQUEST_SATISFIED)
                  .contains("already_allocated 10.100.0.10: service default/vm-web-service"));
      api.delete(SERVICES + "/vm-web-service", Map.of());
      until("the heir's address", () -> ips("heir").equals(List.of("10.100.0.10")));
      // Made in the same second perhaps, and then the name decides.
      pool("v2", "z-other", "blocks", "10.100.0.128/25");
      until(
          "the conflict",
          () ->
              condition(api.get(POOLS + "/z-other"), LoadBalancerAddresses.POOL_CONFLICT)
                  .startsWith("True cidr_overlap"));
      // No load balancer any more: its address goes.
      api.patch(SERVICES + "/heir", Map.of("spec", Map.of("type", "ClusterIP")));
      until(
          "the pool empty but for one",
          () -> condition(api.get(POOLS + "/vm-pool"), "cilium.io/IPsUsed").endsWith(" 1"));
      assertThat(metrics())
          .contains("ovenet_load_balancer_addresses{pool=\"vm-pool\",state=\"given\"} 1\n")
          .contains("ovenet_load_balancer_services_waiting 0\n");
      api.delete(POOLS + "/vm-pool", Map.of());
      until("the pool is told of no more", () -> !metrics().contains("vm-pool"));
    }
  }

  @Test
  void successorGivesNothingTwice() throws Exception {
    pool("v2", "p", "blocks", "192.0.2.0/26");
    var seen = new HashSet<String>();
    for (var round = 0; round < 8; round++) {
      // Closed while it may still be giving: what it wrote stands, what it didn't is nobody's.
      try (var _ = new LoadBalancerAddresses(api, InstantSource.system(), metrics)) {
        for (var i = 0; i < 5; i++) {
          service("s" + round + "-" + i, Map.of());
        }
        var first = "s" + round + "-0";
        until("one is served", () -> !ips(first).isEmpty());
      }
    }
    try (var _ = new LoadBalancerAddresses(api, InstantSource.system(), metrics)) {
      for (var round = 0; round < 8; round++) {
        for (var i = 0; i < 5; i++) {
          var name = "s" + round + "-" + i;
          until(name + " is served", () -> !ips(name).isEmpty());
          assertThat(seen.addAll(ips(name))).as("%s has %s", name, ips(name)).isTrue();
        }
      }
    }
    assertThat(seen).hasSize(40);
  }
}
