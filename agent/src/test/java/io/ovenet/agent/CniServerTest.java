package io.ovenet.agent;

import static org.assertj.core.api.Assertions.assertThat;

import io.ovenet.kubernetes.Json;
import io.ovenet.kubernetes.JsonObject;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;

class CniServerTest {
  private static final CniResult RESULT =
      new CniResult(
          "ove7",
          "02:00:0a:fe:01:01",
          "eth0",
          "02:00:00:00:00:07",
          "/ns",
          "10.0.1.7",
          "169.254.1.1",
          1500);

  private static byte[] rest(ByteBuffer answer) {
    var bytes = new byte[answer.remaining()];
    answer.get(bytes);
    return bytes;
  }

  private static JsonObject parse(byte[] text) {
    return Json.parse(text);
  }

  private static JsonObject parse(String text) {
    return Json.parse(text.getBytes(StandardCharsets.UTF_8));
  }

  private static byte[] request(String command, String stdin) {
    return ("CNI_COMMAND="
            + command
            + "\0CNI_CONTAINERID=c1\0CNI_IFNAME=eth0\0CNI_NETNS=/ns\0"
            + "CNI_ARGS=IgnoreUnknown=1;K8S_POD_NAME=p\0CNI_PATH=\0\0"
            + stdin)
        .getBytes(StandardCharsets.UTF_8);
  }

  private static JsonObject call(int exitCode, byte[] request) throws Exception {
    ByteBuffer answer = CniServer.answer(r -> RESULT.toJson(r.version()), request);
    assertThat(answer.get()).isEqualTo((byte) exitCode);
    return parse(rest(answer));
  }

  @Test
  void answersInTheShapeOfEachVersion() throws Exception {
    assertThat(call(0, request("ADD", "{\"cniVersion\":\"0.2.0\"}")))
        .isEqualTo(
            parse(
                """
                {"cniVersion":"0.2.0",
                 "ip4":{"ip":"10.0.1.7/32","gateway":"169.254.1.1",
                        "routes":[{"dst":"0.0.0.0/0","gw":"169.254.1.1"}]},
                 "dns":{}}"""));
    var interfaces =
        """
        "interfaces":[{"name":"ove7","mac":"02:00:0a:fe:01:01"},
                      {"name":"eth0","mac":"02:00:00:00:00:07","sandbox":"/ns"}]""";
    var rest = "\"routes\":[{\"dst\":\"0.0.0.0/0\",\"gw\":\"169.254.1.1\"}],\"dns\":{}}";
    var address = "\"address\":\"10.0.1.7/32\",\"gateway\":\"169.254.1.1\",\"interface\":1}],";
    for (var version : new String[] {"0.3.0", "0.3.1", "0.4.0"}) {
      assertThat(call(0, request("ADD", "{\"cniVersion\":\"" + version + "\"}")))
          .isEqualTo(
              parse(
                  "{\"cniVersion\":\""
                      + version
                      + "\","
                      + interfaces
                      + ",\"ips\":[{\"version\":\"4\","
                      + address
                      + rest));
    }
    assertThat(call(0, request("ADD", "{\"cniVersion\":\"1.0.0\"}")))
        .isEqualTo(
            parse("{\"cniVersion\":\"1.0.0\"," + interfaces + ",\"ips\":[{" + address + rest));
    var newest = call(0, request("ADD", "{\"cniVersion\":\"1.1.0\"}"));
    assertThat(newest.objects("interfaces").get(1).integer("mtu")).isEqualTo(1500);
    assertThat(newest.objects("ips").getFirst().fields()).doesNotContainKey("version");
  }

  @Test
  void refusesWithTheSpecificationsCodes() throws Exception {
    assertThat(call(1, request("ADD", "{\"cniVersion\":\"2.0.0\"}")).integer("code"))
        .isEqualTo((long) CniException.INCOMPATIBLE_VERSION);
    assertThat(call(1, request("ADD", "{")).integer("code")).isEqualTo((long) CniException.DECODE);
    assertThat(call(1, request("ADD", "[]")).integer("code")).isEqualTo((long) CniException.DECODE);
    var unknown = call(1, request("FROB", "{\"cniVersion\":\"0.4.0\"}"));
    assertThat(unknown.integer("code")).isEqualTo((long) CniException.ENVIRONMENT);
    assertThat(unknown.string("msg")).contains("CNI_COMMAND").contains("FROB");
  }

  @Test
  void answersInTheVersionAskedWhenTheCallFails() throws Exception {
    var answer =
        CniServer.answer(
            _ -> {
              throw new CniException(CniException.TRY_AGAIN, "no pod CIDR", "wait");
            },
            request("ADD", "{\"cniVersion\":\"0.3.1\"}"));
    assertThat(answer.get()).isEqualTo((byte) 1);
    assertThat(parse(rest(answer)))
        .isEqualTo(
            parse(
                """
                {"cniVersion":"0.3.1","code":11,"msg":"no pod CIDR","details":"wait"}"""));
  }

  @Test
  void survivesAnyBytes() throws Exception {
    long seed = System.nanoTime();
    System.out.println("CniServerTest.survivesAnyBytes seed " + seed);
    var random = new Random(seed);
    var valid = request("ADD", "{\"cniVersion\":\"1.0.0\"}");
    for (int i = 0; i < 2000; i++) {
      var bytes = valid.clone();
      for (int n = random.nextInt(6); n >= 0; n--) {
        bytes[random.nextInt(bytes.length)] = (byte) random.nextInt();
      }
      bytes = Arrays.copyOf(bytes, random.nextInt(bytes.length + 1));
      var answer = CniServer.answer(r -> RESULT.toJson(r.version()), bytes);
      int exitCode = answer.get();
      var json = parse(rest(answer));
      assertThat(json.fields().containsKey("code")).isEqualTo(exitCode != 0);
    }
  }
}
