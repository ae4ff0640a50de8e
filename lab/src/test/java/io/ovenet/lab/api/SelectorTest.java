package io.ovenet.lab.api;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** Label and field selectors, and the paths of printer columns. */
final class SelectorTest {
  private static boolean matches(String selector, Map<String, String> labels) {
    return LabelSelector.parse(selector).matches(labels);
  }

  @Test
  void labelsAreSelectedAsKubernetesDoesIt() {
    Map<String, String> labels = Map.of("app", "web", "tier", "front", "example.com/x", "");
    assertThat(matches("", labels)).isTrue();
    assertThat(matches("app=web,tier==front", labels)).isTrue();
    assertThat(matches("app!=web", labels)).isFalse();
    assertThat(matches("none!=web", labels)).as("an absent label differs").isTrue();
    assertThat(matches("app in (db, web),tier notin (back)", labels)).isTrue();
    assertThat(matches("none notin (a)", labels)).isTrue();
    assertThat(matches("none in (a,)", labels)).isFalse();
    assertThat(matches("example.com/x,!none", labels)).isTrue();
    assertThat(matches("example.com/x=", labels)).isTrue();
    assertThat(matches("!app", labels)).isFalse();
    for (String wrong : new String[] {"a in", "in (x)", "a is (b)", "=x", "a b", ",", "a=b,,c"}) {
      assertThatThrownBy(() -> LabelSelector.parse(wrong))
          .as(wrong)
          .isInstanceOf(ApiException.class);
    }
  }

  @Test
  void fieldsAreSelectedWhereTheResourceKnowsThem() throws IOException {
    String pod = "{metadata: {name: p}, spec: {nodeName: n1}, status: {phase: Running}}";
    Stored stored =
        Stored.of(
            new Key("pods", "default", "p"),
            1,
            1,
            (com.fasterxml.jackson.databind.node.ObjectNode) Json.YAML.readTree(pod));
    assertThat(FieldSelector.parse("pods", "spec.nodeName=n1,status.phase!=Failed").matches(stored))
        .isTrue();
    assertThat(FieldSelector.parse("pods", "metadata.namespace==other").matches(stored)).isFalse();
    assertThatThrownBy(() -> FieldSelector.parse("configmaps", "spec.nodeName=n1"))
        .hasMessage("field label not supported: spec.nodeName");
  }

  @Test
  void pathsLeadToWhatTheyName() throws IOException {
    var object =
        Json.YAML.readTree("{a: {b: [{t: x, v: 1}, {t: y, v: 2}], 'c.d': 3, 'e/f': 4}, l: [p, q]}");
    assertThat(JsonPath.parse(".a.b[?(@.t==\"y\")].v").find(object).toString()).isEqualTo("[2]");
    assertThat(JsonPath.parse("{.a.b[*].v}").find(object).toString()).isEqualTo("[1, 2]");
    assertThat(JsonPath.parse(".a.c\\.d").find(object).toString()).isEqualTo("[3]");
    assertThat(JsonPath.parse(".a['e/f']").find(object).toString()).isEqualTo("[4]");
    assertThat(JsonPath.parse(".l[-1]").find(object).toString()).isEqualTo("[\"q\"]");
    assertThat(JsonPath.parse(".l[7]").find(object)).isEmpty();
    for (String wrong : new String[] {"..a", ".a[", ".a[x]", ".a[?(x)]"}) {
      assertThatThrownBy(() -> JsonPath.parse(wrong))
          .as(wrong)
          .isInstanceOf(IllegalArgumentException.class);
    }
  }
}
