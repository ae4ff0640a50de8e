package io.ovenet.prove;

import io.ovenet.kubernetes.Json;
import io.ovenet.kubernetes.JsonObject;
import io.ovenet.kubernetes.policy.CidrGroups;
import io.ovenet.kubernetes.policy.PolicyParser;
import io.ovenet.policy.PolicyException;
import io.ovenet.policy.PolicyKind;

/** What Jazzer calls with bytes: they are no JSON, or a policy of each kind and a group. */
public final class PolicyBytes {
  private static final PolicyParser PARSER = new PolicyParser("default");

  private PolicyBytes() {}

  /** Throws what nothing may throw. */
  public static void fuzzerTestOneInput(byte[] bytes) {
    JsonObject document;
    try {
      document = Json.parse(bytes);
    } catch (Json.JsonException e) {
      return; // as documented
    }
    for (var kind : PolicyKind.values()) {
      PARSER.parse(kind, document.fields());
    }
    try {
      CidrGroups.parse(document.fields(), _ -> {});
    } catch (PolicyException e) {
      if (e.notice().path().isEmpty()) {
        throw new AssertionError("an error of no field", e);
      }
    }
  }
}
