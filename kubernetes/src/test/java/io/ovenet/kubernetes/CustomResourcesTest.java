package io.ovenet.kubernetes;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

class CustomResourcesTest {
  @Test
  void namesFollowTheRules() {
    for (var definition : CustomResources.all()) {
      var spec = definition.object("spec");
      assertThat(definition.object("metadata").string("name"))
          .isEqualTo(spec.object("names").string("plural") + "." + spec.string("group"));
      assertThat(spec.objects("versions").stream().filter(version -> version.bool("storage")))
          .hasSize(1);
    }
  }

  @Test
  void schemasAreStructural() {
    for (var definition : CustomResources.all()) {
      var schema = schema(definition);
      assertThat(schema.string("type")).isEqualTo("object");
      structural(definition.object("metadata").string("name"), schema);
    }
  }

  /** Every value has a type, no reference is left, and what is required exists. */
  private static void structural(String path, JsonObject schema) {
    assertThat(schema.fields().keySet()).as(path).doesNotContain("$ref");
    assertThat(!schema.string("type").isEmpty() || schema.bool("x-kubernetes-int-or-string"))
        .as(path + " has a type")
        .isTrue();
    var properties = schema.object("properties");
    assertThat(new TreeSet<>(properties.fields().keySet()))
        .as(path)
        .containsAll(schema.strings("required"));
    for (var alternatives : List.of("oneOf", "anyOf")) {
      for (var alternative : schema.objects(alternatives)) {
        assertThat(properties.fields().keySet())
            .as(path + "." + alternatives)
            .containsAll(alternative.strings("required"));
      }
    }
    properties
        .fields()
        .forEach((name, member) -> structural(path + "." + name, JsonObject.of(member)));
    for (var inner : List.of("items", "additionalProperties")) {
      if (schema.fields().get(inner) instanceof Map<?, ?>) {
        structural(path + "." + inner, schema.object(inner));
      }
    }
    assertThat(schema.string("type").equals("array"))
        .as(path)
        .isEqualTo(schema.fields().containsKey("items"));
  }

  @Test
  void limitsAreThoseOfUpstream() {
    var rule = schema(CustomResources.all().getFirst()).object("properties").object("spec");
    var egress = items(rule.object("properties").object("egress"));
    var toPorts = items(egress.object("properties").object("toPorts"));
    assertThat(toPorts.object("properties").object("ports").integer("maxItems")).isEqualTo(40);
    var requires = egress.object("properties").object("toRequires");
    assertThat(requires.fields()).containsEntry("maxItems", 0L);
    assertThat(egress.object("properties").fields()).containsKeys("toFQDNs", "toServices", "icmps");
    var deny = items(rule.object("properties").object("egressDeny")).object("properties");
    assertThat(deny.fields()).doesNotContainKeys("toFQDNs", "authentication");
  }

  private static JsonObject items(JsonObject array) {
    return array.object("items");
  }

  private static JsonObject schema(JsonObject definition) {
    return definition
        .object("spec")
        .objects("versions")
        .getFirst()
        .object("schema")
        .object("openAPIV3Schema");
  }
}
