package io.ovenet.lab;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.ovenet.kubernetes.policy.ParsedPolicy;
import io.ovenet.kubernetes.policy.PolicyParser;
import io.ovenet.lab.api.Resource;
import io.ovenet.lab.api.Review;
import io.ovenet.policy.PolicyKind;
import java.util.List;
import java.util.Map;

/**
 * Tells whoever writes a policy what the agents will make of it: fields that are not in force, and
 * why a document means nothing that its schema let through.
 */
final class PolicyReview implements Review {
  private static final ObjectMapper JSON = new ObjectMapper();

  private final PolicyParser parser;

  PolicyReview(String cluster) {
    parser = new PolicyParser(cluster);
  }

  @Override
  public void review(Resource resource, ObjectNode object, List<String> warnings) {
    for (PolicyKind kind : PolicyKind.values()) {
      if (kind.toString().equals(resource.kind())) {
        review(kind, object, warnings);
      }
    }
  }

  @SuppressWarnings("unchecked") // an object's members have strings as names
  private void review(PolicyKind kind, ObjectNode object, List<String> warnings) {
    switch (parser.parse(kind, (Map<String, ?>) JSON.convertValue(object, Map.class))) {
      case ParsedPolicy.Valid valid ->
          valid.object().notices().forEach(notice -> warnings.add(notice.toString()));
      case ParsedPolicy.Invalid invalid ->
          warnings.add(
              "invalid, the last valid version stays in force: " + invalid.error().toString());
    }
  }
}
