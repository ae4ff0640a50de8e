package io.ovenet.agent;

import io.ovenet.policy.Labels;
import io.ovenet.policy.PolicyEngine;
import io.ovenet.policy.ReservedIdentity;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What the numbers of identities mean, by the cluster and by the endpoints here that have them,
 * told to the engine as far as they agree. A number that means one thing to the cluster and another
 * to an endpoint is nobody's until the endpoint has another: either meaning would give one of them
 * what is the other's. Used by the steering thread alone.
 */
final class IdentityMeanings {
  private final PolicyEngine engine;
  private final Map<Integer, Labels> cluster = new HashMap<>();

  /** Of each number how many endpoints here have it, by their labels. */
  private final Map<Integer, Map<Labels, Integer>> local = new HashMap<>();

  private final Map<Integer, Labels> inForce = new HashMap<>();

  /** Those used here or in the cluster that nobody stands behind, in force. */
  private final Set<Integer> disputed = new HashSet<>();

  private Set<Integer> touched = new HashSet<>();

  IdentityMeanings(PolicyEngine engine) {
    this.engine = engine;
  }

  /** The cluster has an identity with these labels. */
  void put(int number, Labels labels) {
    cluster.put(number, labels);
    tell(number);
  }

  /** The cluster has it no more; while an endpoint here does, it is kept. */
  void remove(int number) {
    cluster.remove(number);
    tell(number);
  }

  /** One more endpoint here has it. */
  void use(int number, Labels labels) {
    local.computeIfAbsent(number, _ -> new HashMap<>(2)).merge(labels, 1, Integer::sum);
    tell(number);
  }

  /** One less does. */
  void disuse(int number, Labels labels) {
    local.computeIfPresent(
        number,
        (_, users) -> {
          users.computeIfPresent(labels, (_, n) -> n == 1 ? null : n - 1);
          return users.isEmpty() ? null : users;
        });
    tell(number);
  }

  private void tell(int number) {
    touched.add(number);
    var labels = agreed(number);
    if (labels != null) {
      engine.upsertIdentity(number, labels);
    } else if (ReservedIdentity.of(number) == null) {
      engine.removeIdentity(number);
    }
  }

  /** What cluster and endpoints agree upon; null if nobody says anything or they don't. */
  private @Nullable Labels agreed(int number) {
    var users = local.getOrDefault(number, Map.of());
    var labels = cluster.get(number);
    if (labels == null && users.size() == 1) {
      return users.keySet().iterator().next();
    }
    return labels != null && (users.isEmpty() || users.keySet().equals(Set.of(labels)))
        ? labels
        : null;
  }

  /**
   * Numbers that come to mean something else than they do in force, or were or are disputed:
   * whoever has one now is not who it means, so that it has to stand for nobody until they have
   * another.
   */
  Set<Integer> contested() {
    var contested = new HashSet<Integer>();
    for (int number : touched) {
      var before = inForce.get(number);
      boolean otherwise = before != null && isUsed(number) && !before.equals(agreed(number));
      if (otherwise || disputed.contains(number)) {
        contested.add(number);
      }
    }
    return contested;
  }

  private boolean isUsed(int number) {
    return cluster.containsKey(number) || local.containsKey(number);
  }

  /** What was told is in force. */
  void realized() {
    for (int number : touched) {
      var labels = agreed(number);
      disputed.remove(number);
      if (labels != null) {
        inForce.put(number, labels);
        continue;
      }
      inForce.remove(number);
      if (isUsed(number)) {
        disputed.add(number);
      }
    }
    // One that held all identities at the start would be walked in its whole length ever after.
    touched = new HashSet<>();
  }
}
