package io.ovenet.kubernetes;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class PolicyVersionTest {
  @Test
  void aVersionSurvivesPacking() {
    var document =
        Json.parse(
                "{\"metadata\":{\"name\":\"x\",\"generation\":7},\"spec\":{\"a\":[1,null,\"ä\"]}}"
                    .getBytes(StandardCharsets.UTF_8))
            .fields();
    var version = PolicyVersion.of(document);
    assertThat(version.generation()).isEqualTo(7);
    assertThat(PolicyVersion.unpack(version.pack())).isEqualTo(version);
    assertThat(version.pack()).isEqualTo(PolicyVersion.of(document).pack());
  }

  @Test
  void aLargePolicyTakesLittle() {
    var rules =
        java.util.stream.IntStream.range(0, 10_000)
            .mapToObj(i -> Map.of("fromCIDR", List.of("10.0." + i / 256 + "." + i % 256 + "/32")))
            .toList();
    var version = PolicyVersion.of(Map.of("spec", Map.of("ingress", rules)));
    assertThat(Json.write(version.document()).length).isGreaterThan(300_000);
    assertThat(version.pack().length()).isLessThan(100_000);
  }

  @Test
  void whatIsNoPackedPolicyIsRefused() {
    for (var text : List.of("", "%", "AAAA", Base64.getEncoder().encodeToString(new byte[100]))) {
      assertThatThrownBy(() -> PolicyVersion.unpack(text))
          .isInstanceOf(IllegalArgumentException.class);
    }
    var packed = PolicyVersion.of(Map.of("spec", Map.of())).pack();
    assertThatThrownBy(() -> PolicyVersion.unpack(packed.substring(0, packed.length() / 8 * 4)))
        .isInstanceOf(IllegalArgumentException.class);
  }
}
