package io.ovenet.kubernetes.policy;

import static org.assertj.core.api.Assertions.assertThat;

import io.ovenet.policy.PolicyKind;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * What a policy has to keep to, constraint by constraint of {@code constraints.yaml}: documents
 * that do are valid, of the others the field is named, and nothing crashes.
 */
class InvalidDocumentsTest {
  /** A document of the file, and where it fails; "" if it is good. */
  record Example(String constraint, String at, YamlCases.Document document) {
    @Override
    public String toString() {
      return constraint
          + (at.isEmpty() ? ": " : ", but for " + at + ": ")
          + document.whole().get("spec");
    }
  }

  static Stream<Example> examples() {
    return YamlCases.of("constraints.yaml").stream()
        .flatMap(
            constraint -> {
              String name = constraint.get("constraint").string();
              Stream<Example> good =
                  constraint.get("good").items().stream()
                      .map(item -> new Example(name, "", YamlCases.document(item, "p")));
              Stream<Example> bad =
                  constraint.get("bad").items().stream()
                      .map(item -> new Example(name, path(item), YamlCases.document(item, "p")));
              return Stream.concat(good, bad);
            });
  }

  private static String path(Field item) {
    String list = YamlCases.list(item);
    String at = item.get("at").string();
    return list == null ? at : "spec." + list + "[0]." + at;
  }

  @Test
  void everyConstraintHasBothKinds() {
    for (Field constraint : YamlCases.of("constraints.yaml")) {
      assertThat(constraint.get("good").items()).as("%s", constraint).isNotEmpty();
      assertThat(constraint.get("bad").items()).as("%s", constraint).isNotEmpty();
    }
  }

  @ParameterizedTest
  @MethodSource("examples")
  void isValidOrNamesTheField(Example example) {
    ParsedPolicy parsed =
        new PolicyParser(World.CLUSTER).parse(example.document.kind(), example.document.whole());
    if (example.at.isEmpty()) {
      assertThat(parsed).isInstanceOf(ParsedPolicy.Valid.class);
      return;
    }
    assertThat(parsed).isInstanceOf(ParsedPolicy.Invalid.class);
    ParsedPolicy.Invalid invalid = (ParsedPolicy.Invalid) parsed;
    assertThat(invalid.error().path()).isEqualTo(example.at);
    assertThat(invalid.error().message()).isNotBlank();
    assertThat(invalid.error().remedy()).isNotBlank();
  }

  private static ParsedPolicy parse(String document) {
    return new PolicyParser(World.CLUSTER)
        .parse(PolicyKind.CILIUM_NETWORK_POLICY, Json.object(document));
  }

  private static ParsedPolicy.Invalid invalid(String document) {
    ParsedPolicy parsed = parse(document);
    assertThat(parsed).isInstanceOf(ParsedPolicy.Invalid.class);
    return (ParsedPolicy.Invalid) parsed;
  }

  /** What Java's expressions would need a deep stack for. */
  @Test
  void longAndDeepExpressionsAreRefusedOrTakenAndNeverThrow() {
    int many = 100_000;
    for (String pattern :
        List.of(
            "(".repeat(many) + ")".repeat(many),
            "[a]".repeat(many),
            "[" + "a".repeat(many) + "]",
            "(a|b)*".repeat(many),
            "\\\\.".repeat(many))) {
      String http =
          "ports: [{port: '80', protocol: TCP}], rules: {http: [{path: '" + pattern + "'}]}";
      ParsedPolicy parsed =
          parse(
              "{metadata: {name: p}, spec: {endpointSelector: {}, ingress: [{toPorts: [{"
                  + http
                  + "}]}]}}");
      if (parsed instanceof ParsedPolicy.Invalid invalid) {
        assertThat(invalid.error().path())
            .isEqualTo("spec.ingress[0].toPorts[0].rules.http[0].path");
      }
    }
    String names =
        "ports: [{port: '443', protocol: TCP}], serverNames: ['" + "a.".repeat(many) + "a']";
    assertThat(
            invalid(
                    "{metadata: {name: p}, spec: {endpointSelector: {}, egress: [{toPorts: [{"
                        + names
                        + "}]}]}}")
                .error()
                .path())
        .isEqualTo("spec.egress[0].toPorts[0].serverNames[0]");
    String key = "fromEndpoints: [{matchLabels: {'" + "a.".repeat(many) + "a/b': c}}]";
    assertThat(
            invalid("{metadata: {name: p}, spec: {endpointSelector: {}, ingress: [{" + key + "}]}}")
                .error()
                .path())
        .startsWith("spec.ingress[0].fromEndpoints[0].matchLabels.");
  }

  @Test
  void oneOfSpecAndSpecs() {
    assertThat(invalid("{metadata: {name: p}}").error().path()).isEqualTo("spec");
    assertThat(invalid("{metadata: {name: p}, specs: []}").error().path()).isEqualTo("spec");
    assertThat(
            invalid("{metadata: {name: p}, specs: [{endpointSelector: {}, ingress: [{}]}, {}]}")
                .error()
                .path())
        .isEqualTo("specs[1]");
  }

  @Test
  void isolatesTheSubjectThatCouldBeRead() {
    ParsedPolicy.Invalid invalid =
        invalid(
            "{metadata: {name: p, namespace: shop}, spec: {endpointSelector: {matchLabels:"
                + " {app: web}}, ingress: [{fromEntities: [moon]}]}}");
    assertThat(invalid.isolation().rules()).hasSize(1);
    assertThat(invalid.isolation().rules().getFirst().ingressDefaultDeny()).isTrue();
    assertThat(invalid.isolation().rules().getFirst().egressDefaultDeny()).isFalse();
    assertThat(invalid.isolation().rules().getFirst().entries()).isEmpty();
    assertThat(
            invalid("{metadata: {name: p}, spec: {endpointSelector: 5, ingress: [{}]}}")
                .isolation()
                .rules())
        .isEmpty();
  }
}
