package io.ovenet.lab;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.GenericKubernetesResource;
import io.fabric8.kubernetes.api.model.Pod;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Real guests behind KubeVirt's two bindings. */
class VirtualMachineIT {
  @TempDir private static Path temporary;
  private static LabFixture fixture;

  @BeforeAll
  static void up() throws Exception {
    fixture = new LabFixture(temporary, 1);
    fixture.installPlugin("node-1");
    fixture.apply(
        """
        apiVersion: v1
        kind: Pod
        metadata: {name: peer, namespace: default}
        spec:
          containers:
          - name: main
            command: ["sh", "-c", "mkdir /www; echo peer >/www/index.html; httpd -p 80 -h /www; sleep 100000"]
        """);
  }

  @AfterAll
  static void down() throws Exception {
    if (fixture != null) {
      fixture.close();
    }
    assertThat(temporary).isEmptyDirectory();
  }

  private static void create(String name, String binding) {
    fixture.apply(
        """
        apiVersion: kubevirt.io/v1
        kind: VirtualMachine
        metadata: {name: %s, namespace: default}
        spec:
          runStrategy: Always
          template:
            metadata:
              labels: {app: web}
            spec:
              domain:
                devices:
                  interfaces:
                  - name: default
                    %s: {}
              networks:
              - name: default
                pod: {}
              volumes:
              - name: cloudinit
                cloudInitNoCloud:
                  userData: |
                    #!/bin/sh
                    mkdir /www && echo guest >/www/index.html
                    httpd -p 80 -h /www
        """
            .formatted(name, binding));
  }

  private static GenericKubernetesResource get(
      io.fabric8.kubernetes.client.dsl.base.ResourceDefinitionContext kind, String name) {
    return fixture
        .client
        .genericKubernetesResources(kind)
        .inNamespace("default")
        .withName(name)
        .get();
  }

  private static LabStatus.VirtualMachine running(String name) throws Exception {
    Eventually.holds(
        name + " runs",
        () -> {
          var machine = get(VirtualMachines.MACHINES, name);
          return machine != null
              && "Running".equals(machine.<String>get("status", "printableStatus"));
        });
    LabStatus.VirtualMachine[] found = new LabStatus.VirtualMachine[1];
    Eventually.holds(
        "the status says so",
        () -> {
          for (LabStatus.VirtualMachine each :
              LabStatus.read(fixture.directory.status()).orElseThrow().vms()) {
            if (each.name().equals(name) && each.phase().equals("Running")) {
              found[0] = each;
            }
          }
          return found[0] != null;
        });
    return found[0];
  }

  private static GuestCommands.Outcome inGuest(LabStatus.VirtualMachine machine, String... command)
      throws Exception {
    return GuestCommands.run(
        Path.of(Objects.requireNonNull(machine.commands())),
        List.of(command),
        Duration.ofSeconds(30));
  }

  @Test
  void masqueradeLetsTheWorldInAndTheGuestOut() throws Exception {
    create("masked", "masquerade");
    String peer = fixture.running("peer").getStatus().getPodIP();
    LabStatus.VirtualMachine machine = running("masked");
    Pod launcher = fixture.pod(Objects.requireNonNull(machine.pod()));
    assertThat(launcher.getMetadata().getLabels())
        .containsEntry("app", "web")
        .containsEntry("kubevirt.io", "virt-launcher")
        .containsEntry("vm.kubevirt.io/name", "masked")
        .containsKey("kubevirt.io/created-by");
    assertThat(launcher.getMetadata().getAnnotations())
        .containsEntry("kubevirt.io/domain", "masked");

    String address = Objects.requireNonNull(machine.ip());
    assertThat(fixture.exec("peer", "wget", "-q", "-O", "-", "http://" + address).output())
        .isEqualTo("guest\n");
    assertThat(fixture.exec("peer", "ping", "-c1", "-W10", address).output())
        .contains(" 0% packet loss");
    assertThat(inGuest(machine, "ip", "-4", "addr", "show", "eth0").output())
        .contains("10.0.2.2/24");
    assertThat(inGuest(machine, "wget", "-q", "-O", "-", "http://" + peer).output())
        .isEqualTo("peer\n");
    GuestCommands.Outcome outcome =
        inGuest(machine, "sh", "-c", "echo \"it's $0\"; echo oops >&2; exit 9", "me");
    assertThat(outcome).isEqualTo(new GuestCommands.Outcome(9, "it's me\n", "oops\n"));
    // More than the serial port's buffers hold.
    assertThat(inGuest(machine, "seq", "1", "20000").output()).endsWith("\n20000\n");

    // A guest that powers off is run again: another instance and pod, the same interface address.
    String mac = inGuest(machine, "cat", "/sys/class/net/eth0/address").output();
    inGuest(machine, "sh", "-c", "(sleep 0.5; poweroff -f) >/dev/null 2>&1 &");
    Eventually.holds(
        "another pod",
        () -> {
          LabStatus.VirtualMachine now =
              LabStatus.read(fixture.directory.status()).orElseThrow().vms().stream()
                  .filter(each -> each.name().equals("masked"))
                  .findFirst()
                  .orElseThrow();
          return now.pod() != null && !now.pod().equals(machine.pod());
        });
    LabStatus.VirtualMachine again = running("masked");
    assertThat(again.pod()).isNotEqualTo(machine.pod());
    assertThat(inGuest(again, "cat", "/sys/class/net/eth0/address").output()).isEqualTo(mac);

    fixture
        .client
        .genericKubernetesResources(VirtualMachines.MACHINES)
        .inNamespace("default")
        .withName("masked")
        .delete();
    Eventually.holds(
        "instance, pod and sockets are gone",
        () ->
            get(VirtualMachines.INSTANCES, "masked") == null
                && fixture.pod(Objects.requireNonNull(again.pod())) == null
                && !Files.exists(Path.of(Objects.requireNonNull(again.commands())).getParent()));
  }

  @Test
  void aBridgeBindingGivesThePodsOwnAddressToTheGuest() throws Exception {
    create("bridged", "bridge");
    String peer = fixture.running("peer").getStatus().getPodIP();
    LabStatus.VirtualMachine machine = running("bridged");
    String address = Objects.requireNonNull(machine.ip());
    assertThat(inGuest(machine, "ip", "-4", "addr", "show", "eth0").output())
        .contains(address + "/32");
    assertThat(fixture.exec("peer", "wget", "-q", "-O", "-", "http://" + address).output())
        .isEqualTo("guest\n");
    assertThat(inGuest(machine, "wget", "-q", "-O", "-", "http://" + peer).output())
        .isEqualTo("peer\n");
    fixture
        .client
        .genericKubernetesResources(VirtualMachines.MACHINES)
        .inNamespace("default")
        .withName("bridged")
        .delete();
    Eventually.holds("it is gone", () -> get(VirtualMachines.INSTANCES, "bridged") == null);
  }
}
