package io.ovenet.journeys;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.zip.ZipFile;
import org.junit.jupiter.api.Test;

/**
 * Two nodes without kube-proxy: services before pods and a virtual machine of both, for pods, for a
 * virtual machine and for who is outside, under policy that sees who answers and who asks.
 */
class ServicesIT {
  private static final String NAMESPACE = "app-web-prod";
  private static final String CLUSTER_ADDRESS = "10.96.7.7";
  private static final String FIRST_NODE = "192.168.77.10";
  private static final String SECOND_NODE = "192.168.77.11";
  private static final String OUTSIDE = "192.168.77.254";

  private static final String SERVICE =
      """
      apiVersion: v1
      kind: Service
      metadata: {name: web, namespace: app-web-prod}
      spec:
        type: NodePort
        clusterIP: 10.96.7.7
        selector: {app: web}
        ports: [{name: http, port: 80, targetPort: http, nodePort: 30080}]
      """;

  private static final String MACHINE =
      """
      apiVersion: kubevirt.io/v1
      kind: VirtualMachine
      metadata: {name: web-vm, namespace: app-web-prod}
      spec:
        running: true
        template:
          metadata: {labels: {app: web-vm}}
          spec:
            nodeSelector: {kubernetes.io/hostname: node-2}
            networks: [{name: default, pod: {}}]
            domain:
              devices:
                interfaces: [{name: default, masquerade: {}}]
                disks: [{name: cloudinit, disk: {bus: virtio}}]
              resources: {requests: {memory: 128Mi}}
            volumes:
            - name: cloudinit
              cloudInitNoCloud:
                userData: |
                  #!/bin/sh
                  mkdir -p /www && echo machine >/www/i
                  httpd -p 8080 -h /www
      """;

  /** The announcing node is the machine's: who is outside keeps its address on the way. */
  private static final String ANNOUNCED =
      """
      apiVersion: cilium.io/v2alpha1
      kind: CiliumL2AnnouncementPolicy
      metadata: {name: vm-pool}
      spec:
        nodeSelector: {matchLabels: {kubernetes.io/hostname: node-2}}
        interfaces: [^eth0$]
        loadBalancerIPs: true
      """;

  private static String from(String prefix) {
    return """
    apiVersion: cilium.io/v2
    kind: CiliumNetworkPolicy
    metadata: {name: vm-from-outside, namespace: app-web-prod}
    spec:
      endpointSelector: {matchLabels: {app: web-vm}}
      ingress:
      - fromCIDR: [%s]
        toPorts: [{ports: [{port: "8080", protocol: TCP}]}]
    """
        .formatted(prefix);
  }

  private static String pod(String name, String node, int port) {
    return """
    apiVersion: v1
    kind: Pod
    metadata: {name: %s, namespace: app-web-prod, labels: {app: web}}
    spec:
      nodeName: %s
      terminationGracePeriodSeconds: 1
      containers:
      - name: main
        image: busybox
        ports: [{name: http, containerPort: %d}]
        command: ["sh", "-c", "mkdir /w; echo %s >/w/i; exec httpd -f -p %d -h /w"]
        env: [{name: DB_PASSWORD, value: told-to-nobody}]
    """
        .formatted(name, node, port, name, port);
  }

  @Test
  void servicesAreReachedFromPodsMachinesAndTheOutside() throws Exception {
    try (RunningLab lab = RunningLab.up("--nodes", "2")) {
      lab.apply("apiVersion: v1\nkind: Namespace\nmetadata: {name: app-web-prod}\n");
      lab.apply(pod("web-1", "node-1", 8080));
      lab.apply(pod("web-2", "node-2", 9090));
      lab.apply(SERVICE);
      lab.apply(MACHINE);
      lab.pod(NAMESPACE, "client", Map.of("app", "client"));
      lab.running(NAMESPACE, "client");

      bothAnswer("a pod at the cluster's address", () -> fetchFromPod(lab, CLUSTER_ADDRESS));
      bothAnswer(
          "the outside at a node's port", () -> fetchFromOutside(lab, FIRST_NODE + ":30080"));
      assertThat(why(lab, CLUSTER_ADDRESS + ":80"))
          .contains("node-1: 10.96.7.7:80/TCP is ClusterIP of app-web-prod/web, from the cluster")
          .contains(":9090 (Pod web-2 on node-2): ready");
      bothAnswer(
          "a machine at the cluster's address", () -> fetchFromMachine(lab, CLUSTER_ADDRESS));
      for (String node : List.of(FIRST_NODE, SECOND_NODE)) {
        bothAnswer("a pod at a port of " + node, () -> fetchFromPod(lab, node + ":30080"));
        bothAnswer("a machine at a port of " + node, () -> fetchFromMachine(lab, node + ":30080"));
      }

      tablesAreListedByNames(lab);
      missionsAddress(lab);

      oneArchiveTellsItAll(lab);

      lab.client().pods().inNamespace(NAMESPACE).withName("web-1").delete();
      Eventually.holds(
          "the service knows that web-1 is gone",
          () -> !why(lab, CLUSTER_ADDRESS + ":80").contains("web-1"));
      for (int i = 0; i < 8; i++) {
        assertThat(fetchFromPod(lab, CLUSTER_ADDRESS)).isEqualTo("web-2\n");
      }
    }
  }

