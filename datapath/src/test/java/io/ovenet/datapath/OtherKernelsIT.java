package io.ovenet.datapath;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * {@link KernelJourney} on kernels older than this machine's: each booted in QEMU without hardware
 * acceleration, with this machine's root file system, read-only, under a memory file system of its
 * own.
 */
class OtherKernelsIT {
  private static final Duration CEILING = Duration.ofMinutes(8);
  private static final Path VIRTIOFSD = Path.of("/usr/lib/qemu/virtiofsd");
  private static final String MEMORY = "1024M";

  /** The root file system's way here, and what the journey's devices and programs need. */
  private static final List<String> MODULES =
      List.of(
          "virtio_pci",
          "virtiofs",
          "overlay",
          "virtio_console",
          "veth",
          "dummy",
          "vxlan",
          "sch_ingress",
          "cls_bpf");

  private static final String INIT =
      """
      #!/bin/busybox sh
      export PATH=/bin
      /bin/busybox --install -s /bin
      mount -t proc proc /proc
      mount -t sysfs sysfs /sys
      mount -t devtmpfs devtmpfs /dev
      while read -r module; do
        insmod "/modules/$module" || echo "cannot load $module"
      done </modules/order
      mount -t virtiofs -o ro machine /lower
      mount -t tmpfs tmpfs /upper
      mkdir /upper/files /upper/work
      mount -t overlay -o lowerdir=/lower,upperdir=/upper/files,workdir=/upper/work overlay /root
      for directory in proc sys dev; do
        mount --bind "/$directory" "/root/$directory"
      done
      ip link set lo up
      chroot /root /bin/sh /JOB >"$(echo /dev/vport*p1)" 2>&1
      echo "$?" >"$(echo /dev/vport*p2)"
      sync
      poweroff -f
      """;

  @TempDir Path directory;

  @ParameterizedTest
  @CsvSource({"linux-image-cloud-amd64, 6.1.", "linux-image-6.12-cloud-amd64, 6.12."})
  void loadsAndDecides(String metaPackage, String version) throws Exception {
    DebianKernel kernel = kernel(metaPackage);
    Path out = directory.resolve("out");
    Path code = directory.resolve("code");
    Path job = job();
    Path first = firstFileSystem(kernel, job);
    Path socket = directory.resolve("fs.sock");
    Process files =
        process(
            "virtiofsd",
            VIRTIOFSD.toString(),
            "--socket-path=" + socket,
            "-o",
            "source=/",
            "-o",
            "sandbox=chroot",
            "-o",
            "cache=always",
            "-o",
            "xattr",
            "--thread-pool-size=0");
    try {
      await(files, socket);
      Process machine = process("qemu", machine(kernel, first, socket, out, code));
      try {
        assertThat(machine.waitFor(CEILING.toSeconds(), TimeUnit.SECONDS))
            .as("the machine ends: %s", said("console"))
            .isTrue();
      } finally {
        end(machine);
      }
    } finally {
      end(files);
    }
    assertThat(said("code").strip())
        .as("on %s:%n%s%n%s%n%s", metaPackage, said("out"), said("console"), said("qemu"))
        .isEqualTo("0");
    System.out.println("OtherKernelsIT: " + said("out").strip().replace("\n", "; "));
    assertThat(said("out")).contains("kernel " + version, "passes", "is refused");
  }

  private static DebianKernel kernel(String metaPackage) throws Exception {
    if (!Files.isExecutable(VIRTIOFSD)) {
      return skip(metaPackage, VIRTIOFSD + " is missing (package qemu-system-common)");
    }
    try {
      return DebianKernel.fetched(metaPackage);
    } catch (DebianKernel.Missing missing) {
      return skip(metaPackage, missing.toString());
    }
  }

  private static DebianKernel skip(String metaPackage, String why) {
    System.err.println("OtherKernelsIT is skipped for " + metaPackage + ": " + why);
    return Assumptions.abort(why);
  }

