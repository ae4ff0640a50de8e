package io.ovenet.kubernetes.world;

import io.ovenet.kubernetes.policy.ParsedPolicy;
import io.ovenet.policy.PolicyKey;
import io.ovenet.policy.PolicyObject;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A policy as it was read.
 *
 * @param source null for one of the API server
 */
public record PolicyDocument(
    ParsedPolicy parsed, Map<String, @Nullable Object> document, @Nullable Source source) {
  public PolicyKey key() {
    return parsed.key();
  }

  /** What is in force: of an invalid one that its subjects are isolated. */
  public PolicyObject object() {
    return switch (parsed) {
      case ParsedPolicy.Valid(var object) -> object;
      case ParsedPolicy.Invalid(var key, var error, var isolation) -> isolation;
    };
  }
}
