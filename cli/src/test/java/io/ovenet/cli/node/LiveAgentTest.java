package io.ovenet.cli.node;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Against a socket that answers whatever a test wants. */
class LiveAgentTest {
  @TempDir Path directory = Path.of("");
  private Path socket = Path.of("");
  private ServerSocketChannel server;

  @BeforeEach
  void listen() throws IOException {
    socket = directory.resolve("admin.sock");
    server = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
    server.bind(UnixDomainSocketAddress.of(socket));
  }

  @AfterEach
  void close() throws IOException {
    server.close();
  }

  private LiveAgent agent() {
    return new LiveAgent("n1", socket, directory, List.of());
  }

  private void answer(String text) {
    Thread.ofVirtual()
        .start(
            () -> {
              try (var connection = server.accept()) {
                Channels.newInputStream(connection).readAllBytes();
                connection.write(ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8)));
              } catch (IOException e) {
                throw new AssertionError(e);
              }
            });
  }

  @Test
  void anAnswerAnErrorAndGarbage() throws IOException {
    answer("{\"answer\":{\"a\":1}}");
    assertThat(agent().ask("x", Map.of()).integer("a")).isEqualTo(1);
    answer("{\"error\":\"no such question\"}");
    assertThatThrownBy(() -> agent().ask("x", Map.of()))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("the agent of n1")
        .hasMessageContaining("no such question");
    answer("SSH-2.0");
    assertThatThrownBy(() -> agent().ask("x", Map.of()))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("its answer is no JSON");
    answer("{\"a\":1}\n{\"a\":2}\n{\"entries\":2}");
    var entries = new ArrayList<Long>();
    assertThat(agent().list("x", entry -> entries.add(entry.integer("a")))).isEqualTo(2);
    assertThat(entries).containsExactly(1L, 2L);
  }

  @Test
  void nobodyListens() throws IOException {
    server.close();
    assertThatThrownBy(() -> agent().ask("x", Map.of()))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("does it run, and are you root?");
  }

  @Test
  void silenceEndsAConnectionAndWorkDoesNot() throws Exception {
    try (var channel = SocketChannel.open(UnixDomainSocketAddress.of(socket));
        var patience = new Patience(channel, Duration.ofMillis(50))) {
      assertThatThrownBy(() -> channel.read(ByteBuffer.allocate(1)))
          .isInstanceOf(IOException.class);
      assertThat(patience.isOver()).isTrue();
    }
    try (var channel = SocketChannel.open(UnixDomainSocketAddress.of(socket));
        var patience = new Patience(channel, Duration.ofMillis(50))) {
      patience.busy(true);
      Thread.sleep(200);
      assertThat(patience.isOver()).isFalse();
      assertThat(channel.isOpen()).isTrue();
    }
  }
}
