package io.ovenet.kubernetes.question;

import io.ovenet.kubernetes.world.ClusterState;
import io.ovenet.kubernetes.world.PolicyDocument;
import io.ovenet.policy.RuleOrigin;
import io.ovenet.policy.TrafficDirection;
import io.ovenet.policy.Verdict;
import io.ovenet.policy.question.Answer;
import io.ovenet.policy.question.NearMiss;
import io.ovenet.policy.question.Reason;
import io.ovenet.policy.question.Why;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** One side of a connection in words. */
public final class SideText {
  private SideText() {}

  /** What it comes to. */
  public static String verdict(Why.Side side) {
    Answer answer = side.answer();
    if (answer == null) {
      return "allowed, it is no endpoint that policies are about";
    }
    String audit =
        answer.decision().verdict() == Verdict.AUDIT ? "passes in audit mode; would be " : "";
    return audit
        + switch (answer.reason()) {
          case RULE ->
              answer.decision().verdict() == Verdict.ALLOW
                  ? "allowed by a rule"
                  : "denied by a deny rule, which beats every allow";
          case LOCAL_HOST -> "allowed, the local host comes in unless a rule denies it";
          case NOT_ENFORCED -> "allowed, no policy isolates it in this direction";
          case DEFAULT_DENY -> "denied by default, no rule allows it";
          case WITHHELD ->
              "denied, a rule asks for "
                  + (answer.redirect() ? "layer 7" : "authentication")
                  + ", which is not in force yet";
        };
  }

  /** Lines that say by which rules, and which come near. */
  public static List<String> details(ClusterState state, Why.Side side) {
    List<String> lines = new ArrayList<>();
    Answer answer = side.answer();
    if (answer == null) {
      return lines;
    }
    String by = answer.reason() == Reason.DEFAULT_DENY ? "isolated by " : "by ";
    for (RuleOrigin origin : answer.decision().origins().asList()) {
      lines.add(by + state.place(origin));
    }
    for (NearMiss miss : side.nearMisses()) {
      lines.add(
          "near: "
              + state.place(miss.rule())
              + " would match if "
              + String.join(", and ", miss.conditions()));
    }
    if (!side.passes() && answer.reason() == Reason.RULE) {
      lines.add("no addition lets it pass: narrow or remove that rule");
    }
    if (!side.passes() && answer.reason() == Reason.WITHHELD) {
      lines.add("no addition is proposed: it would go around what that rule asks for");
    }
    return lines;
  }

  /** A rule for programs; with file and line where it was read from one. */
  public static Map<String, Object> json(ClusterState state, RuleOrigin origin) {
    Map<String, Object> rule = new LinkedHashMap<>();
    rule.put("kind", origin.kind().toString());
    rule.put("namespace", origin.namespace());
    rule.put("name", origin.name());
    rule.put("path", origin.fieldPath());
    PolicyDocument policy = state.policies().get(origin.policy());
    if (policy != null && policy.source() != null) {
      rule.put("file", policy.source().file());
      rule.put("line", policy.source().line(origin.fieldPath()));
    }
    return rule;
  }

  /** One side for programs, as {@code ovenet policy why -o json} prints it. */
  public static Map<String, Object> json(ClusterState state, Why.Side side) {
    Map<String, Object> object = new LinkedHashMap<>();
    object.put("direction", side.direction() == TrafficDirection.EGRESS ? "egress" : "ingress");
    object.put("subject", side.subject().name());
    object.put("allowed", side.passes());
    object.put("reason", side.answer() == null ? "no-endpoint" : side.answer().reason().toString());
    List<Object> rules = new ArrayList<>();
    if (side.answer() != null) {
      for (RuleOrigin origin : side.answer().decision().origins().asList()) {
        rules.add(json(state, origin));
      }
    }
    object.put("rules", rules);
    List<Object> misses = new ArrayList<>();
    side.nearMisses()
        .forEach(
            miss ->
                misses.add(
                    Map.of("rule", json(state, miss.rule()), "wouldMatchIf", miss.conditions())));
    object.put("nearMisses", misses);
    if (side.proposal() != null) {
      object.put("proposal", side.proposal().document());
      object.put("opens", side.proposal().opens());
    }
    return object;
  }
}
