package io.ovenet.agent;

import static org.assertj.core.api.Assertions.assertThat;

import io.ovenet.kubernetes.Json;
import io.ovenet.kubernetes.JsonObject;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class AdminServerTest {
  private static final long SEED = Long.getLong("ovenet.seed", System.nanoTime());

  @TempDir Path directory;

  private AdminServer open() throws IOException {
    var server = new AdminServer(directory.resolve("run/admin.sock"));
    server.offer("sum", request -> Map.of("sum", request.integer("a") + request.integer("b")));
    server.offer(
        "refuse",
        _ -> {
          throw new IllegalArgumentException("a: is no number; write one");
        });
    server.offer(
        "broken",
        _ -> {
          throw new IllegalStateException("out of order");
        });
    return server;
  }

  private JsonObject ask(String request) throws IOException {
    try (var channel = send(request)) {
      return Json.parse(Channels.newInputStream(channel).readAllBytes());
    }
  }

  private SocketChannel send(String request) throws IOException {
    var channel = SocketChannel.open(StandardProtocolFamily.UNIX);
    channel.connect(UnixDomainSocketAddress.of(directory.resolve("run/admin.sock")));
    channel.write(ByteBuffer.wrap(request.getBytes(StandardCharsets.UTF_8)));
    channel.shutdownOutput();
    return channel;
  }

  @Test
  void answersWhatIsAskedByName() throws IOException {
    try (var server = open()) {
      server.serve();
      assertThat(ask("{\"ask\":\"sum\",\"a\":2,\"b\":3}").object("answer").integer("sum"))
          .isEqualTo(5);
      assertThat(ask("{\"ask\":\"what\"}").string("error"))
          .isEqualTo("this agent does not know 'what'; ask broken, refuse, sum");
      assertThat(ask("{\"ask\":\"refuse\"}").string("error"))
          .isEqualTo("a: is no number; write one");
      assertThat(ask("{\"ask\":\"broken\"}").string("error")).contains("out of order");
      assertThat(ask("nonsense").string("error")).contains("is no JSON object");
    }
    assertThat(directory.resolve("run/admin.sock")).doesNotExist();
  }

  @Test
  void aListIsALineEachAndSaysWhetherItIsWhole() throws IOException {
    try (var server = open()) {
      server.offerList(
          "numbers",
          to -> {
            for (int i = 0; i < 3; i++) {
              to.accept(Map.of("n", i));
            }
          });
      server.offerList(
          "breaks",
          to -> {
            to.accept(Map.of("n", 0));
            throw new IOException("the kernel says no");
          });
      server.serve();
      assertThat(list("numbers"))
          .containsExactly("{\"n\":0}", "{\"n\":1}", "{\"n\":2}", "{\"entries\":3}");
      assertThat(list("breaks")).containsExactly("{\"n\":0}", "{\"error\":\"the kernel says no\"}");
      assertThat(ask("{\"ask\":\"what\"}").string("error")).contains("breaks, broken, numbers");
    }
  }

  @Test
  void whoHangsUpInTheMiddleOfAListHoldsUpNobody() throws Exception {
    var ended = new CountDownLatch(1);
    try (var server = open()) {
      server.offerList(
          "endless",
          to -> {
            try {
              while (true) {
                to.accept(Map.of("text", "more and more"));
              }
            } finally {
              ended.countDown();
            }
          });
      server.serve();
      try (var channel = send("{\"ask\":\"endless\"}")) {
        assertThat(channel.read(ByteBuffer.allocate(100))).isPositive();
      }
      assertThat(ended.await(60, TimeUnit.SECONDS)).isTrue();
      assertThat(ask("{\"ask\":\"sum\",\"a\":2,\"b\":3}").object("answer").integer("sum"))
          .isEqualTo(5);
    }
  }

  private List<String> list(String name) throws IOException {
    try (var channel = send("{\"ask\":\"" + name + "\"}")) {
      return new String(Channels.newInputStream(channel).readAllBytes(), StandardCharsets.UTF_8)
          .lines()
          .toList();
    }
  }

  @Test
  void onlyItsOwnerMayAsk() throws IOException {
    try (var server = open()) {
      assertThat(server).isNotNull();
      assertThat(
              PosixFilePermissions.toString(
                  Files.getPosixFilePermissions(directory.resolve("run/admin.sock"))))
          .isEqualTo("rw-------");
    }
  }

  @Test
  void bytesOfAnyKindAreAnswered() throws IOException {
    System.out.println("AdminServerTest: -Dovenet.seed=" + SEED);
    var random = new Random(SEED);
    var sound = "{\"ask\":\"sum\",\"a\":2,\"b\":[3,{\"c\":null}]}".getBytes(StandardCharsets.UTF_8);
    try (var server = open()) {
      for (int i = 0; i < 20_000; i++) {
        var bytes = sound.clone();
        for (int j = random.nextInt(4); j >= 0; j--) {
          bytes[random.nextInt(bytes.length)] = (byte) random.nextInt();
        }
        var answer = new ByteArrayOutputStream();
        server.answer(bytes, answer);
        assertThat(Json.parse(answer.toByteArray()).fields().keySet())
            .containsAnyOf("answer", "error");
      }
    }
  }
}
