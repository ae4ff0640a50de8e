package io.ovenet.policy.lint;

import io.ovenet.policy.CidrSelector;
import io.ovenet.policy.EndpointSelector;
import io.ovenet.policy.Label;
import io.ovenet.policy.LabelFilter;
import io.ovenet.policy.LabelRequirement;
import io.ovenet.policy.LabelRequirement.Operator;
import io.ovenet.policy.Labels;
import io.ovenet.policy.PeerSelector;
import io.ovenet.policy.Peers;
import io.ovenet.policy.PolicyNotice;
import io.ovenet.policy.PolicyObject;
import io.ovenet.policy.ReservedIdentity;
import io.ovenet.policy.Rule;
import io.ovenet.policy.RuleEffect;
import io.ovenet.policy.RuleEntry;
import io.ovenet.policy.RuleOrigin;
import io.ovenet.policy.TrafficDirection;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/** Looks for what is probably not meant. */
public final class Lint {
  private static final String REMEDY_DEAD = "correct the selector, or remove the rule";

  private final Population population;
  private final LabelFilter filter;
  private final TreeSet<Finding> findings = new TreeSet<>();
  private final List<Scope> scopes = new ArrayList<>();

  private Lint(Collection<Labels> pods, LabelFilter filter) {
    this.population = new Population(pods);
    this.filter = filter;
  }

  /**
   * All findings, sorted by place.
   *
   * @param pods labels of all pods; where none are known, nothing is said of who is selected
   * @param filter which labels are part of identities
   */
  public static List<Finding> of(
      Collection<PolicyObject> policies, Collection<Labels> pods, LabelFilter filter) {
    Lint lint = new Lint(pods, filter);
    for (PolicyObject policy : policies) {
      for (PolicyNotice notice : policy.notices()) {
        lint.add(
            Check.NOT_IN_FORCE,
            new RuleOrigin(
                policy.key().kind(), policy.key().namespace(), policy.key().name(), notice.path()),
            notice.message(),
            notice.remedy());
      }
      policy.rules().forEach(lint::look);
    }
    lint.compare();
    return List.copyOf(lint.findings);
  }

  private void add(Check check, RuleOrigin place, String message, String remedy) {
    findings.add(new Finding(check, place, message, remedy));
  }

  private void look(Rule rule) {
    look(rule.subject(), rule.origin(), "subjects", "endpointSelector");
    for (RuleEntry entry : rule.entries()) {
      if (entry.peers() instanceof Peers.Selected selected) {
        for (PeerSelector selector : selected.selectors()) {
          if (selector instanceof EndpointSelector endpoints && !Scope.mayBeNoPod(endpoints)) {
            look(endpoints, entry.origin(), "peers", "selector");
          }
        }
      }
      lookForWorld(entry);
      scopes.add(new Scope(rule, entry, population));
    }
  }

  private void look(EndpointSelector selector, RuleOrigin place, String who, String what) {
    boolean told = false;
    for (LabelRequirement requirement : selector.requirements()) {
      String key = requirement.key();
      boolean kubernetes =
          requirement.source().equals(Label.K8S)
              || requirement.source().equals(LabelRequirement.ANY_SOURCE);
      boolean asks =
          requirement.operator() == Operator.IN || requirement.operator() == Operator.EXISTS;
      if (kubernetes && !filter.accepts(key) && !population.hasKey(key)) {
        add(
            Check.FILTERED_LABEL,
            place,
            "the "
                + what
                + " asks for the label "
                + key
                + ", which is never part of an identity"
                + (asks ? ": it selects nobody" : ": the condition always holds"),
            "select by a label that says what the pod is for, as app");
        told = true;
      } else if (!population.isEmpty() && asks && kubernetes) {
        told |= lookForMisspelling(requirement, place, what);
      }
    }
    if (!told && !population.isEmpty() && population.selectedBy(selector).isEmpty()) {
      add(Check.DEAD, place, "the " + what + " " + selector + " selects no " + who, REMEDY_DEAD);
    }
  }