  /** What a person sees at night of what the kernels have. */
  private static void tablesAreListedByNames(RunningLab lab) throws Exception {
    fetchFromPod(lab, CLUSTER_ADDRESS);
    assertThat(list(lab, "ct", "--pod", NAMESPACE + "/client"))
        .containsPattern(
            "TCP +app-web-prod/client \\(10\\.[0-9.]+:\\d+\\) +app-web-prod/web-[12] .* ALLOW")
        .doesNotContain("web-vm");
    // A machine's sockets are its own: packets are translated, and the connection knows by what.
    assertThat(list(lab, "ct", "--vm", NAMESPACE + "/web-vm"))
        .contains("for app-web-prod/web at 10.96.7.7:80");
    assertThat(list(lab, "service", "--kernel", "--node", "node-1"))
        .containsPattern("app-web-prod/web +10\\.96\\.7\\.7:80/TCP +cluster +10\\.[0-9.]+:\\d+ 10");
    assertThat(list(lab, "endpoint")).contains(NAMESPACE + "/web-1", NAMESPACE + "/client");
    assertThat(list(lab, "node", "--node", "node-1")).contains("node-1 (itself)", "192.168.77.11");
    assertThat(list(lab, "route")).containsPattern("node-1 +10\\.[0-9.]+/24 +ovenet_host +node-2");
    assertThat(list(lab, "route", "--kernel")).containsPattern("node-1 +0\\.0\\.0\\.0/0 +");
    assertThat(list(lab, "ipcache"))
        .containsPattern("node-2 +10\\.[0-9.]+/32 +app-web-prod/web-1 +\\d+ +192\\.168\\.77\\.10 ");
    assertThat(list(lab, "ipcache", "-o", "json").lines().filter(line -> line.contains("saidBy")))
        .hasSameSizeAs(list(lab, "ipcache", "--kernel", "-o", "json").lines().toList());
  }

  /** Also of a node whose agent stands still, and without anything that is secret. */
  private static void oneArchiveTellsItAll(RunningLab lab) throws Exception {
    Path archive = Files.createTempFile("ovenet-sysdump", ".zip");
    var agents = lab.processes("io.ovenet.agent.Main");
    ProcessHandle still = agents.getLast();
    try {
      String file = archive.toString();
      assertThat(lab.ovenet().run("sysdump", "-o", file).succeed().err()).contains("node node-1");
      assertThat(list(lab, "ct", "--pod", NAMESPACE + "/client", "-f", file))
          .contains(NAMESPACE + "/client");
      assertThat(lab.ovenet().run("status", "-f", file).out()).contains("node-2");
      assertThat(
              lab.ovenet()
                  .run("service", "why", CLUSTER_ADDRESS + ":80", "-f", file)
                  .succeed()
                  .out())
          .contains("ready");
      assertThat(lab.ovenet().run("policy", "show", "-f", file).succeed().out())
          .contains("vm-from-outside");
      assertThat(texts(archive)).contains("(removed)").doesNotContain("told-to-nobody");

      stop(still, "STOP");
      Ovenet.Result part = lab.ovenet().run("sysdump", "-o", file);
      stop(still, "CONT");
      assertThat(part.exit()).isEqualTo(1);
      assertThat(part.err()).contains("its agent does not answer; the kernel's maps are kept");
      assertThat(texts(archive))
          .contains("has been silent for 20 s")
          .containsPattern(
              "/maps/conntrack_map.jsonl\n\\{\"key\":\"|/maps/conntrack_map.jsonl\n\\{\"value");
    } finally {
      stop(still, "CONT");
      Files.delete(archive);
    }
  }

