package io.ovenet.bpf;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class NetworkNamespaceKernelIT {
  @Test
  void actionsRunInside() {
    try (NetworkNamespace here = NetworkNamespace.current();
        NetworkNamespace other = NetworkNamespace.create()) {
      assertThat(other.inode()).isNotEqualTo(here.inode());
      long inside =
          other.call(
              () -> {
                try (NetworkNamespace current = NetworkNamespace.current()) {
                  return current.inode();
                }
              });
      assertThat(inside).isEqualTo(other.inode());
      try (NetworkNamespace still = NetworkNamespace.current()) {
        assertThat(still.inode()).isEqualTo(here.inode());
      }
    }
  }

  @Test
  void socketsStayInside() throws IOException {
    try (NetworkNamespace a = NetworkNamespace.create();
        NetworkNamespace b = NetworkNamespace.create();
        ServerSocket one = a.call(() -> new ServerSocket(8080));
        ServerSocket two = b.call(() -> new ServerSocket(8080))) {
      assertThat(one.getLocalPort()).isEqualTo(two.getLocalPort());
      assertThatThrownBy(() -> a.call(() -> new ServerSocket(8080)))
          .isInstanceOf(IOException.class);
    }
  }

  @Test
  void exceptionsComeOut() {
    try (NetworkNamespace namespace = NetworkNamespace.create()) {
      assertThatThrownBy(
              () ->
                  namespace.call(
                      () -> {
                        throw new IOException("inside");
                      }))
          .isInstanceOf(IOException.class)
          .hasMessage("inside");
      assertThatThrownBy(
              () ->
                  namespace.call(
                      () -> {
                        throw new AssertionError("inside");
                      }))
          .isInstanceOf(AssertionError.class);
    }
  }

  @Test
  void settingsAreTheNamespaces() {
    try (NetworkNamespace namespace = NetworkNamespace.create()) {
      String before = Sysctl.read("net/ipv4/ip_forward");
      String other = before.equals("1") ? "0" : "1";
      String inside =
          namespace.call(
              () -> {
                Sysctl.write("net/ipv4/ip_forward", other);
                return Sysctl.read("net/ipv4/ip_forward");
              });
      assertThat(inside).isEqualTo(other);
      assertThat(Sysctl.read("net/ipv4/ip_forward")).isEqualTo(before);
      assertThatThrownBy(() -> Sysctl.write("net/ipv4/nonesuch", "1"))
          .hasMessageContaining("nonesuch");
      assertThatThrownBy(() -> Sysctl.read("../version"))
          .isInstanceOf(IllegalArgumentException.class);
    }
  }

  @Test
  void namedNamespaceLivesUntilRemoved(@TempDir Path directory) throws IOException {
    Path path = directory.resolve("netns/one");
    try (NetworkNamespace created = NetworkNamespace.create(path)) {
      try (NetworkNamespace opened = NetworkNamespace.open(path)) {
        assertThat(opened.inode()).isEqualTo(created.inode());
      }
      assertThatThrownBy(() -> NetworkNamespace.create(path)).hasMessageContaining("one");
      assertThat(NetworkNamespace.remove(path)).isTrue();
    }
    assertThat(path).doesNotExist();
    assertThat(NetworkNamespace.remove(path)).isFalse();
    Files.createFile(path);
    assertThatThrownBy(() -> NetworkNamespace.open(path)).hasMessageContaining("EINVAL");
    assertThat(NetworkNamespace.remove(path)).isTrue();
    assertThatThrownBy(() -> NetworkNamespace.open(path)).hasMessageContaining("ENOENT");
  }
}
