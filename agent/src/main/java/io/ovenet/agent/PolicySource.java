package io.ovenet.agent;

import io.ovenet.agent.PoliciesInForce.Standing;
import io.ovenet.agent.PoliciesInForce.Version;
import io.ovenet.kubernetes.ObjectKey;
import io.ovenet.kubernetes.PolicyRecord;
import io.ovenet.kubernetes.PolicyVersion;
import io.ovenet.kubernetes.RecordHandler;
import io.ovenet.kubernetes.policy.ParsedPolicy;
import io.ovenet.kubernetes.policy.PolicyParser;
import io.ovenet.policy.PolicyKey;
import io.ovenet.policy.PolicyKind;
import io.ovenet.policy.PolicyObject;
import java.time.Instant;
import java.time.format.DateTimeParseException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Policies of one kind from the API server to the steering thread. Of a policy that means nothing
 * the last valid version stays in force, also over a restart; where none is known, its subjects are
 * isolated.
 */
final class PolicySource implements RecordHandler<PolicyRecord> {
  private static final Logger log = LoggerFactory.getLogger(PolicySource.class);

  private final PolicyKind kind;
  private final PolicyParser parser;
  private final Steering steering;
  private final ValidPolicies validPolicies;
  private final PoliciesInForce inForce;
  private final DeletedPolicies deleted;
  private final CountDownLatch synced;

  /** Since when the newest version of a policy has been invalid. */
  private final Map<PolicyKey, Instant> invalidSince = new HashMap<>();

  /** Those of the first listing; null once that is complete. */
  private @Nullable Set<PolicyKey> present = new HashSet<>();

  PolicySource(
      PolicyKind kind,
      PolicyParser parser,
      Steering steering,
      ValidPolicies validPolicies,
      PoliciesInForce inForce,
      DeletedPolicies deleted,
      CountDownLatch synced) {
    this.kind = kind;
    this.parser = parser;
    this.steering = steering;
    this.validPolicies = validPolicies;
    this.inForce = inForce;
    this.deleted = deleted;
    this.synced = synced;
  }

  @Override
  public void upserted(PolicyRecord record) {
    var document = record.document();
    var parsed = parser.parse(kind, document);
    if (present != null) {
      present.add(parsed.key());
    }
    switch (parsed) {
      case ParsedPolicy.Valid(var object) -> {
        invalidSince.remove(object.key());
        put(
            new Version(
                object,
                record.uid(),
                Standing.CURRENT,
                record.generation(),
                record.resourceVersion(),
                record.generation(),
                "",
                null));
        validPolicies.remember(object.key(), document);
        for (var notice : object.notices()) {
          log.warn("{}: {}", object.key(), notice);
        }
      }
      case ParsedPolicy.Invalid invalid -> put(lastValid(record, invalid));
    }
  }

  private void put(Version version) {
    deleted.present(version.object().key());
    steering.submit(
        realizer -> {
          realizer.upsertPolicy(version.object());
          inForce.want(version);
        });
  }

  /** Since the operator said so, which outlives this agent; else since this agent knows. */
  private Instant since(PolicyRecord record, PolicyKey key) {
    var status = record.status();
    if (status.valid().equals("False") && !status.lastTransitionTime().isEmpty()) {
      try {
        return Instant.parse(status.lastTransitionTime());
      } catch (DateTimeParseException e) {
        log.warn("{}: the time in its status is none: {}", key, e.getMessage());
      }
    }
    return invalidSince.computeIfAbsent(key, _ -> Instant.now());
  }

  private Version standIn(
      PolicyRecord record,
      ParsedPolicy.Invalid invalid,
      PolicyObject object,
      Standing standing,
      long generation) {
    return new Version(
        object,
        record.uid(),
        standing,
        generation,
        "",
        record.generation(),
        invalid.error().toString(),
        since(record, invalid.key()));
  }

  private Version lastValid(PolicyRecord record, ParsedPolicy.Invalid invalid) {
    for (var version : known(record, invalid.key())) {
      if (parser.parse(kind, version.document()) instanceof ParsedPolicy.Valid(var object)) {
        log.error(
            "{} is invalid; its last valid version stays (generation {}): {}",
            invalid.key(),
            version.generation(),
            invalid.error());
        validPolicies.remember(invalid.key(), version.document());
        return standIn(record, invalid, object, Standing.LAST_VALID, version.generation());
      }
    }
    if (invalid.isolation().rules().isEmpty()) {
      log.error(
          "ALARM: {} is invalid, and not even whom it selects can be read, so it has no effect: {}",
          invalid.key(),
          invalid.error());
      return standIn(record, invalid, invalid.isolation(), Standing.NO_EFFECT, 0);
    }
    log.error(
        "{} is invalid; whom it selects is isolated until it is valid: {}",
        invalid.key(),
        invalid.error());
    return standIn(record, invalid, invalid.isolation(), Standing.ISOLATED, 0);
  }

  /** Versions that were valid: what this node saw, what the operator kept; the latest first. */
  private List<PolicyVersion> known(PolicyRecord record, PolicyKey key) {
    var versions = new ArrayList<PolicyVersion>();
    var remembered = validPolicies.recall(key, record.uid());
    if (remembered != null) {
      versions.add(PolicyVersion.of(remembered.fields()));
    }
    if (!record.status().lastValid().isEmpty()) {
      try {
        versions.add(PolicyVersion.unpack(record.status().lastValid()));
      } catch (IllegalArgumentException e) {
        log.error("{}: the version that the operator kept can't be read", key, e);
      }
    }
    versions.sort(Comparator.comparingLong(PolicyVersion::generation).reversed());
    return versions;
  }

  @Override
  public void deleted(ObjectKey key) {
    var policy = new PolicyKey(kind, key.namespace(), key.name());
    if (present != null) {
      present.remove(policy);
    }
    delete(policy);
  }

  private void delete(PolicyKey policy) {
    invalidSince.remove(policy);
    deleted.deleted(
        policy,
        () -> {
          validPolicies.forget(policy);
          steering.submit(
              realizer -> {
                realizer.removePolicy(policy);
                inForce.wantNone(policy);
              });
        });
  }

  @Override
  public void synced() {
    if (present != null) {
      recallDeleted(present);
      present = null;
    }
    synced.countDown();
  }

  /**
   * Of what was deleted while no agent ran, what went with its namespace is to stay while pods of
   * it run; until that is known all of it does.
   */
  private void recallDeleted(Set<PolicyKey> listed) {
    for (var document : validPolicies.all(kind)) {
      var parsed = parser.parse(kind, document.fields());
      if (listed.contains(parsed.key())) {
        continue;
      }
      if (parsed instanceof ParsedPolicy.Valid(var object)) {
        var version = PolicyVersion.of(document.fields());
        var uid = document.object("metadata").string("uid");
        put(
            new Version(
                object,
                uid,
                Standing.CURRENT,
                version.generation(),
                "",
                version.generation(),
                "",
                null));
      }
      delete(parsed.key());
    }
  }
}
