package io.ovenet.lab;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.fabric8.kubernetes.api.model.GenericKubernetesResource;
import io.fabric8.kubernetes.api.model.OwnerReference;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import java.io.File;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What runs in a virt-launcher pod: QEMU with the guest of the pod's VirtualMachineInstance, and
 * the DHCP server that gives the guest its address. Thread-safe.
 */
final class VirtLauncher implements PodWorker.Programs {
  private static final Logger LOG = LoggerFactory.getLogger(VirtLauncher.class);
  private static final ObjectMapper JSON = new ObjectMapper();

  private final KubernetesClient client;
  private final Path kernelCache;
  private final Consumer<String> ready;

  /**
   * @param ready told the uid of each pod whose guest has come up
   */
  VirtLauncher(KubernetesClient client, Path kernelCache, Consumer<String> ready) {
    this.client = client;
    this.kernelCache = kernelCache;
    this.ready = ready;
  }

  @Override
  public ContainerProcess.@Nullable Starter starter(
      Pod pod, ContainerSpec container, PodSandbox sandbox) {
    if (!container.name().equals("compute")) {
      return null;
    }
    for (OwnerReference owner : pod.getMetadata().getOwnerReferences()) {
      if (owner.getKind().equals("VirtualMachineInstance")) {
        return log -> start(pod, owner.getName(), sandbox, log);
      }
    }
    return null;
  }

  private Process start(Pod pod, String name, PodSandbox sandbox, Path log)
      throws IOException, InterruptedException {
    VirtualMachineSpec spec = spec(pod, name);
    GuestKernel kernel = GuestKernel.fetched(kernelCache);
    Path directory = sandbox.directory();
    Files.createDirectories(sandbox.sockets());
    Files.write(directory.resolve("initrd"), GuestImage.build(kernel, name, spec.userData()));
    MachineNetwork.Lease lease = MachineNetwork.prepare(sandbox, spec);
    Files.writeString(directory.resolve("udhcpd.conf"), lease.dhcp());
    String onNode = "/run/kubelet/pods/" + directory.getFileName();
    Path busybox = RootFileSystem.busybox();
    Process _ =
        start(
            sandbox,
            List.of(busybox.toString(), "udhcpd", "-f", onNode + "/udhcpd.conf"),
            directory.resolve("udhcpd.log"));
    Process qemu =
        start(sandbox, qemu(spec, lease, kernel, sandbox, onNode), directory.resolve("qemu.log"));
    Path console = directory.resolve("console.log");
    Thread.ofVirtual()
        .name("console-" + name)
        .start(() -> follow(console, qemu, log, pod.getMetadata().getUid()));
    return qemu;
  }

  private VirtualMachineSpec spec(Pod pod, String name) throws IOException {
    try {
      GenericKubernetesResource instance =
          client
              .genericKubernetesResources(VirtualMachines.INSTANCES)
              .inNamespace(pod.getMetadata().getNamespace())
              .withName(name)
              .get();
      if (instance == null) {
        throw new LabException("the VirtualMachineInstance " + name + " is gone");
      }
      JsonNode spec = JSON.valueToTree(instance.getAdditionalProperties().get("spec"));
      return VirtualMachineSpec.parse(spec, pod.getMetadata().getNamespace() + "/" + name);
    } catch (KubernetesClientException | IllegalArgumentException e) {
      throw new LabException("cannot start " + name + ": " + e.getMessage(), e);
    }
  }

  static List<String> qemu(
      VirtualMachineSpec spec,
      MachineNetwork.Lease lease,
      GuestKernel kernel,
      PodSandbox sandbox,
      String directory) {
    String sockets = sandbox.socketsOnNode();
    return List.of(
        "qemu-system-x86_64",
        "-accel",
        "tcg,tb-size=32",
        "-M",
        "q35",
        "-cpu",
        "qemu64",
        "-smp",
        "1", // two processors panic now and then under TCG
        "-m",
        Integer.toString(spec.memoryMiB()),
        "-nodefaults",
        "-no-user-config",
        "-no-reboot",
        "-display",
        "none",
        "-kernel",
        kernel.image().toString(),
        "-initrd",
        directory + "/initrd",
        "-append",
        "console=ttyS0 quiet panic=-1",
        "-chardev",
        "socket,id=console,server=on,wait=off,path="
            + sockets
            + "/console,logfile="
            + directory
            + "/console.log",
        "-serial",
        "chardev:console",
        "-chardev",
        "socket,id=commands,server=on,wait=off,path=" + sockets + "/commands",
        "-serial",
        "chardev:commands",
        "-netdev",
        "tap,id=net0,ifname=tap0,script=no,downscript=no,vhost=off",
        "-device",
        "virtio-net-pci,netdev=net0,romfile=,mac=" + lease.mac());
  }

  private static Process start(PodSandbox sandbox, List<String> program, Path log)
      throws IOException {
    return new ProcessBuilder(Invocation.joining(sandbox.group().procs(), sandbox.beside(program)))
        .redirectInput(new File("/dev/null"))
        .redirectErrorStream(true)
        .redirectOutput(ProcessBuilder.Redirect.appendTo(log.toFile()))
        .start();
  }

  /**
   * Copies what the guest's console says into the pod's log, and looks for the line of readiness.
   */
  private void follow(Path console, Process qemu, Path log, String uid) {
    StringBuilder line = new StringBuilder();
    boolean[] said = {false};
    try (FileFollower from = new FileFollower(console, 0, qemu::isAlive);
        OutputStream to =
            Files.newOutputStream(log, StandardOpenOption.CREATE, StandardOpenOption.APPEND)) {
      from.drain(
          chunk -> {
            to.write(chunk);
            if (!said[0]) {
              line.append(new String(chunk, StandardCharsets.ISO_8859_1));
              said[0] = line.indexOf(GuestImage.READY) >= 0;
              if (said[0]) {
                ready.accept(uid);
              }
              line.delete(0, Math.max(0, line.length() - GuestImage.READY.length()));
            }
          });
      if (!said[0]) {
        LOG.warn("a guest ended before it was ready; its console:\n{}", Lab.tail(log));
      }
    } catch (IOException e) {
      LOG.warn("cannot follow the console {}", console, e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
