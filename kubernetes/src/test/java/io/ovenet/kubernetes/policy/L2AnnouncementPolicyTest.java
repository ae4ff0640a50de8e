package io.ovenet.kubernetes.policy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.ovenet.kubernetes.Json;
import io.ovenet.kubernetes.RecordKind;
import io.ovenet.kubernetes.ServiceRecord;
import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;

class L2AnnouncementPolicyTest {
  private static L2AnnouncementPolicy policy(String spec) {
    var text = "{\"metadata\": {\"name\": \"p\"}, \"spec\": " + spec + "}";
    var object = Json.parse(text.getBytes(StandardCharsets.UTF_8));
    return L2AnnouncementPolicy.of(RecordKind.L2_ANNOUNCEMENT_POLICIES.reader().apply(object));
  }

  private static ServiceRecord service(String type, String loadBalancerClass) {
    var text =
        """
        {"metadata": {"name": "web", "namespace": "shop", "labels": {"app": "web"}},
         "spec": {"type": "%s", "loadBalancerClass": "%s",
                  "externalIPs": ["192.0.2.1", "2001:db8::1", "nonsense"]},
         "status": {"loadBalancer": {"ingress": [{"ip": "192.0.2.2"}]}}}
        """
            .formatted(type, loadBalancerClass);
    var object = Json.parse(text.getBytes(StandardCharsets.UTF_8));
    return RecordKind.SERVICES.reader().apply(object);
  }

  @Test
  void whichAddressesIsSaid() {
    var balanced = service("LoadBalancer", "");
    assertThat(policy("{}").addresses(balanced)).isEmpty();
    assertThat(policy("{\"externalIPs\": true}").addresses(balanced))
        .isEqualTo(Set.of(InetAddress.ofLiteral("192.0.2.1")));
    var all = policy("{\"externalIPs\": true, \"loadBalancerIPs\": true}");
    assertThat(all.addresses(balanced)).hasSize(2);
    assertThat(all.addresses(service("LoadBalancer", "io.cilium/l2-announcer"))).hasSize(2);
    assertThat(all.addresses(service("LoadBalancer", "another"))).hasSize(1);
    assertThat(all.addresses(service("ClusterIP", ""))).hasSize(1);
  }

  @Test
  void servicesAndNodesAreSelected() {
    var format =
        "{\"externalIPs\": true, \"serviceSelector\": {\"matchLabels\": {\"%s\": \"%s\"}}}";
    var service = service("ClusterIP", "");
    for (var label :
        Map.of(
                "app", "web",
                "io.kubernetes.service.name", "web",
                "io.kubernetes.service.namespace", "shop")
            .entrySet()) {
      assertThat(policy(format.formatted(label.getKey(), label.getValue())).addresses(service))
          .as(label.getKey())
          .hasSize(1);
    }
    assertThat(policy(format.formatted("app", "other")).addresses(service)).isEmpty();
    var edge =
        policy(
            """
            {"nodeSelector": {"matchExpressions": [{"key": "edge", "operator": "Exists"}]},
             "interfaces": ["^eth[0-9]+", "bond"]}
            """);
    assertThat(edge.selects(Map.of("edge", ""), "eth0")).isTrue();
    assertThat(edge.selects(Map.of("edge", ""), "mybond0")).isTrue();
    assertThat(edge.selects(Map.of("edge", ""), "wlan0")).isFalse();
    assertThat(edge.selects(Map.of(), "eth0")).isFalse();
    assertThat(policy("{}").selects(Map.of(), "eth0")).isTrue();
  }

  @Test
  void whatMeansNothingNamesItsField() {
    assertThatThrownBy(() -> policy("{\"interfaces\": [\"eth0\", \"(\"]}"))
        .hasMessageStartingWith("spec.interfaces[1]: '('")
        .hasMessageContaining("write one such as");
    assertThatThrownBy(
            () ->
                policy(
                    "{\"serviceSelector\": {\"matchExpressions\": [{\"key\": \"a\", \"operator\":"
                        + " \"Near\"}]}}"))
        .hasMessageStartingWith("spec.serviceSelector");
  }
}