  private static void stop(ProcessHandle process, String signal) throws Exception {
    Ovenet.run(List.of("kill", "-" + signal, Long.toString(process.pid())), Map.of()).succeed();
  }

  /** Each entry's name and what is in it. */
  private static String texts(Path archive) throws IOException {
    var texts = new StringBuilder();
    try (var zip = new ZipFile(archive.toFile())) {
      for (var entry : Collections.list(zip.entries())) {
        texts.append(entry.getName()).append('\n');
        texts.append(new String(zip.getInputStream(entry).readAllBytes(), StandardCharsets.UTF_8));
      }
    }
    return texts.toString();
  }

  private static String list(RunningLab lab, String what, String... options)
      throws IOException, InterruptedException {
    var words = new ArrayList<>(List.of(what, "list"));
    words.addAll(List.of(options));
    return lab.ovenet().run(words.toArray(String[]::new)).succeed().out();
  }

  /** The mission's pool and service, as they are written, and a client outside of the cluster. */
  private static void missionsAddress(RunningLab lab) throws Exception {
    lab.apply(ANNOUNCED);
    lab.apply(from(OUTSIDE + "/32"));
    lab.kubectl(
            "-n",
            NAMESPACE,
            "apply",
            "-f",
            Ovenet.HOME.resolve("examples/vm-web-service.yaml").toString())
        .succeed();
    Eventually.holds(
        "the outside reaches the machine at the service's address",
        () -> fetchFromOutside(lab, "10.100.0.10").equals("machine\n"));
    Eventually.holds(
        "the flow names who came from outside",
        () ->
            observe(lab)
                .matches(
                    "(?s).*192\\.168\\.77\\.254:.* -> app-web-prod/virt-launcher-web-vm-.*:8080 "
                        + ".*INGRESS ALLOWED.*"));
    lab.apply(from("203.0.113.1/32"));
    Eventually.holds(
        "a policy that names somebody else keeps the outside off",
        () -> fetchFromOutside(lab, "10.100.0.10").isEmpty());
    assertThat(observe(lab)).contains("Policy denied DROPPED");
  }

  private interface Fetch {
    String once() throws IOException, InterruptedException;
  }

  private static void bothAnswer(String what, Fetch fetch) throws Exception {
    var answers = new TreeSet<String>();
    Eventually.holds(
        what + " is answered by both",
        () -> {
          answers.add(fetch.once());
          return answers.containsAll(List.of("web-1\n", "web-2\n"));
        });
  }

  private static String fetchFromPod(RunningLab lab, String address)
      throws IOException, InterruptedException {
    return lab.ovenet()
        .run(
            "lab",
            "exec",
            NAMESPACE + "/client",
            "--",
            "timeout",
            "5",
            "wget",
            "-q",
            "-O",
            "-",
            "http://" + address + "/i")
        .out();
  }

  private static String fetchFromMachine(RunningLab lab, String address)
      throws IOException, InterruptedException {
    String answer =
        lab.ovenet()
            .run(
                "lab",
                "console",
                NAMESPACE + "/web-vm",
                "--",
                "wget",
                "-q",
                "-O",
                "-",
                "http://" + address + "/i")
            .out();
    return answer.replace("\r", "");
  }

  private static String fetchFromOutside(RunningLab lab, String address)
      throws IOException, InterruptedException {
    return outside(
            lab, "timeout", "5", "busybox", "wget", "-q", "-O", "-", "http://" + address + "/i")
        .out();
  }

  private static Ovenet.Result outside(RunningLab lab, String... command)
      throws IOException, InterruptedException {
    var words = new ArrayList<String>();
    words.addAll(List.of("nsenter", "-t", lab.status().at("/outside/pid").asText(), "-n"));
    words.addAll(List.of(command));
    return Ovenet.run(words, Map.of());
  }

  private static String why(RunningLab lab, String place) throws IOException, InterruptedException {
    return lab.ovenet().run("service", "why", place).out();
  }

  private static String observe(RunningLab lab) throws IOException, InterruptedException {
    return lab.ovenet()
        .run("hubble", "observe", "--vm", NAMESPACE + "/web-vm", "--last", "50")
        .succeed()
        .out();
  }
}
