package io.ovenet.lab;

import static io.ovenet.lab.Namespaces.Kind.HOSTNAME;
import static io.ovenet.lab.Namespaces.Kind.MOUNT;
import static io.ovenet.lab.Namespaces.Kind.NETWORK;
import static io.ovenet.lab.Namespaces.Kind.PROCESS;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * What a pod's containers share: a network namespace with a name on the node, a process that holds
 * it together with mount, host name and process namespaces, a root directory, a control group. One
 * pod's thread makes, uses and removes it.
 */
final class PodSandbox {
  static final List<Namespaces.Kind> KINDS = List.of(NETWORK, MOUNT, HOSTNAME, PROCESS);

  private static final SecureRandom RANDOM = new SecureRandom();

  private final VirtualNode node;
  private final String uid;
  private final String hostname;
  private final boolean hostNetwork;
  private final String id;
  private final String netns = "cni-" + UUID.randomUUID();
  private final ControlGroup group;
  private @Nullable Namespaces namespaces;

  PodSandbox(VirtualNode node, String uid, String hostname, boolean hostNetwork) {
    this.node = node;
    this.uid = uid;
    this.hostname = hostname;
    this.hostNetwork = hostNetwork;
    byte[] random = new byte[32];
    RANDOM.nextBytes(random);
    this.id = HexFormat.of().formatHex(random);
    this.group = group(node, uid);
  }

  static ControlGroup group(VirtualNode node, String uid) {
    return node.group().child("kubepods").child("pod" + uid);
  }

  /** The container id that CNI plugins are told: 64 hexadecimal digits. */
  String id() {
    return id;
  }

  /** The network namespace's name on the node. */
  String netnsPath() {
    return "/var/run/netns/" + netns;
  }

  ControlGroup group() {
    return group;
  }

  /** Directory of the pod's files, as seen from outside. */
  Path directory() {
    return node.run("kubelet/pods/" + uid);
  }

  /**
   * A directory for sockets, as seen from outside: short, since a socket's path may have 107 bytes.
   */
  Path sockets() {
    return sockets(node, uid);
  }

  static Path sockets(VirtualNode node, String uid) {
    return node.run("s/" + uid.substring(0, Math.min(13, uid.length())));
  }

  /** The same directory, as seen on the node. */
  String socketsOnNode() {
    return "/run/s/" + sockets().getFileName();
  }

  /** The containers' root directory, as seen on the node. */
  String root() {
    return "/run/kubelet/pods/" + uid + "/root";
  }

  /** Makes the network namespace, with nothing in it but a loopback that is up. */
  void makeNetwork() throws IOException, InterruptedException {
    if (hostNetwork) {
      return;
    }
    onNode(List.of("ip", "netns", "add", netns));
    onNode(List.of("ip", "-n", netns, "link", "set", "lo", "up"));
  }

  /** Starts the process that holds the namespaces, once the network is ready. */
  void start(String resolvConf, List<String> hosts) throws IOException, InterruptedException {
    group.make();
    RootFileSystem.prepare(
        node.run("kubelet/busybox"), directory().resolve("root"), hostname, resolvConf, hosts);
    // The namespace's name is only visible on the node, and nsenter opens it before it enters.
    List<String> outer =
        new ArrayList<>(
            Namespaces.entering(node.holder(), VirtualNode.KINDS).stream()
                .filter(argument -> !argument.equals("--"))
                .toList());
    if (!hostNetwork) {
      outer.remove("-n");
      outer.add("--net=/proc/" + node.holder() + "/root/run/netns/" + netns);
    }
    outer.add("--");
    Namespaces held =
        Namespaces.make(
            "pod " + hostname, group, outer, List.of(MOUNT, HOSTNAME, PROCESS), root() + "/proc");
    namespaces = held;
    held.in(List.of(HOSTNAME), List.of("hostname", hostname)).succeed();
    for (String[] mount :
        new String[][] {
          {"--bind", "/run/kubelet/busybox", root() + "/bin"},
          {"--rbind", "/dev", root() + "/dev"},
          {"-t", "sysfs", "sysfs", root() + "/sys"}
        }) {
      List<String> program = new ArrayList<>(List.of("mount"));
      program.addAll(List.of(mount));
      held.in(KINDS, program).succeed();
    }
  }

  /** The process that holds the namespaces; 0 before the start. */
  long holder() {
    Namespaces held = namespaces;
    return held == null ? 0 : held.holder();
  }

  boolean isAlive() {
    Namespaces held = namespaces;
    return held != null && held.isAlive();
  }

  /** Arguments that run a program of the pod's root directory in the pod. */
  static List<String> inside(long holder, String root, List<String> program) {
    List<String> arguments =
        new ArrayList<>(List.of("nsenter", "-t", Long.toString(holder), "-n", "-m", "-u", "-p"));
    // By way of the holder's own root: nsenter opens the directory before it changes namespaces.
    arguments.add("--root=/proc/" + holder + "/root" + root);
    arguments.add("--wd=/proc/" + holder + "/root" + root);
    arguments.add("--");
    arguments.addAll(program);
    return arguments;
  }

  /** Arguments that run a program of the machine in the pod's network and process namespaces. */
  List<String> beside(List<String> program) {
    List<String> arguments =
        new ArrayList<>(
            List.of("nsenter", "-t", Long.toString(holder()), "-n", "-m", "-u", "-p", "--"));
    arguments.addAll(program);
    return arguments;
  }

  /** Kills what runs in the pod. The network namespace stays, for the plugins' DEL. */
  void stop() throws IOException, InterruptedException {
    Namespaces held = namespaces;
    if (held != null) {
      held.close();
    }
    group.remove();
  }

  /** Removes the network namespace and the files; what is missing is fine. */
  void remove() throws IOException, InterruptedException {
    if (!hostNetwork && Files.exists(node.run("netns/" + netns))) {
      onNode(List.of("ip", "netns", "delete", netns));
    }
    LabDirectory.removeTree(directory());
    LabDirectory.removeTree(sockets());
  }

  private void onNode(List<String> program) throws IOException, InterruptedException {
    List<String> arguments = new ArrayList<>(Namespaces.entering(node.holder(), VirtualNode.KINDS));
    arguments.addAll(program);
    Invocation.of(arguments).succeed();
  }
}
