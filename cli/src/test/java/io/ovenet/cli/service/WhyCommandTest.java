package io.ovenet.cli.service;

import static org.assertj.core.api.Assertions.assertThat;

import io.ovenet.kubernetes.Json;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class WhyCommandTest {
  private static final String SERVICE =
      """
      {"service":"shop/web","notes":["something"],
       "frontends":[
        {"address":"10.96.0.9","port":80,"protocol":"TCP","kind":"ClusterIP","from":"cluster",
         "backends":["10.0.0.1:8080"]},
        {"address":"10.100.0.10","port":80,"protocol":"TCP","kind":"LoadBalancer","from":"outside",
         "localOnly":true,"sourceRanges":["192.0.2.0/24"],"backends":[]}],
       "backends":[
        {"address":"10.0.0.1","port":8080,"protocol":"TCP","node":"n2","target":"Pod a","state":"ready"},
        {"address":"10.0.0.2","port":8080,"protocol":"TCP","node":"n2","target":"Pod b","state":"not ready"},
        {"address":"10.0.0.3","port":8080,"protocol":"UDP","node":"n2","target":"","state":"ready"}]}""";

  private static List<String> why(boolean enabled, String address, String port, boolean answered) {
    var view =
        new NodeView("n1", enabled, List.of(Json.parse(SERVICE.getBytes(StandardCharsets.UTF_8))));
    var lines = new ArrayList<String>();
    assertThat(WhyCommand.explain(view, address, port, lines)).isEqualTo(answered);
    return lines;
  }

  @Test
  void whoAnswersAndWhoDoesNot() {
    assertThat(why(true, "10.96.0.9", "80", true))
        .containsExactly(
            "n1: 10.96.0.9:80/TCP is ClusterIP of shop/web, from the cluster",
            "  to 10.0.0.1:8080 (Pod a on n2): ready",
            "  not 10.0.0.2:8080 (Pod b on n2): not ready",
            "  note: something");
  }

  @Test
  void whyNobodyDoes() {
    assertThat(why(true, "10.100.0.10", "80", false))
        .contains(
            "  to nobody: of its endpoints none is ready on this node",
            "  from outside only by 192.0.2.0/24");
    assertThat(why(true, "10.96.0.9", "81", false))
        .containsExactly(
            "n1: no service has 10.96.0.9:81; this address has 10.96.0.9:80/TCP of shop/web");
    assertThat(why(false, "10.96.0.9", "80", false))
        .anyMatch(line -> line.contains("set kube-proxy-replacement to true"));
  }
}
