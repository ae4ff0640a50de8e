package io.ovenet.agent;

import static org.assertj.core.api.Assertions.assertThat;

import io.ovenet.kubernetes.policy.ParsedPolicy;
import io.ovenet.kubernetes.policy.PolicyParser;
import io.ovenet.policy.PolicyKind;
import java.io.IOException;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import org.junit.jupiter.api.Test;

/** The cases that {@link PolicyCasesKernelIT} sends packets for leave no construct out. */
class PolicyCaseTest {
  private static List<PolicyCase> cases() throws IOException {
    var cases = new ArrayList<>(PolicyCase.of(PolicyCase.FILES));
    cases.addAll(PolicyCase.of(PolicyCase.NODES));
    return cases;
  }

  @Test
  void everyConstructIsInACaseThatPassesAndDrops() throws IOException {
    var met = EnumSet.noneOf(PolicyConstruct.class);
    for (var each : cases()) {
      for (var construct : PolicyConstruct.values()) {
        if (!each.dropped().isEmpty()
            && !each.passes().isEmpty()
            && each.objects().stream().anyMatch(construct::isIn)) {
          met.add(construct);
        }
      }
    }
    assertThat(met).containsExactlyInAnyOrder(PolicyConstruct.values());
  }

  @Test
  void everyPolicyOfACaseIsValid() throws IOException {
    for (var each : cases()) {
      for (var object : each.objects()) {
        for (var kind : PolicyKind.values()) {
          if (kind.toString().equals(object.get("kind"))) {
            assertThat(new PolicyParser("default").parse(kind, object))
                .as(each.name())
                .isInstanceOf(ParsedPolicy.Valid.class);
          }
        }
      }
      each.passes().forEach(ProbeNet.Probe::parse);
      each.dropped().forEach(ProbeNet.Probe::parse);
    }
  }
}
