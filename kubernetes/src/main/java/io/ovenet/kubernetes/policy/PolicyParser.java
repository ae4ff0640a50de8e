package io.ovenet.kubernetes.policy;

import io.ovenet.policy.Label;
import io.ovenet.policy.Labels;
import io.ovenet.policy.PolicyException;
import io.ovenet.policy.PolicyKey;
import io.ovenet.policy.PolicyKind;
import io.ovenet.policy.PolicyObject;
import io.ovenet.policy.Rule;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Reads CiliumNetworkPolicy, CiliumClusterwideNetworkPolicy and NetworkPolicy from parsed JSON.
 * Immutable; safe for any thread. No document makes it throw.
 *
 * <p>What is part of the API but not in force yet never gives more access than it would upstream:
 * an allow grants nothing by it while its subject is isolated all the same, a deny denies all it
 * could mean, and a notice names the field.
 */
public final class PolicyParser {
  /** On a policy, a pod or a namespace: what is denied passes and is told. */
  public static final String AUDIT = "policy.ovenet.io/audit";

  private static final String NAME = "policy.cilium.io/name";
  private static final String FORMER_NAME = "io.cilium.name";

  /** The annotations of a policy that mean something. */
  public static final Set<String> ANNOTATIONS = Set.of(AUDIT, NAME, FORMER_NAME);

  private static final String LABEL_PREFIX = "io.cilium.k8s.policy.";

  private final String cluster;
  private final boolean nodeLabels;

  /**
   * Makes a parser.
   *
   * @param cluster name of the own cluster
   */
  public PolicyParser(String cluster) {
    this(cluster, true);
  }

  /**
   * The same, by the agents' configuration.
   *
   * @param nodeLabels whether rules select nodes by their labels
   */
  public PolicyParser(String cluster, boolean nodeLabels) {
    this.cluster = cluster;
    this.nodeLabels = nodeLabels;
  }

  /**
   * Reads one object.
   *
   * @param kind of the document, whose own {@code kind} is not looked at
   * @param document the whole object, metadata included; in lists, maps, strings, numbers, booleans
   */
  public ParsedPolicy parse(PolicyKind kind, Map<String, ?> document) {
    Field root = new Field("", document);
    PolicyKey key = new PolicyKey(kind, "", "");
    try {
      key = key(kind, root.get("metadata"));
      Notices notices = new Notices();
      boolean audit = isAudit(root.get("metadata").get("annotations").get(AUDIT));
      Labels derived = derivedLabels(key, root.get("metadata"));
      List<Rule> rules =
          kind == PolicyKind.NETWORK_POLICY
              ? List.of(new NetworkPolicyParser(key, derived, cluster).rule(root.get("spec")))
              : ciliumRules(root, new SpecParser(key, derived, peers(key, notices), notices));
      return new ParsedPolicy.Valid(
          new PolicyObject(key, audit ? audited(rules) : rules, notices.asList()));
    } catch (PolicyException e) {
      return new ParsedPolicy.Invalid(
          key, e.notice(), new PolicyObject(key, isolation(key, root), List.of()));
    }
  }

  private PeersParser peers(PolicyKey key, Notices notices) {
    return new PeersParser(new PeerScope(key.namespace(), cluster), nodeLabels, notices);
  }

  private static boolean isAudit(Field annotation) {
    return switch (annotation.stringOr("false")) {
      case "true" -> true;
      case "false" -> false;
      default ->
          throw annotation.error(
              "neither true nor false: '" + annotation.string() + "'",
              "write \"true\", or remove it");
    };
  }

  private static List<Rule> audited(List<Rule> rules) {
    List<Rule> audited = new ArrayList<>(rules.size());
    for (Rule rule : rules) {
      audited.add(
          new Rule(
              rule.subject(),
              rule.ingressDefaultDeny(),
              rule.egressDefaultDeny(),
              rule.entries(),
              rule.labels(),
              rule.log(),
              true,
              rule.origin()));
    }
    return audited;
  }

  private static PolicyKey key(PolicyKind kind, Field metadata) {
    String written = metadata.get("namespace").stringOr("");
    String name = metadata.get("name").string();
    // An empty one is as if absent: it must not make the policy one of the whole cluster.
    String namespace = written.isEmpty() ? "default" : written;
    return new PolicyKey(
        kind, kind == PolicyKind.CILIUM_CLUSTERWIDE_NETWORK_POLICY ? "" : namespace, name);
  }

  private static Labels derivedLabels(PolicyKey key, Field metadata) {
    List<Label> labels = new ArrayList<>();
    labels.add(Label.k8s(LABEL_PREFIX + "derived-from", key.kind().toString()));
    labels.add(Label.k8s(LABEL_PREFIX + "name", nameOf(key, metadata.get("annotations"))));
    if (!key.namespace().isEmpty()) {
      labels.add(Label.k8s(LABEL_PREFIX + "namespace", key.namespace()));
    }
    String uid = metadata.get("uid").stringOr("");
    if (!uid.isEmpty()) {
      labels.add(Label.k8s(LABEL_PREFIX + "uid", uid));
    }
    return Labels.of(labels);
  }

  /** The name that the derived labels say; a NetworkPolicy may be given another. */
  private static String nameOf(PolicyKey key, Field annotations) {
    if (key.kind() != PolicyKind.NETWORK_POLICY) {
      return key.name();
    }
    String former = annotations.get(FORMER_NAME).stringOr(key.name());
    return annotations.get(NAME).stringOr(former);
  }

  private static List<Field> specs(Field root) {
    List<Field> specs = new ArrayList<>();
    if (root.get("spec").present()) {
      specs.add(root.get("spec"));
    }
    specs.addAll(root.get("specs").items());
    return specs;
  }

  private static List<Rule> ciliumRules(Field root, SpecParser parser) {
    List<Field> specs = specs(root);
    if (specs.isEmpty()) {
      throw root.get("spec").error("neither spec nor specs", "give one of them");
    }
    List<Rule> rules = new ArrayList<>();
    for (Field spec : specs) {
      Rule rule = parser.rule(spec);
      if (rule != null) {
        rules.add(rule);
      }
    }
    return rules;
  }

  /** What isolates the subjects of a document that does not mean anything. */
  private List<Rule> isolation(PolicyKey key, Field root) {
    List<Rule> rules = new ArrayList<>();
    for (Field spec : readableSpecs(root)) {
      Rule rule = isolationBy(key, spec);
      if (rule != null) {
        rules.add(rule);
      }
    }
    return rules;
  }

  private static List<Field> readableSpecs(Field root) {
    try {
      return specs(root);
    } catch (PolicyException e) {
      // Not even the specs can be told apart: there is no subject to isolate.
      return List.of();
    }
  }

  private @Nullable Rule isolationBy(PolicyKey key, Field spec) {
    Notices notices = new Notices();
    try {
      return key.kind() == PolicyKind.NETWORK_POLICY
          ? new NetworkPolicyParser(key, Labels.EMPTY, cluster).isolation(spec)
          : new SpecParser(key, Labels.EMPTY, peers(key, notices), notices).isolation(spec);
    } catch (PolicyException e) {
      // Its subject is what can't be read. The document's first error is reported by the caller.
      return null;
    }
  }
}
