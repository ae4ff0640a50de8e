package io.ovenet.lab.api;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.fabric8.kubernetes.api.model.Pod;
import java.io.IOException;
import org.junit.jupiter.api.Test;

/** The three kinds of patch. */
final class PatchTest {
  private static JsonNode yaml(String text) {
    try {
      return Json.YAML.readTree(text);
    } catch (IOException e) {
      throw new IllegalArgumentException(e);
    }
  }

  private static JsonNode strategic(String target, String patch) {
    Schema pod = new BuiltInSchemas().of(Pod.class, "", "v1", "Pod").schema();
    return StrategicMerge.apply((ObjectNode) yaml(target), (ObjectNode) yaml(patch), pod);
  }

  @Test
  void strategicMergeMatchesEntriesByTheirKey() {
    assertThat(
            strategic(
                "{spec: {containers: [{name: a, image: x, env: [{name: k, value: v}]}, {name: b}]}}",
                "{spec: {containers: [{name: a, env: [{name: l, value: w}]}, {name: c}]}}"))
        .isEqualTo(
            yaml(
                "{spec: {containers: [{name: a, image: x, env: [{name: k, value: v}, {name: l,"
                    + " value: w}]}, {name: b}, {name: c}]}}"));
  }

  @Test
  void strategicMergeFollowsDirectives() {
    String target = "{spec: {containers: [{name: a}, {name: b}], nodeSelector: {x: y}}}";
    assertThat(strategic(target, "{spec: {containers: [{name: a, $patch: delete}]}}"))
        .isEqualTo(yaml("{spec: {containers: [{name: b}], nodeSelector: {x: y}}}"));
    assertThat(strategic(target, "{spec: {containers: [{$patch: replace}, {name: z}]}}"))
        .isEqualTo(yaml("{spec: {containers: [{name: z}], nodeSelector: {x: y}}}"));
    assertThat(strategic(target, "{spec: {$setElementOrder/containers: [{name: b}, {name: a}]}}"))
        .isEqualTo(yaml("{spec: {containers: [{name: b}, {name: a}], nodeSelector: {x: y}}}"));
    assertThat(strategic(target, "{spec: {nodeSelector: {$patch: replace, z: w}}}"))
        .isEqualTo(yaml("{spec: {containers: [{name: a}, {name: b}], nodeSelector: {z: w}}}"));
    assertThat(strategic(target, "{spec: {nodeSelector: null}}"))
        .isEqualTo(yaml("{spec: {containers: [{name: a}, {name: b}]}}"));
    assertThat(
            strategic(
                "{metadata: {finalizers: [a, b]}}",
                "{metadata: {finalizers: [c], $deleteFromPrimitiveList/finalizers: [a]}}"))
        .isEqualTo(yaml("{metadata: {finalizers: [b, c]}}"));
    assertThatThrownBy(() -> strategic(target, "{spec: {containers: [{image: x}]}}"))
        .isInstanceOf(ApiException.class)
        .hasMessageContaining("does not contain declared merge key: name");
    assertThatThrownBy(() -> strategic(target, "{spec: {$patch: explode}}"))
        .isInstanceOf(ApiException.class);
  }

  @Test
  void listsWithoutAKeyAreReplaced() {
    assertThat(strategic("{spec: {tolerations: [{key: a}]}}", "{spec: {tolerations: [{key: b}]}}"))
        .isEqualTo(yaml("{spec: {tolerations: [{key: b}]}}"));
  }

  @Test
  void mergePatchAsRfc7386HasIt() {
    assertThat(JsonPatch.merge(yaml("{a: b, c: {d: e, f: g}}"), yaml("{a: z, c: {f: null}}")))
        .isEqualTo(yaml("{a: z, c: {d: e}}"));
    assertThat(JsonPatch.merge(yaml("{a: [{b: c}]}"), yaml("{a: [1]}")))
        .isEqualTo(yaml("{a: [1]}"));
    assertThat(JsonPatch.merge(yaml("{}"), yaml("{a: {bb: {ccc: null}}}")))
        .isEqualTo(yaml("{a: {bb: {}}}"));
  }

  @Test
  void jsonPatchAsRfc6902HasIt() {
    assertThat(
            JsonPatch.apply(
                yaml("{foo: [bar, baz]}"),
                yaml("[{op: add, path: /foo/1, value: qux}, {op: add, path: /foo/-, value: end}]")))
        .isEqualTo(yaml("{foo: [bar, qux, baz, end]}"));
    assertThat(
            JsonPatch.apply(
                yaml("{foo: {bar: baz}, qux: {}}"),
                yaml("[{op: move, from: /foo/bar, path: /qux/thud}]")))
        .isEqualTo(yaml("{foo: {}, qux: {thud: baz}}"));
    assertThat(
            JsonPatch.apply(
                yaml("{'a/b': 1, 'm~n': 2}"),
                yaml("[{op: copy, from: /a~1b, path: /c}, {op: replace, path: /m~0n, value: 3}]")))
        .isEqualTo(yaml("{'a/b': 1, 'm~n': 3, c: 1}"));
    for (String patch :
        new String[] {
          "[{op: remove, path: /none}]",
          "[{op: replace, path: /none, value: 1}]",
          "[{op: add, path: /a/b/c, value: 1}]",
          "[{op: test, path: /foo, value: [1]}]",
          "[{op: add, path: /foo/7, value: 1}]",
          "[{op: add, path: /foo/x, value: 1}]",
          "[{op: odd, path: /foo}]",
          "[{op: add, path: foo, value: 1}]",
          "[{op: add, path: /foo}]",
          "[7]",
          "{}",
        }) {
      assertThatThrownBy(() -> JsonPatch.apply(yaml("{foo: [a]}"), yaml(patch)))
          .as(patch)
          .isInstanceOf(ApiException.class);
    }
  }
}
