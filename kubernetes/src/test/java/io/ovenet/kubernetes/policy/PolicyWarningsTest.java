package io.ovenet.kubernetes.policy;

import static org.assertj.core.api.Assertions.assertThat;

import io.ovenet.kubernetes.CustomResources;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.snakeyaml.engine.v2.api.Load;
import org.snakeyaml.engine.v2.api.LoadSettings;

/**
 * The shipped ValidatingAdmissionPolicies warn of the same fields as the lab's API: of those that
 * {@code constraints.yaml} says to be not in force.
 */
class PolicyWarningsTest {
  private static final Pattern FIELD = Pattern.compile("\\b[srpq]\\.([a-zA-Z]+)\\b(?!\\()");
  private static final Set<String> IN_PORTS =
      Set.of("serverNames", "terminatingTLS", "originatingTLS", "listener");

  static Stream<Field> policies() throws IOException {
    String manifest = Files.readString(Path.of("../deploy/policy-warnings.yaml"));
    return Stream.of(new Load(LoadSettings.builder().build()).loadAllFromString(manifest))
        .flatMap(
            documents -> {
              Stream.Builder<Field> fields = Stream.builder();
              documents.forEach(document -> fields.add(new Field("", document)));
              return fields.build();
            })
        .filter(document -> document.get("kind").string().equals("ValidatingAdmissionPolicy"));
  }

  @ParameterizedTest
  @MethodSource("policies")
  void eachWarnsOfTheFieldsThatAreNotInForce(Field policy) {
    Set<String> told = new TreeSet<>();
    for (Field validation : policy.get("spec").get("validations").items()) {
      String message = validation.get("message").string();
      assertThat(message).containsPattern("(is|are) not in force");
      String field = message.substring(0, message.indexOf(' '));
      assertThat(told.add(field)).as(field).isTrue();
      // The expression is about that field, and about none that there is not.
      Set<String> named = new TreeSet<>();
      FIELD
          .matcher(validation.get("expression").string())
          .results()
          .forEach(match -> named.add(match.group(1)));
      assertThat(named).contains(field.substring(field.lastIndexOf('.') + 1));
      String schema = CustomResources.all().toString();
      assertThat(named).allMatch(name -> schema.contains(name + "="));
    }
    Set<String> wanted = new TreeSet<>();
    for (String field : NotInForceTest.fields()) {
      wanted.add(
          field.startsWith("rules.")
              ? "toPorts[].rules"
              : field.equals("protocol")
                  ? "toPorts[].ports[].protocol"
                  : IN_PORTS.contains(field) ? "toPorts[]." + field : field);
    }
    if (policy.get("metadata").get("name").string().startsWith("ciliumnetworkpolicies")) {
      wanted.remove("nodeSelector"); // refused there
    }
    assertThat(told).isEqualTo(wanted);
  }

  @ParameterizedTest
  @MethodSource("policies")
  void eachOnlyWarns(Field policy) throws IOException {
    assertThat(policy.get("spec").get("failurePolicy").string()).isEqualTo("Ignore");
    assertThat(Files.readString(Path.of("../deploy/policy-warnings.yaml")))
        .contains("validationActions: [Warn]")
        .doesNotContain("Deny]");
  }
}
