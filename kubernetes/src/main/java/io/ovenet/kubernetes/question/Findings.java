package io.ovenet.kubernetes.question;

import io.ovenet.kubernetes.policy.ParsedPolicy;
import io.ovenet.kubernetes.world.ClusterState;
import io.ovenet.kubernetes.world.PolicyDocument;
import io.ovenet.policy.LabelFilter;
import io.ovenet.policy.Labels;
import io.ovenet.policy.RuleOrigin;
import io.ovenet.policy.lint.Check;
import io.ovenet.policy.lint.DnsReach;
import io.ovenet.policy.lint.Finding;
import io.ovenet.policy.lint.Lint;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;

/** What is probably not meant in a cluster's policies, invalid ones included. */
public final class Findings {
  private Findings() {}

  /** Sorted by place. */
  public static Set<Finding> of(ClusterState state) {
    TreeSet<Finding> findings = new TreeSet<>();
    for (PolicyDocument policy : state.policies().values()) {
      if (policy.parsed() instanceof ParsedPolicy.Invalid(var key, var error, var isolation)) {
        findings.add(
            new Finding(
                Check.INVALID,
                new RuleOrigin(key.kind(), key.namespace(), key.name(), error.path()),
                error.message()
                    + (isolation.rules().isEmpty() ? "" : "; whom it selects is isolated by it"),
                error.remedy()));
      }
    }
    List<Labels> labels = new ArrayList<>();
    state.workloads().forEach(workload -> labels.add(workload.party().labels()));
    findings.addAll(Lint.of(state.objects(), labels, LabelFilter.upstreamDefault()));
    findings.addAll(DnsReach.of(state.judge(state.pods()), state.pods()));
    return findings;
  }
}
