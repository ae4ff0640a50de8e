package io.ovenet.kubernetes.policy;

import static org.assertj.core.api.Assertions.assertThat;

import io.ovenet.policy.CidrGroup;
import io.ovenet.policy.Label;
import io.ovenet.policy.Labels;
import io.ovenet.policy.PolicyNotice;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class CidrGroupsTest {
  @Test
  void whatMeansNothingIsLeftOutAndTold() {
    List<PolicyNotice> errors = new ArrayList<>();
    CidrGroup group =
        CidrGroups.parse(
            Map.of(
                "metadata", Map.of("name", "offices", "labels", Map.of("", "red", "site", "a")),
                "spec", Map.of("externalCIDRs", List.of("10.0.0.0/8", "ten"))),
            errors::add);
    assertThat(group.labels()).isEqualTo(Labels.of(new Label(CidrGroup.SOURCE, "site", "a")));
    assertThat(group.cidrs()).hasSize(1);
    assertThat(errors)
        .extracting(PolicyNotice::path)
        .containsExactly("metadata.labels", "spec.externalCIDRs[1]");
  }
}
