package io.ovenet.kubernetes.eval;

import io.ovenet.kubernetes.policy.Field;
import io.ovenet.kubernetes.policy.ParsedPolicy;
import io.ovenet.kubernetes.policy.PeerGroupReader;
import io.ovenet.kubernetes.policy.PolicyParser;
import io.ovenet.policy.PeerGroup;
import io.ovenet.policy.PolicyException;
import io.ovenet.policy.PolicyKey;
import io.ovenet.policy.PolicyKind;
import io.ovenet.policy.PolicyNotice;
import io.ovenet.policy.PolicyObject;
import io.ovenet.policy.Rule;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The policies of a world: as rules for the one engine, as valid documents for the other. */
final class PolicyReader {
  /**
   * Something to tell about an object.
   *
   * @param index in {@code policies}
   * @param key null where not even its kind could be read
   */
  record Remark(int index, @Nullable PolicyKey key, PolicyNotice notice, boolean isolates) {}

  private final PolicyParser parser;
  private final Map<PolicyKey, PolicyObject> objects = new LinkedHashMap<>();
  private final Map<PolicyKey, Map<String, ?>> documents = new LinkedHashMap<>();
  private final Map<String, Map<String, ?>> groupDocuments = new LinkedHashMap<>();
  final List<Remark> errors = new ArrayList<>();
  final List<Remark> notices = new ArrayList<>();

  /** Reads them; one with the key of another takes its place. */
  PolicyReader(String cluster, List<Field> policies) {
    parser = new PolicyParser(cluster);
    for (int i = 0; i < policies.size(); i++) {
      read(i, policies.get(i));
    }
  }

  List<PolicyObject> objects() {
    return List.copyOf(objects.values());
  }

  /** What the policies may name. */
  List<PeerGroup> groups() {
    return PeerGroupReader.groupsOf(groupDocuments.values(), _ -> {});
  }

  /** The same as objects. */
  List<Map<String, ?>> groupDocuments() {
    return List.copyOf(groupDocuments.values());
  }

  /** Those that are valid, and what isolates the subjects of the others. */
  List<Map<String, ?>> documents() {
    return List.copyOf(documents.values());
  }

  private void read(int index, Field policy) {
    Map<String, @Nullable Object> document;
    PolicyKind kind;
    try {
      // Paths in errors start at the object.
      Field root = new Field("", policy.value()).requireObject();
      document = root.object();
      if (root.get("kind").value() instanceof String named
          && PeerGroupReader.KINDS.contains(named)) {
        List<PeerGroup> _ =
            PeerGroupReader.groupsOf(
                List.of(document), notice -> errors.add(new Remark(index, null, notice, false)));
        groupDocuments.put(PeerGroupReader.keyOf(document), document);
        return;
      }
      kind = kind(root.get("kind"));
    } catch (PolicyException e) {
      errors.add(new Remark(index, null, e.notice(), false));
      return;
    }
    switch (parser.parse(kind, document)) {
      case ParsedPolicy.Valid(var object) -> {
        for (PolicyNotice notice : object.notices()) {
          notices.add(new Remark(index, object.key(), notice, false));
        }
        objects.put(object.key(), object);
        documents.put(object.key(), withKey(object.key(), document));
      }
      case ParsedPolicy.Invalid(var key, var error, var isolation) -> {
        errors.add(new Remark(index, key, error, !isolation.rules().isEmpty()));
        objects.put(key, isolation);
        documents.put(key, isolating(isolation, document));
      }
    }
  }

  static PolicyKind kind(Field kind) {
    for (PolicyKind candidate : PolicyKind.values()) {
      if (candidate.toString().equals(kind.string())) {
        return candidate;
      }
    }
    throw kind.error(
        "no policy: '" + kind.string() + "'", "use one of " + List.of(PolicyKind.values()));
  }

  private static Map<String, ?> withKey(PolicyKey key, Map<String, @Nullable Object> document) {
    Map<String, Object> named = new LinkedHashMap<>();
    document.forEach(
        (name, value) -> {
          if (value != null) {
            named.put(name, value);
          }
        });
    named.put("kind", key.kind().toString());
    named.put("metadata", Map.of("namespace", key.namespace(), "name", key.name()));
    return named;
  }

  /** A valid document that means the isolation, its specs at the places that they had. */
  private static Map<String, ?> isolating(
      PolicyObject isolation, Map<String, @Nullable Object> document) {
    Field root = new Field("", document);
    Map<String, Object> specs = new LinkedHashMap<>();
    for (Rule rule : isolation.rules()) {
      specs.put(rule.origin().fieldPath(), isolating(isolation.key().kind(), rule, root));
    }
    if (isolation.key().kind() == PolicyKind.NETWORK_POLICY && specs.isEmpty()) {
      // Selects nobody; a NetworkPolicy without a spec is no valid one.
      specs.put("spec", Map.of("policyTypes", List.of("none")));
    }
    Map<String, Object> valid = new LinkedHashMap<>();
    List<Object> listed = new ArrayList<>();
    specs.forEach(
        (path, spec) -> {
          if (path.equals("spec")) {
            valid.put("spec", spec);
            return;
          }
          int index = index(path);
          while (listed.size() < index) {
            listed.add(Map.of("endpointSelector", Map.of()));
          }
          listed.add(spec);
        });
    valid.put("specs", listed);
    return withKey(isolation.key(), valid);
  }

  private static int index(String path) {
    return Integer.parseInt(path.substring("specs[".length(), path.length() - 1));
  }

  private static Map<String, Object> isolating(PolicyKind kind, Rule rule, Field root) {
    String path = rule.origin().fieldPath();
    Field spec =
        path.equals("spec") ? root.get("spec") : root.get("specs").items().get(index(path));
    boolean kubernetes = kind == PolicyKind.NETWORK_POLICY;
    String member = kubernetes ? "podSelector" : "endpointSelector";
    Object selector = spec.get(member).value();
    Map<String, Object> isolated = new LinkedHashMap<>();
    isolated.put(member, selector == null ? Map.of() : selector);
    List<String> types = new ArrayList<>();
    if (rule.ingressDefaultDeny()) {
      types.add("Ingress");
      isolated.put("ingress", kubernetes ? List.of() : List.of(Map.of()));
    }
    if (rule.egressDefaultDeny()) {
      types.add("Egress");
      isolated.put("egress", kubernetes ? List.of() : List.of(Map.of()));
    }
    if (kubernetes) {
      isolated.put("policyTypes", types.isEmpty() ? List.of("none") : types);
    }
    return isolated;
  }
}
