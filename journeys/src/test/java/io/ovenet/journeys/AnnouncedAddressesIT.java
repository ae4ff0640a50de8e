package io.ovenet.journeys;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.util.List;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/**
 * Addresses of services are answered for on the nodes' network, each by one node, and never by two
 * while nodes come, stand still, are killed and come back.
 */
class AnnouncedAddressesIT {
  private static final int SERVICES = 16;
  private static final String AGENT = "io.ovenet.agent.Main";

  private static final String POOL_AND_POLICY =
      """
      apiVersion: cilium.io/v2alpha1
      kind: CiliumLoadBalancerIPPool
      metadata: {name: announced}
      spec:
        cidrs: [{cidr: 192.168.77.128/27}]
      ---
      apiVersion: cilium.io/v2alpha1
      kind: CiliumL2AnnouncementPolicy
      metadata: {name: announced}
      spec:
        serviceSelector: {matchLabels: {announce: "yes"}}
        interfaces: [^eth0$]
        loadBalancerIPs: true
      """;

  private static String service(int number) {
    return """
    apiVersion: v1
    kind: Service
    metadata:
      name: service-%d
      namespace: default
      labels:
        announce: "%s"
    spec:
      type: LoadBalancer
      ports: [{port: 80}]
    """
        .formatted(number, number < SERVICES ? "yes" : "no");
  }

  @Test
  void eachIsAnsweredByOneNodeWhateverHappensToIt() throws Exception {
    try (RunningLab lab = RunningLab.up("--nodes", "2")) {
      lab.apply(POOL_AND_POLICY);
      for (int i = 0; i <= SERVICES; i++) {
        lab.apply(service(i));
      }
      var addresses = new TreeSet<String>();
      Eventually.holds(
          "services have addresses",
          () -> {
            for (int i = 0; i < SERVICES; i++) {
              addresses.add(addressOf(lab, i));
            }
            return !addresses.remove("") && addresses.size() == SERVICES;
          });
      String notAnnounced = addressOf(lab, SERVICES);
      try (var outside = lab.outside();
          var neighbour = new ArpNeighbour(outside, "192.168.77.254", addresses)) {
        Eventually.holds("both nodes answer for some", () -> neighbour.answering().size() == 2);
        Eventually.holds("all are answered for", neighbour::allAnswered);

        var stopped = lab.processes(AGENT).getFirst();
        signal(stopped, "STOP");
        Eventually.holds(
            "the other node answers for all",
            () -> neighbour.allAnswered() && neighbour.answering().size() == 1);
        assertThat(neighbour.told()).as("the move was told of").isPositive();
        signal(stopped, "CONT");
        // nsenter stops when its child does, and nobody else wakes it.
        signal(stopped.parent().orElseThrow(), "CONT");
        Eventually.holds(
            "both answer again",
            () -> neighbour.allAnswered() && neighbour.answering().size() == 2);

        var killed = lab.processes(AGENT).getFirst();
        assertThat(killed.destroyForcibly()).isTrue();
        Eventually.holds("the agent is dead", () -> !killed.isAlive());
        Eventually.holds(
            "both answer with the agent started anew",
            () -> neighbour.allAnswered() && neighbour.answering().size() == 2);

        assertThat(neighbour.answers(notAnnounced)).as("not selected").isFalse();
        lab.kubectl("delete", "ciliuml2announcementpolicy", "announced").succeed();
        Eventually.holds("nobody answers any more", () -> neighbour.answering().isEmpty());
        assertThat(neighbour.doubles()).as("answered for by two nodes at once").isEmpty();
        assertThat(neighbour.asked()).isGreaterThan(SERVICES * 10L);
      }
    }
  }

  private static String addressOf(RunningLab lab, int service) {
    var found = lab.client().services().inNamespace("default").withName("service-" + service).get();
    var ingress = found.getStatus().getLoadBalancer().getIngress();
    return ingress == null || ingress.isEmpty() ? "" : ingress.getFirst().getIp();
  }

  private static void signal(ProcessHandle process, String signal)
      throws IOException, InterruptedException {
    var kill =
        new ProcessBuilder(List.of("kill", "-" + signal, Long.toString(process.pid()))).start();
    assertThat(kill.waitFor(1, TimeUnit.MINUTES)).isTrue();
    assertThat(kill.exitValue()).isZero();
  }
}
