package io.ovenet.bench;

import io.ovenet.bpf.NetworkNamespace;
import io.ovenet.kubernetes.Json;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Map;

/** A pod of a {@link BenchNode}: an object and a network namespace. */
final class BenchPod {
  private final BenchNode node;
  private final String namespace;
  private final String name;
  private final String uid;
  private final Path file;
  private final NetworkNamespace inside;
  private volatile String address = "";

  BenchPod(
      BenchNode node,
      String namespace,
      String name,
      String uid,
      Path file,
      NetworkNamespace inside) {
    this.node = node;
    this.namespace = namespace;
    this.name = name;
    this.uid = uid;
    this.file = file;
    this.inside = inside;
  }

  /** A pod of another name and labels in the same network namespace. */
  BenchPod replacedBy(String other, Map<String, String> labels) throws IOException {
    return new BenchPod(
        node, namespace, other, node.podObject(namespace, other, labels), file, inside);
  }

  NetworkNamespace inside() {
    return inside;
  }

  /** As ADD gave it. */
  String address() {
    return address;
  }

  /** ADD, whatever comes of it. */
  CniProgram.Exit tryAdd() throws IOException {
    CniProgram.Exit exit = node.cni().run(variables("ADD"));
    if (exit.code() == 0) {
      var result = Json.parse(exit.stdout().getBytes(StandardCharsets.US_ASCII));
      address = result.objects("ips").getFirst().string("address").replace("/32", "");
    }
    return exit;
  }

  /** ADD; nanoseconds from exec to exit. */
  long add() throws IOException {
    return succeeded("ADD", tryAdd());
  }

  /** DEL; nanoseconds from exec to exit. */
  long delete() throws IOException {
    return succeeded("DEL", node.cni().run(variables("DEL")));
  }

  private long succeeded(String command, CniProgram.Exit exit) throws IOException {
    if (exit.code() != 0) {
      throw new IOException(
          command + " of " + name + " failed: " + exit.stdout() + node.agentLog());
    }
    return exit.nanos();
  }

  private Map<String, String> variables(String command) {
    return Map.of(
        "CNI_COMMAND",
        command,
        "CNI_CONTAINERID",
        "container-" + name,
        "CNI_NETNS",
        file.toString(),
        "CNI_IFNAME",
        "eth0",
        "CNI_ARGS",
        "IgnoreUnknown=1;K8S_POD_NAMESPACE="
            + namespace
            + ";K8S_POD_NAME="
            + name
            + ";K8S_POD_UID="
            + uid,
        "CNI_PATH",
        "/opt/cni/bin");
  }
}