  /** The script that is run on the other kernel, which finds it where it is here. */
  private Path job() throws IOException {
    String classes =
        Stream.of(
                System.getProperty(
                        "surefire.test.class.path", System.getProperty("java.class.path"))
                    .split(":", -1))
            .map(entry -> Path.of(entry).toAbsolutePath().toString())
            .collect(Collectors.joining(":"));
    Path arguments = directory.resolve("java.args");
    Files.writeString(
        arguments,
        """
        --enable-native-access=ALL-UNNAMED
        --sun-misc-unsafe-memory-access=allow
        -Djava.net.preferIPv4Stack=true
        -XX:+UseSerialGC
        -XX:TieredStopAtLevel=1
        -Xshare:auto
        -Xmx128m
        -cp
        %s
        %s
        """
            .formatted(classes, KernelJourney.class.getName()));
    Path java = Path.of(System.getProperty("java.home"), "bin", "java");
    return Files.writeString(directory.resolve("job"), "exec " + java + " @" + arguments + "\n");
  }

  private Path firstFileSystem(DebianKernel kernel, Path job) throws Exception {
    Path tree = directory.resolve("first");
    for (String each : List.of("bin", "proc", "sys", "dev", "lower", "upper", "root", "modules")) {
      Files.createDirectories(tree.resolve(each));
    }
    Path busybox = tree.resolve("bin/busybox");
    Files.copy(Path.of("/bin/busybox"), busybox);
    List<String> order = new ArrayList<>();
    for (Path module : kernel.modules(MODULES)) {
      String name = module.getFileName().toString().replaceFirst("[.]xz$", "");
      Files.write(tree.resolve("modules").resolve(name), DebianKernel.content(module));
      order.add(name);
    }
    Files.write(tree.resolve("modules/order"), order);
    Path init = tree.resolve("init");
    Files.writeString(init, INIT.replace("/JOB", job.toString()));
    assertThat(init.toFile().setExecutable(true)).isTrue();
    Path archive = directory.resolve("first.cpio");
    Process packing =
        new ProcessBuilder(
                "sh", "-c", "find . | /bin/busybox cpio -o -H newc >\"$0\"", archive.toString())
            .directory(tree.toFile())
            .redirectError(directory.resolve("cpio").toFile())
            .start();
    assertThat(packing.waitFor()).as(said("cpio")).isZero();
    return archive;
  }

  private String[] machine(DebianKernel kernel, Path first, Path socket, Path out, Path code)
      throws IOException {
    return new String[] {
      "qemu-system-x86_64",
      "-accel",
      "tcg,tb-size=256",
      "-machine",
      "q35,memory-backend=mem",
      "-cpu",
      "qemu64",
      "-smp",
      "1",
      "-m",
      MEMORY,
      "-object",
      "memory-backend-memfd,id=mem,size=" + MEMORY + ",share=on",
      "-nodefaults",
      "-no-user-config",
      "-no-reboot",
      "-display",
      "none",
      "-kernel",
      kernel.image().toString(),
      "-initrd",
      first.toString(),
      "-append",
      "console=ttyS0 panic=-1 mitigations=off quiet",
      "-serial",
      "file:" + directory.resolve("console"),
      "-chardev",
      "socket,id=fs,path=" + socket,
      "-device",
      "vhost-user-fs-pci,queue-size=1024,chardev=fs,tag=machine",
      "-device",
      "virtio-serial-pci",
      "-chardev",
      "file,id=out,path=" + out,
      "-device",
      "virtserialport,chardev=out,nr=1",
      "-chardev",
      "file,id=code,path=" + code,
      "-device",
      "virtserialport,chardev=code,nr=2",
    };
  }

  private Process process(String name, String... command) throws IOException {
    return new ProcessBuilder(command)
        .redirectInput(Path.of("/dev/null").toFile())
        .redirectErrorStream(true)
        .redirectOutput(directory.resolve(name).toFile())
        .start();
  }

  private void await(Process serving, Path socket) throws Exception {
    while (!Files.exists(socket)) {
      assertThat(serving.isAlive()).as(said("virtiofsd")).isTrue();
      Thread.sleep(5);
    }
  }

  private static void end(Process process) throws InterruptedException {
    process.descendants().forEach(ProcessHandle::destroyForcibly);
    process.destroyForcibly().waitFor();
  }

  private String said(String name) throws IOException {
    Path file = directory.resolve(name);
    return Files.exists(file) ? Files.readString(file, StandardCharsets.ISO_8859_1) : "";
  }
}
