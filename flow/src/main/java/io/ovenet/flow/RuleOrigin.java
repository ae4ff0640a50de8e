package io.ovenet.flow;

import io.ovenet.api.flow.Policy;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Where a rule comes from: the policies that say what it says; of default deny the policies that
 * isolate the endpoint. Immutable, one object for a rule id.
 */
public final class RuleOrigin {
  public static final RuleOrigin NONE = new RuleOrigin(List.of());

  /**
   * A label of a flow's policy that says which field of it decided: Hubble's message has no field
   * for that, and its clients show or pass on labels as they are.
   */
  public static final String FIELD_PATH = "ovenet:field-path=";

  /** A policy that a flow names as what decided: {@code kind [namespace/]name [field path]}. */
  public static String text(Policy policy) {
    String path = "";
    for (String label : policy.getLabelsList()) {
      if (label.startsWith(FIELD_PATH)) {
        path = " " + label.substring(FIELD_PATH.length());
      }
    }
    String namespace = policy.getNamespace().isEmpty() ? "" : policy.getNamespace() + "/";
    return policy.getKind() + " " + namespace + policy.getName() + path;
  }

  private final List<PolicyRef> policies;

  /** Benign race, as in {@link FlowEndpoint}. */
  private @Nullable List<byte[]> encoded;

  private @Nullable List<String> texts;

  private RuleOrigin(List<PolicyRef> policies) {
    this.policies = List.copyOf(policies);
  }

  public static RuleOrigin of(List<PolicyRef> policies) {
    return policies.isEmpty() ? NONE : new RuleOrigin(policies);
  }

  public List<PolicyRef> policies() {
    return policies;
  }

  /** Each as {@code kind [namespace/]name [field path]}. */
  public List<String> texts() {
    List<String> known = texts;
    if (known == null) {
      var made = new ArrayList<String>(policies.size());
      for (PolicyRef policy : policies) {
        made.add(
            policy.kind()
                + " "
                + (policy.namespace().isEmpty() ? "" : policy.namespace() + "/")
                + policy.name()
                + (policy.path().isEmpty() ? "" : " " + policy.path()));
      }
      known = List.copyOf(made);
      texts = known;
    }
    return known;
  }

  /** Each as a serialized flow.Policy, with its field path among the labels. */
  List<byte[]> encoded() {
    List<byte[]> bytes = encoded;
    if (bytes == null) {
      bytes = new ArrayList<>(policies.size());
      for (PolicyRef policy : policies) {
        var message =
            Policy.newBuilder()
                .setName(policy.name())
                .setNamespace(policy.namespace())
                .addAllLabels(policy.labels())
                .setRevision(policy.revision())
                .setKind(policy.kind());
        if (!policy.path().isEmpty()) {
          message.addLabels(FIELD_PATH + policy.path());
        }
        bytes.add(message.build().toByteArray());
      }
      encoded = List.copyOf(bytes);
    }
    return bytes;
  }

  @Override
  public String toString() {
    return policies.toString();
  }
}