  private boolean lookForMisspelling(LabelRequirement requirement, RuleOrigin place, String what) {
    String key = requirement.key();
    if (!population.hasKey(key)) {
      List<String> near = population.near(key);
      if (!near.isEmpty()) {
        add(
            Check.MISSPELT,
            place,
            "the "
                + what
                + " asks for the label "
                + key
                + ", which no pod has; there is "
                + String.join(", ", near),
            "write " + near.getFirst() + ", if that is meant");
      }
      return !near.isEmpty();
    }
    boolean told = false;
    for (String value : requirement.values()) {
      if (!population.hasValue(key, value)) {
        List<String> near = population.nearValues(key, value);
        if (!near.isEmpty()) {
          add(
              Check.MISSPELT,
              place,
              "the "
                  + what
                  + " asks for "
                  + key
                  + "="
                  + value
                  + ", which no pod has; there is "
                  + String.join(", ", near),
              "write " + near.getFirst() + ", if that is meant");
          told = true;
        }
      }
    }
    return told;
  }

  private void lookForWorld(RuleEntry entry) {
    if (entry.effect() == RuleEffect.DENY || !isAboutWorld(entry.peers())) {
      return;
    }
    boolean ingress = entry.direction() == TrafficDirection.INGRESS;
    add(
        Check.WORLD,
        entry.origin(),
        ingress
            ? "the rule lets the whole world in"
            : "the rule opens the way out to the whole world",
        "name peers by labels, entities or CIDRs, unless everybody is meant");
  }

  private static boolean isAboutWorld(Peers peers) {
    if (!(peers instanceof Peers.Selected selected)) {
      return true;
    }
    for (PeerSelector selector : selected.selectors()) {
      boolean world =
          switch (selector) {
            case CidrSelector cidr -> cidr.cidr().length() == 0 && cidr.except().isEmpty();
            case EndpointSelector endpoints ->
                endpoints.matches(ReservedIdentity.WORLD.labels())
                    || endpoints.matches(ReservedIdentity.WORLD_IPV4.labels());
          };
      if (world) {
        return true;
      }
    }
    return false;
  }

  /** Entries against entries: who is shadowed, who is overruled. */
  private void compare() {
    if (population.isEmpty()) {
      return;
    }
    Map<Integer, List<Scope>> bySubject = new HashMap<>();
    Set<Integer> asked = new LinkedHashSet<>();
    for (Scope scope : scopes) {
      if (!scope.subjects.isEmpty()) {
        asked.add(scope.subjects.nextSetBit(0));
      }
    }
    for (Scope scope : scopes) {
      BitSet subjects = scope.subjects;
      for (int i = subjects.nextSetBit(0); i >= 0; i = subjects.nextSetBit(i + 1)) {
        if (asked.contains(i)) {
          bySubject.computeIfAbsent(i, _ -> new ArrayList<>()).add(scope);
        }
      }
    }
    for (Scope scope : scopes) {
      if (scope.subjects.isEmpty()
          || scope.hasNoPeers()
          || (scope.entry.ports().isEmpty() && scope.entry.names().isEmpty())) {
        continue;
      }
      compare(scope, bySubject.getOrDefault(scope.subjects.nextSetBit(0), List.of()));
    }
  }

  private void compare(Scope scope, List<Scope> others) {
    RuleEffect effect = scope.entry.effect();
    if (effect == RuleEffect.ALLOW) {
      for (Scope other : others) {
        if (other.entry.effect() == RuleEffect.DENY && covers(other, scope)) {
          add(
              Check.OVERRULED,
              scope.entry.origin(),
              "all of it is denied by " + other.entry.origin(),
              "remove the rule, or narrow the one that denies");
          return;
        }
      }
    }
    for (Scope other : others) {
      // Of two that cover one another the later is the one too many.
      if ((effect == RuleEffect.ALLOW || effect == RuleEffect.DENY)
          && other.entry.effect() == effect
          && covers(other, scope)
          && (!covers(scope, other) || other.entry.origin().compareTo(scope.entry.origin()) < 0)) {
        add(
            Check.SHADOWED,
            scope.entry.origin(),
            "all of it is said by " + other.entry.origin(),
            "remove one of the two");
        return;
      }
    }
  }

  private static boolean covers(Scope one, Scope other) {
    return one != other
        && one.entry.direction() == other.entry.direction()
        && one.rule.audit() == other.rule.audit()
        && one.covers(other);
  }
}
