package io.ovenet.lab.api;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;

class ProtobufBodyTest {
  /** A field with a length before it. */
  private static byte[] field(int number, byte[] content) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    out.write(number << 3 | 2);
    out.write(content.length);
    out.writeBytes(content);
    return out.toByteArray();
  }

  private static byte[] text(int number, String content) {
    return field(number, content.getBytes(StandardCharsets.UTF_8));
  }

  private static byte[] number(int number, int value) {
    return new byte[] {(byte) (number << 3), (byte) value};
  }

  private static byte[] all(byte[]... parts) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    for (byte[] part : parts) {
      out.writeBytes(part);
    }
    return out.toByteArray();
  }

  private static byte[] body(String apiVersion, String kind, byte[]... fields) {
    return all(
        new byte[] {'k', '8', 's', 0},
        field(1, all(text(1, apiVersion), text(2, kind))),
        field(2, all(fields)),
        text(3, ""),
        text(4, ""));
  }

  private static final byte[] DEPLOYMENT =
      body(
          "apps/v1",
          "Deployment",
          field(1, all(text(1, "web"), text(3, ""), number(7, 0), field(8, new byte[0]))),
          field(
              2,
              all(
                  number(1, 0),
                  field(3, field(2, field(2, all(text(1, "c"), text(3, "sh"), text(3, ""))))),
                  number(5, 0))),
          field(3, all(number(1, 0), number(2, 0))));

  @Test
  void whatIsEmptyIsLeftOutUnlessItWasSet() {
    assertThat(ProtobufBody.parse(DEPLOYMENT))
        .isEqualTo(
            Json.parse(
                """
                {"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"web"},
                 "spec":{"replicas":0,
                  "template":{"spec":{"containers":[{"name":"c","command":["sh",""]}]}}}}
                """
                    .getBytes(StandardCharsets.UTF_8)));
  }

  @Test
  void whatIsNotKnownIsNamedAndNotDropped() {
    assertThatThrownBy(() -> ProtobufBody.parse(body("batch/v1", "Job")))
        .hasMessageContaining("objects of kind Job");
    assertThatThrownBy(() -> ProtobufBody.parse(body("v1", "ConfigMap", text(15, "x"))))
        .isInstanceOfSatisfying(
            ApiException.class, refusal -> assertThat(refusal.code()).isEqualTo(415))
        .hasMessageContaining("field 15 of ConfigMap");
    assertThat(ProtobufBody.parse(body("v1", "ConfigMap", text(15, ""), number(14, 0)))).hasSize(2);
  }

  @Test
  void anythingElseIsABadRequest() {
    long seed = System.nanoTime();
    System.out.println("ProtobufBodyTest seed " + seed);
    Random random = new Random(seed);
    for (int i = 0; i < 20_000; i++) {
      byte[] broken = DEPLOYMENT.clone();
      for (int n = random.nextInt(4); n >= 0; n--) {
        broken[random.nextInt(broken.length)] = (byte) random.nextInt(256);
      }
      byte[] body = Arrays.copyOf(broken, random.nextInt(broken.length + 1));
      try {
        assertThat(ProtobufBody.parse(body)).isNotNull();
      } catch (ApiException refusal) {
        assertThat(refusal.code()).as("seed %d", seed).isIn(400, 415);
      }
    }
  }
}
