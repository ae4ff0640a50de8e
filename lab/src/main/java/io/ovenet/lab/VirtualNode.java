package io.ovenet.lab;

import static io.ovenet.lab.Namespaces.Kind.CONTROL_GROUP;
import static io.ovenet.lab.Namespaces.Kind.HOSTNAME;
import static io.ovenet.lab.Namespaces.Kind.MOUNT;
import static io.ovenet.lab.Namespaces.Kind.NETWORK;
import static io.ovenet.lab.Namespaces.Kind.PROCESS;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * A node: network, mount, host name, process and control group namespaces on the underlay, with
 * what an agent and a container runtime expect of a machine: an own bpffs, /run, CNI directories,
 * /var/lib/ovenet, and a cgroup2 subtree that holds its agent and its pods.
 *
 * <p>The machine's file system shows through, under an overlay in the node's memory, so that mount
 * points which the machine lacks exist on the node alone. What has to be reached from outside is
 * bound from the lab's directory.
 */
final class VirtualNode implements AutoCloseable {
  static final List<Namespaces.Kind> KINDS =
      List.of(NETWORK, MOUNT, HOSTNAME, PROCESS, CONTROL_GROUP);

  private final String name;
  private final String address;
  private final Path directory;
  private final ControlGroup group;
  private final Namespaces namespaces;

  private VirtualNode(
      String name, String address, Path directory, ControlGroup group, Namespaces namespaces) {
    this.name = name;
    this.address = address;
    this.directory = directory;
    this.group = group;
    this.namespaces = namespaces;
  }

  /** Makes a node and connects it. */
  static VirtualNode make(
      LabDirectory lab, ControlGroup labGroup, Underlay underlay, String name, String address)
      throws IOException, InterruptedException {
    Path directory = lab.node(name);
    for (String each :
        List.of("run/cilium", "run/ovenet", "net.d", "bin", "lib", "config", "overlay", "log")) {
      Files.createDirectories(directory.resolve(each));
    }
    ControlGroup group = labGroup.child(name).make();
    group.child("agent").make();
    group.child("kubepods").make();
    Namespaces namespaces = Namespaces.make("node " + name, group, List.of(), KINDS, "/proc");
    VirtualNode node = new VirtualNode(name, address, directory, group, namespaces);
    try {
      underlay.connect(name, namespaces, address);
      Underlay.ip(namespaces, "route add default via " + Underlay.OUTSIDE_ADDRESS + "\n");
      Underlay.sysctl(namespaces, "net.ipv4.ip_forward=1");
      namespaces.in(List.of(HOSTNAME), List.of("hostname", name)).succeed();
      node.mount();
      return node;
    } catch (IOException | InterruptedException e) {
      namespaces.close();
      throw e;
    }
  }

  private void mount() throws IOException, InterruptedException {
    String overlay = directory.resolve("overlay").toString();
    run("mount", "-t", "tmpfs", "-o", "mode=755", "tmpfs", overlay);
    for (String tree : List.of("/etc", "/opt", "/var/lib")) {
      String upper = overlay + tree + "/upper";
      String work = overlay + tree + "/work";
      run("mkdir", "-p", upper, work);
      run(
          "mount",
          "-t",
          "overlay",
          "-o",
          "lowerdir=" + tree + ",upperdir=" + upper + ",workdir=" + work,
          "overlay",
          tree);
    }
    bind("net.d", "/etc/cni/net.d");
    bind("bin", "/opt/cni/bin");
    bind("lib", "/var/lib/ovenet");
    bind("config", "/etc/ovenet/config");
    mountSys(overlay);
    write("/etc/hostname", name + "\n");
    // The Java runtime, for one, looks its own machine's name up.
    write("/etc/hosts", "127.0.0.1 localhost\n" + address + " " + name + "\n");
    // Last, since the lab's own directory is often below /run.
    bind("run", "/run");
    run("mount", "-o", "remount,bind,exec,dev,suid", "/run");
  }

  /** An own /sys shows this network namespace's devices; the control groups are taken along. */
  private void mountSys(String overlay) throws IOException, InterruptedException {
    String kept = overlay + "/cgroup";
    String hierarchy = ControlGroup.hierarchy().toString();
    String subtree = group.path().toString();
    run("mkdir", kept);
    run("mount", "--rbind", "/sys/fs/cgroup", kept);
    run("mount", "-t", "sysfs", "sysfs", "/sys");
    run("mount", "--rbind", kept, "/sys/fs/cgroup");
    run("mount", "--bind", subtree, hierarchy);
    run("umount", "-R", kept);
    run("mount", "-t", "bpf", "bpf", "/sys/fs/bpf");
  }

  /** Writes a file of the node's overlay; the machine's own stays as it is. */
  private void write(String file, String content) throws IOException, InterruptedException {
    namespaces.in(KINDS, List.of("tee", file)).input(content).succeed();
  }

  private void bind(String source, String target) throws IOException, InterruptedException {
    run("mkdir", "-p", target);
    run("mount", "--bind", directory.resolve(source).toString(), target);
  }

  private void run(String... program) throws IOException, InterruptedException {
    namespaces.in(KINDS, List.of(program)).succeed();
  }

  String name() {
    return name;
  }

  /** On the underlay. */
  String address() {
    return address;
  }

  long holder() {
    return namespaces.holder();
  }

  boolean isAlive() {
    return namespaces.isAlive();
  }

  /** As seen outside. */
  ControlGroup group() {
    return group;
  }

  Namespaces namespaces() {
    return namespaces;
  }

  /** A path of the node's /run, as seen outside. */
  Path run(String path) {
    return directory.resolve("run").resolve(path);
  }

  /** The node's /etc/cni/net.d, as seen outside. */
  Path networkConfigurations() {
    return directory.resolve("net.d");
  }

  /** The node's /opt/cni/bin, as seen outside. */
  Path plugins() {
    return directory.resolve("bin");
  }

  /** The node's /etc/ovenet/config, as seen outside. */
  Path configuration() {
    return directory.resolve("config");
  }

  Path log(String process) {
    return directory.resolve("log").resolve(process + ".log");
  }

  /** Arguments in front of a program's own that run it on the node, in a control group of it. */
  List<String> command(ControlGroup in, List<String> program) {
    List<String> arguments = new ArrayList<>(Namespaces.entering(holder(), KINDS));
    arguments.addAll(program);
    return Invocation.joining(in.procs(), arguments);
  }

  /** Kills whatever runs on the node; its namespaces, links, mounts and pins go with it. */
  @Override
  public void close() throws IOException {
    namespaces.close();
  }
}
