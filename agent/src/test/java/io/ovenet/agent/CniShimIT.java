package io.ovenet.agent;

import static org.assertj.core.api.Assertions.assertThat;

import io.ovenet.kubernetes.Json;
import io.ovenet.kubernetes.JsonObject;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.LinkedBlockingQueue;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The C program against the real server. */
class CniShimIT {
  private static final String CONF = "{\"cniVersion\":\"0.4.0\",\"name\":\"cilium\"}";

  @TempDir Path directory;
  private Path socket;
  private Path queue;
  private CniShim shim;

  @BeforeEach
  void prepare() throws Exception {
    socket = directory.resolve("cni.sock");
    queue = directory.resolve("a/b/queue");
    shim = new CniShim(directory, socket, queue);
  }

  private static JsonObject parse(byte[] text) {
    return Json.parse(text);
  }

  private static JsonObject json(CniShim.Exit exit) {
    return parse(exit.stdout().getBytes(StandardCharsets.UTF_8));
  }

  @Test
  void isSmallAndStatic() throws Exception {
    assertThat(Files.size(shim.program())).isLessThanOrEqualTo(100 * 1024);
  }

  @Test
  void handsEverythingToTheAgentAndItsAnswerBack() throws Exception {
    var seen = new LinkedBlockingQueue<CniRequest>();
    try (var server = new CniServer(socket)) {
      server.serve(
          request -> {
            seen.add(request);
            if (request.command() == CniRequest.Command.CHECK) {
              throw new CniException(101, "no \"link\"", "x");
            }
            return request.command() == CniRequest.Command.DEL
                ? null
                : Map.of("big", "x".repeat(200_000));
          });
      var added =
          shim.run("ADD", "c1", "eth0", "/ns/1", "K8S_POD_NAME=p;K8S_POD_NAMESPACE=n", CONF);
      assertThat(added.code()).isZero();
      assertThat(json(added).string("big")).hasSize(200_000);
      var request = seen.take();
      assertThat(request.containerId()).isEqualTo("c1");
      assertThat(request.ifname()).isEqualTo("eth0");
      assertThat(request.netns()).isEqualTo("/ns/1");
      assertThat(request.arguments())
          .isEqualTo(Map.of("K8S_POD_NAME", "p", "K8S_POD_NAMESPACE", "n"));
      assertThat(request.version()).isEqualTo(CniVersion.V0_4_0);
      assertThat(request.configuration()).isEqualTo(parse(CONF.getBytes(StandardCharsets.UTF_8)));

      var checked = shim.run("CHECK", "c1", "eth0", "/ns/1", "", CONF);
      assertThat(checked.code()).isEqualTo(1);
      assertThat(json(checked).integer("code")).isEqualTo(101);
      assertThat(json(checked).string("msg")).isEqualTo("no \"link\"");

      assertThat(shim.run("DEL", "c1", "eth0", "", "", CONF)).isEqualTo(new CniShim.Exit(0, ""));
    }
  }

  @Test
  void answersVersionByItself() throws Exception {
    var exit =
        shim.run(
            Map.of("CNI_COMMAND", "VERSION"),
            "{\"cniVersion\":\"1.0.0\"}".getBytes(StandardCharsets.UTF_8));
    assertThat(exit.code()).isZero();
    assertThat(json(exit).string("cniVersion")).isEqualTo("1.0.0");
    assertThat(json(exit).strings("supportedVersions"))
        .containsExactly("0.1.0", "0.2.0", "0.3.0", "0.3.1", "0.4.0", "1.0.0", "1.1.0");
  }

  @Test
  void saysTryAgainWithoutAnAgent() throws Exception {
    for (var command : new String[] {"ADD", "CHECK"}) {
      var exit = shim.run(command, "c1", "eth0", "/ns/1", "", CONF);
      assertThat(exit.code()).isEqualTo(1);
      assertThat(json(exit).string("cniVersion")).isEqualTo("0.4.0");
      assertThat(json(exit).integer("code")).isEqualTo((long) CniException.TRY_AGAIN);
    }
    var status =
        shim.run(
            Map.of("CNI_COMMAND", "STATUS"),
            "{\"cniVersion\":\"1.1.0\"}".getBytes(StandardCharsets.UTF_8));
    assertThat(json(status).integer("code")).isEqualTo((long) CniException.UNAVAILABLE);
    assertThat(json(status).string("cniVersion")).isEqualTo("1.1.0");
    assertThat(queue).doesNotExist();
  }

