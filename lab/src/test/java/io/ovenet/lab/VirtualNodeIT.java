package io.ovenet.lab;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Nodes on an underlay: what they see of each other and of the machine, and what they leave. */
class VirtualNodeIT {
  @TempDir private Path temporary;
  private LabDirectory directory;
  private ControlGroup group;
  private String linksBefore;

  @BeforeEach
  void look() throws Exception {
    String name = "ovt-lab-node-" + ProcessHandle.current().pid();
    directory = LabDirectory.of(temporary, name);
    group = ControlGroup.ofLab(name).make();
    LabLease.ofThisProcess(name).write(directory);
    linksBefore = Invocation.of("ip", "-br", "link").succeed();
  }

  @AfterEach
  void clean() throws Exception {
    LabLease.removeRemains(directory);
  }

  @Test
  void nodesReachEachOtherAndTheWorldAndNothingOfTheMachine() throws Exception {
    try (Underlay underlay = Underlay.make(group);
        VirtualNode one = VirtualNode.make(directory, group, underlay, "node-1", "192.168.77.10");
        VirtualNode two = VirtualNode.make(directory, group, underlay, "node-2", "192.168.77.11")) {
      for (String address : List.of(two.address(), Underlay.API_ADDRESS, Underlay.WORLD_ADDRESS)) {
        assertThat(on(one, "ping", "-c1", "-W5", address)).contains(" 0% packet loss");
      }
      assertThat(on(one, "hostname").strip()).isEqualTo("node-1");
      assertThat(on(one, "getent", "hosts", "node-1")).startsWith(one.address());
      assertThat(Invocation.of("hostname").succeed()).isNotEqualTo("node-1\n");
      assertThat(on(one, "ls", "/sys/class/net").split("\\s+")).containsExactly("eth0", "lo");
      assertThat(on(one, "cat", "/proc/sys/net/ipv4/ip_forward").strip()).isEqualTo("1");
      assertThat(on(one, "stat", "-fc%T", "/sys/fs/bpf", "/opt/cni/bin")).startsWith("bpf_fs\n");
      assertThat(on(one, "cat", "/proc/1/comm").strip()).isEqualTo("sleep");
      // Directories that both sides see, whatever the machine has at their places.
      Files.writeString(one.networkConfigurations().resolve("x"), "seen");
      assertThat(on(one, "cat", "/etc/cni/net.d/x")).isEqualTo("seen");
      on(one, "touch", "/var/run/cilium/hubble.sock");
      assertThat(one.run("cilium/hubble.sock")).exists();
      assertThat(two.run("cilium/hubble.sock")).doesNotExist();
    }
  }

  @Test
  void aNodesControlGroupIsTheRootThatItSees() throws Exception {
    try (Underlay underlay = Underlay.make(group);
        VirtualNode node =
            VirtualNode.make(directory, group, underlay, "node-1", "192.168.77.10")) {
      String own =
          Invocation.of(
                  node.command(node.group().child("agent"), List.of("cat", "/proc/self/cgroup")))
              .succeed();
      assertThat(own).contains("0::/agent\n");
      assertThat(on(node, "ls", ControlGroup.hierarchy().toString()))
          .contains("agent\n", "kubepods\n");
    }
  }

  @Test
  void whatWasKilledIsTakenDownToTheLastTrace() throws Exception {
    Underlay underlay = Underlay.make(group);
    VirtualNode node = VirtualNode.make(directory, group, underlay, "node-1", "192.168.77.10");
    Process orphan =
        new ProcessBuilder(node.command(node.group().child("kubepods"), List.of("sleep", "1000")))
            .start();
    on(node, "ip", "netns", "add", "somebody");
    on(node, "mkdir", "/sys/fs/bpf/pinned");
    // Nobody closes anything: this is what a lab killed with SIGKILL leaves.
    LabLease.removeRemains(directory);
    assertThat(orphan.waitFor()).isNotZero();
    Eventually.holds("the holder is gone", () -> ProcessHandle.of(node.holder()).isEmpty());
    assertThat(group.path()).doesNotExist();
    try (Stream<Path> left = Files.list(temporary)) {
      assertThat(left).isEmpty();
    }
    // Others may be at work on the machine: their links come and go, their mounts are elsewhere.
    Eventually.holds(
        "no link is left", () -> Invocation.of("ip", "-br", "link").succeed().equals(linksBefore));
    assertThat(Files.readAllLines(Path.of("/proc/self/mountinfo")))
        .noneMatch(mount -> mount.contains(temporary.toString()));
  }

  private static String on(VirtualNode node, String... program) throws Exception {
    return node.namespaces().in(VirtualNode.KINDS, List.of(program)).succeed();
  }
}
