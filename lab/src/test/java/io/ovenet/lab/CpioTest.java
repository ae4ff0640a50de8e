package io.ovenet.lab;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Archives are unpacked by somebody else's cpio. */
class CpioTest {
  @Test
  void busyboxUnpacksWhatWasPacked(@TempDir Path directory) throws Exception {
    byte[] odd = new byte[4097];
    new java.util.Random(7).nextBytes(odd);
    Path archive = directory.resolve("archive");
    Files.write(
        archive,
        new Cpio()
            .directory("bin")
            .file("bin/tool", 0755, odd)
            .file("empty", 0600, "")
            .symlink("sbin", "bin")
            .bytes());
    Path out = Files.createDirectory(directory.resolve("out"));
    Invocation.of(
            RootFileSystem.busybox().toString(),
            "sh",
            "-c",
            "cd \"$0\" && cpio -i <\"$1\"",
            out.toString(),
            archive.toString())
        .succeed();
    assertThat(Files.readAllBytes(out.resolve("bin/tool"))).isEqualTo(odd);
    assertThat(Files.isExecutable(out.resolve("sbin/tool"))).isTrue();
    assertThat(Files.size(out.resolve("empty"))).isZero();
    assertThat(Files.readSymbolicLink(out.resolve("sbin"))).isEqualTo(Path.of("bin"));
  }

  @Test
  void aModuleSaysWhatItDependsOn() {
    byte[] module =
        "\u007fELF..license=GPL\0depends=virtio,virtio_ring\0name=virtio_pci\0"
            .getBytes(StandardCharsets.ISO_8859_1);
    assertThat(GuestKernel.dependencies(module)).isEqualTo(List.of("virtio", "virtio_ring"));
    assertThat(
            GuestKernel.dependencies(
                "x\0depends=\0name=failover\0".getBytes(StandardCharsets.ISO_8859_1)))
        .isEmpty();
  }
}