  @Test
  void queuesADeletionWithoutAnAgent() throws Exception {
    for (int i = 0; i < 2; i++) {
      assertThat(shim.run("DEL", "c1", "eth0", "", "", CONF)).isEqualTo(new CniShim.Exit(0, ""));
    }
    assertThat(shim.run("DEL", "c1", "net1", "", "", CONF).code()).isZero();
    try (var files = Files.list(queue)) {
      assertThat(files.map(f -> f.getFileName().toString()))
          .containsExactlyInAnyOrder("c1@eth0", "c1@net1");
    }
    var request = CniRequest.parse(Files.readAllBytes(queue.resolve("c1@eth0")));
    assertThat(request.command()).isEqualTo(CniRequest.Command.DEL);
    assertThat(request.key()).isEqualTo(new AttachmentKey("c1", "eth0"));
  }

  @Test
  void refusesBadInputWithACode() throws Exception {
    assertThat(json(shim.run(Map.of(), new byte[0])).integer("code"))
        .isEqualTo((long) CniException.ENVIRONMENT);
    assertThat(json(shim.run("FROB", "c1", "eth0", "/x", "", CONF)).integer("code"))
        .isEqualTo((long) CniException.ENVIRONMENT);
    for (var id : new String[] {"", "../x", "a/b", "x".repeat(500)}) {
      assertThat(json(shim.run("DEL", id, "eth0", "", "", CONF)).integer("code"))
          .isEqualTo((long) CniException.ENVIRONMENT);
    }
    for (var name : new String[] {"", "..", "a/b", "a b", "x".repeat(16)}) {
      assertThat(json(shim.run("DEL", "c1", name, "", "", CONF)).integer("code"))
          .isEqualTo((long) CniException.ENVIRONMENT);
    }
    assertThat(json(shim.run("ADD", "c1", "eth0", "", "", CONF)).integer("code"))
        .isEqualTo((long) CniException.ENVIRONMENT);
    var huge = "{\"cniVersion\":\"1.0.0\",\"x\":\"" + "x".repeat(1 << 20) + "\"}";
    var bad =
        new String[] {
          "",
          " ",
          "{",
          "[]",
          "x",
          "{}x",
          "{\"a\":}",
          "{\"a\":1,}",
          "{\"a\" 1}",
          "{\"a\":\"\\u12\"}",
          "{\"a\":01}",
          "{\"cniVersion\":1}",
          "{\"a\":" + "[".repeat(100_000),
          huge
        };
    for (var text : bad) {
      var exit = shim.run("ADD", "c1", "eth0", "/x", "", text);
      assertThat(exit.code()).isEqualTo(1);
      assertThat(json(exit).integer("code")).isEqualTo((long) CniException.DECODE);
    }
    assertThat(
            json(shim.run("ADD", "c1", "eth0", "/x", "", "{\"cniVersion\":\"7.0.0\"}"))
                .integer("code"))
        .isEqualTo((long) CniException.INCOMPATIBLE_VERSION);
  }

  @Test
  void survivesAnyConfiguration() throws Exception {
    long seed = System.nanoTime();
    System.out.println("CniShimIT.survivesAnyConfiguration seed " + seed);
    var random = new Random(seed);
    for (int i = 0; i < 200; i++) {
      var bytes =
          "{\"cniVersion\":\"1.0.0\",\"a\":[1,{\"b\":null}]}".getBytes(StandardCharsets.UTF_8);
      for (int n = random.nextInt(5); n >= 0; n--) {
        bytes[random.nextInt(bytes.length)] = (byte) random.nextInt();
      }
      var exit =
          shim.run(
              Map.of(
                  "CNI_COMMAND",
                  "ADD",
                  "CNI_CONTAINERID",
                  "c",
                  "CNI_IFNAME",
                  "e",
                  "CNI_NETNS",
                  "/x"),
              bytes);
      assertThat(exit.code()).isEqualTo(1);
      assertThat(json(exit).integer("code")).isIn(6L, 11L, 1L);
    }
  }
}
