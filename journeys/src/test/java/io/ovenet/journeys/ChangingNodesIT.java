package io.ovenet.journeys;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** A node that has more pods than addresses, one that moves to another address, another name. */
class ChangingNodesIT {
  private static final int PODS = 7;
  private static final String MOVED = "192.168.77.99";

  private static void pod(RunningLab lab, String name, String node, String command) {
    lab.apply(
        """
        apiVersion: v1
        kind: Pod
        metadata: {name: %s, namespace: default, labels: {app: web}}
        spec:
          nodeName: %s
          containers:
          - {name: main, image: busybox, command: ["sh", "-c", "%s"]}
        """
            .formatted(name, node, command));
  }

  private static void web(RunningLab lab, String name, String node) {
    pod(lab, name, node, "mkdir /w; echo " + name + " >/w/i; exec httpd -f -p 80 -h /w");
  }

  private static String fetched(RunningLab lab, String pod, String from) throws Exception {
    return lab.ovenet()
        .run(
            "lab",
            "exec",
            "default/" + pod,
            "--",
            "timeout",
            "2",
            "wget",
            "-q",
            "-O",
            "-",
            "http://" + from + "/i")
        .out();
  }

  private static void reaches(RunningLab lab, String pod, String web) throws Exception {
    String address = lab.running("default", web).path("ip").asText();
    Eventually.holds(
        pod + " reaches " + web + " at " + address,
        () -> fetched(lab, pod, address).equals(web + "\n"));
  }

  private static void on(JsonNode node, String... command) throws Exception {
    Ovenet.run(
            List.of(
                "nsenter",
                "-t",
                node.path("pid").asText(),
                "-n",
                "sh",
                "-c",
                String.join("; ", command)),
            Map.of())
        .succeed();
  }

  private static JsonNode node(RunningLab lab, String name) throws Exception {
    for (JsonNode node : lab.status().path("nodes")) {
      if (node.path("name").asText().equals(name)) {
        return node;
      }
    }
    throw new AssertionError("no node " + name + " in " + lab.status());
  }

  @Test
  void podsReachEachOtherWhateverBecomesOfTheirNodes() throws Exception {
    try (RunningLab lab =
        RunningLab.up(
            "--nodes",
            "2",
            "--config",
            "cluster-pool-ipv4-cidr=10.0.0.0/16",
            "--config",
            "cluster-pool-ipv4-mask-size=29")) {
      pod(lab, "client", "node-1", "exec sleep 100000");
      for (int i = 0; i < PODS; i++) {
        web(lab, "web-" + i, "node-2");
      }
      for (int i = 0; i < PODS; i++) {
        reaches(lab, "client", "web-" + i);
      }
      String cidrs =
          lab.kubectl("get", "ciliumnode", "node-2", "-o", "jsonpath={.spec.ipam.podCIDRs}")
              .succeed()
              .out();
      assertThat(cidrs.split(",")).as(cidrs).hasSize(2);

      moves(lab);
      isAnother(lab);
    }
  }

  private static void moves(RunningLab lab) throws Exception {
    JsonNode node = node(lab, "node-2");
    on(
        node,
        "set -e",
        "ip addr del " + node.path("address").asText() + "/24 dev eth0",
        "ip addr add " + MOVED + "/24 dev eth0",
        "ip route replace default via 192.168.77.254");
    // As its kubelet would.
    lab.kubectl(
            "patch",
            "node",
            "node-2",
            "--subresource=status",
            "--type=merge",
            "-p",
            "{\"status\":{\"addresses\":[{\"type\":\"InternalIP\",\"address\":\""
                + MOVED
                + "\"}]}}")
        .succeed();
    reaches(lab, "client", "web-0");
    web(lab, "late", "node-2");
    reaches(lab, "client", "late");
    Eventually.holds("all is well", () -> lab.ovenet().run("status").exit() == 0);
    assertThat(lab.ovenet().run("node", "list").succeed().out()).contains(MOVED);
  }

  /** A machine under another name is another node. */
  private static void isAnother(RunningLab lab) throws Exception {
    lab.ovenet().run("lab", "node", "remove", "node-2").succeed();
    lab.ovenet().run("lab", "node", "add", "other").succeed();
    web(lab, "web-again", "other");
    reaches(lab, "client", "web-again");
    Eventually.holds(
        "nothing is left of the node that there was",
        () -> {
          Ovenet.Result nodes = lab.ovenet().run("node", "list");
          return nodes.exit() == 0
              && !nodes.out().contains("node-2")
              && !nodes.out().contains(MOVED)
              && nodes.out().contains("other");
        });
    Eventually.holds("all is well", () -> lab.ovenet().run("status").exit() == 0);
    assertThat(lab.kubectl("get", "ciliumendpoints", "-o", "name").succeed().out())
        .doesNotContain("web-0")
        .contains("web-again");
  }
}
