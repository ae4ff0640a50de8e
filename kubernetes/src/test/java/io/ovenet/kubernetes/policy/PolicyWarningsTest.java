package io.ovenet.kubernetes.policy;

import static org.assertj.core.api.Assertions.assertThat;

import io.ovenet.kubernetes.CustomResources;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** The shipped ValidatingAdmissionPolicy speaks of fields that there are, and of all it should. */
class PolicyWarningsTest {
  private static final Pattern FIELD = Pattern.compile("\\b[srp]\\.([a-zA-Z]+)\\b(?!\\()");

  @Test
  void namesEveryFieldThatIsNotInForceAndNoneThatThereIsNot() throws IOException {
    String manifest = Files.readString(Path.of("../deploy/policy-warnings.yaml"));
    Set<String> named = new TreeSet<>();
    FIELD.matcher(manifest).results().forEach(match -> named.add(match.group(1)));
    assertThat(named)
        .contains(
            "fromNodes",
            "toNodes",
            "fromGroups",
            "toGroups",
            "toServices",
            "toFQDNs",
            "authentication",
            "rules",
            "serverNames",
            "terminatingTLS",
            "originatingTLS",
            "listener",
            "nodeSelector");
    String schema = CustomResources.all().toString();
    for (String field : named) {
      assertThat(schema).contains(field + "=");
    }
    assertThat(manifest).contains("validationActions: [Warn]").doesNotContain("Deny]");
  }
}
