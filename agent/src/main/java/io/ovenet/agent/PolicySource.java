package io.ovenet.agent;

import io.ovenet.kubernetes.ObjectKey;
import io.ovenet.kubernetes.PolicyRecord;
import io.ovenet.kubernetes.PolicyVersion;
import io.ovenet.kubernetes.RecordHandler;
import io.ovenet.kubernetes.policy.ParsedPolicy;
import io.ovenet.kubernetes.policy.PolicyParser;
import io.ovenet.policy.PolicyKey;
import io.ovenet.policy.PolicyKind;
import io.ovenet.policy.PolicyObject;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.CountDownLatch;
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
  private final CountDownLatch synced;

  PolicySource(
      PolicyKind kind,
      PolicyParser parser,
      Steering steering,
      ValidPolicies validPolicies,
      CountDownLatch synced) {
    this.kind = kind;
    this.parser = parser;
    this.steering = steering;
    this.validPolicies = validPolicies;
    this.synced = synced;
  }

  @Override
  public void upserted(PolicyRecord record) {
    var document = record.document();
    switch (parser.parse(kind, document)) {
      case ParsedPolicy.Valid(var object) -> {
        steering.submit(realizer -> realizer.upsertPolicy(object));
        validPolicies.remember(object.key(), document);
        for (var notice : object.notices()) {
          log.warn("{}: {}", object.key(), notice);
        }
      }
      case ParsedPolicy.Invalid invalid -> {
        var policy = lastValid(record, invalid);
        steering.submit(realizer -> realizer.upsertPolicy(policy));
      }
    }
  }

  private PolicyObject lastValid(PolicyRecord record, ParsedPolicy.Invalid invalid) {
    for (var version : known(record, invalid.key())) {
      if (parser.parse(kind, version.document()) instanceof ParsedPolicy.Valid(var object)) {
        log.error(
            "{} is invalid; its last valid version stays (generation {}): {}",
            invalid.key(),
            version.generation(),
            invalid.error());
        validPolicies.remember(invalid.key(), version.document());
        return object;
      }
    }
    if (invalid.isolation().rules().isEmpty()) {
      log.error(
          "ALARM: {} is invalid, and not even whom it selects can be read, so it has no effect: {}",
          invalid.key(),
          invalid.error());
    } else {
      log.error(
          "{} is invalid; whom it selects is isolated until it is valid: {}",
          invalid.key(),
          invalid.error());
    }
    return invalid.isolation();
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
    validPolicies.forget(policy);
    steering.submit(realizer -> realizer.removePolicy(policy));
  }

  @Override
  public void synced() {
    synced.countDown();
  }
}
