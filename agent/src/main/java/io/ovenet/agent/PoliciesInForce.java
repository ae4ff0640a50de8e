package io.ovenet.agent;

import io.ovenet.policy.PolicyKey;
import io.ovenet.policy.PolicyObject;
import java.time.Instant;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Which version of each policy the kernel is at, and which it is to be at. Written by the steering
 * thread alone, read by any.
 */
final class PoliciesInForce {
  /** What stands in a policy's place. */
  enum Standing {
    CURRENT,
    LAST_VALID,
    ISOLATED,
    NO_EFFECT
  }

  /**
   * One version of a policy.
   *
   * @param generation {@code metadata.generation} of what {@code object} was made of, 0 where it
   *     was made of no valid version
   * @param resourceVersion at which that was taken in; empty where it comes from elsewhere than the
   *     policy itself
   * @param newest generation of the policy as it is now
   * @param error why that one is not valid; empty: it is
   * @param invalidSince null: it is valid
   */
  record Version(
      PolicyObject object,
      String uid,
      Standing standing,
      long generation,
      String resourceVersion,
      long newest,
      String error,
      @Nullable Instant invalidSince) {}

  /**
   * A policy here.
   *
   * @param inForce null: nothing of it yet
   * @param wanted null: it is deleted, and the kernel could not follow yet
   */
  record Policy(PolicyKey key, @Nullable Version inForce, @Nullable Version wanted) {
    /** Whether the kernel is not at what is wanted. */
    boolean isBehind() {
      return !Objects.equals(inForce, wanted);
    }

    /** Whether its newest version is not valid. */
    boolean isInvalid() {
      return wanted != null && !wanted.error().isEmpty();
    }
  }

  private final Map<PolicyKey, Version> inForce = new TreeMap<>();

  /** What changed since the kernel was brought to what is wanted; null values: deleted. */
  private final Map<PolicyKey, @Nullable Version> pending = new TreeMap<>();

  private String failure = "";

  synchronized void want(Version version) {
    pending.put(version.object().key(), version);
  }

  synchronized void wantNone(PolicyKey key) {
    pending.put(key, null);
  }

  /** The kernel is at all that was wanted. */
  synchronized void realized() {
    failure = "";
    if (pending.isEmpty()) {
      return;
    }
    pending.forEach(
        (key, version) -> {
          if (version == null) {
            inForce.remove(key);
          } else {
            inForce.put(key, version);
          }
        });
    pending.clear();
  }

  /** The kernel could not be brought to what is wanted: it is where it was. */
  synchronized void failed(String why) {
    failure = why;
  }

  /** Why the kernel is not at what is wanted; empty: it is. */
  synchronized String failure() {
    return failure;
  }

  /** All policies, sorted. */
  synchronized Collection<Policy> all() {
    var all = new TreeMap<PolicyKey, Policy>();
    inForce.forEach(
        (key, version) ->
            all.put(
                key,
                new Policy(key, version, pending.containsKey(key) ? pending.get(key) : version)));
    pending.forEach((key, version) -> all.putIfAbsent(key, new Policy(key, null, version)));
    return List.copyOf(all.values());
  }
}
