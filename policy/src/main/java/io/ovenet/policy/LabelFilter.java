package io.ovenet.policy;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Which labels of a pod make its identity. The default leaves out what names an instance rather
 * than a role: hashes of templates, indexes of stateful sets, and what KubeVirt puts on launcher
 * pods, so that a virtual machine keeps its identity over restarts and migrations.
 *
 * <p>Patterns are anchored at the key's start. A key stays unless the longest match of an excluding
 * pattern is longer than that of an including one. Immutable.
 */
public final class LabelFilter {
  private static final Pattern KUBEVIRT = Pattern.compile("^(.*\\.)?kubevirt\\.io/");
  private static final LabelFilter DEFAULT =
      new LabelFilter(
          List.of(
              Pattern.quote(LabelKeys.NAMESPACE),
              Pattern.quote(LabelKeys.NAMESPACE_LABELS),
              Pattern.quote(LabelKeys.CLUSTER),
              Pattern.quote(LabelKeys.SERVICE_ACCOUNT),
              "app\\.kubernetes\\.io"),
          List.of(
              "io\\.kubernetes",
              "kubernetes\\.io",
              "statefulset\\.kubernetes\\.io/pod-name",
              "apps\\.kubernetes\\.io/pod-index",
              "batch\\.kubernetes\\.io/job-completion-index",
              "batch\\.kubernetes\\.io/controller-uid",
              ".*beta\\.kubernetes\\.io",
              "k8s\\.io",
              "pod-template-generation",
              "pod-template-hash",
              "controller-revision-hash",
              "controller-uid",
              "annotation.*",
              "etcd_node"));

  private final List<Pattern> include;
  private final List<Pattern> exclude;

  private LabelFilter(List<String> include, List<String> exclude) {
    this.include = anchored(include);
    this.exclude = anchored(exclude);
  }

  public static LabelFilter upstreamDefault() {
    return DEFAULT;
  }

  private static List<Pattern> anchored(List<String> patterns) {
    List<Pattern> compiled = new ArrayList<>(patterns.size());
    for (String pattern : patterns) {
      compiled.add(Pattern.compile("^(?:" + pattern + ")"));
    }
    return List.copyOf(compiled);
  }

  /** Whether a label with this key (without source) is part of an identity. */
  public boolean accepts(String key) {
    return !KUBEVIRT.matcher(key).find() && longest(exclude, key) <= longest(include, key);
  }

  private static int longest(List<Pattern> patterns, String key) {
    int longest = 0;
    for (Pattern pattern : patterns) {
      Matcher matcher = pattern.matcher(key);
      if (matcher.find()) {
        longest = Math.max(longest, matcher.end());
      }
    }
    return longest;
  }

  /**
   * The identity labels of a pod.
   *
   * @param podLabels as the pod has them, without source
   * @param namespaceLabels of the pod's namespace
   * @param serviceAccount null or empty if the pod names none
   */
  public Labels identityLabels(
      Map<String, String> podLabels,
      String namespace,
      Map<String, String> namespaceLabels,
      @Nullable String serviceAccount,
      String cluster) {
    List<Label> labels = new ArrayList<>();
    boolean own = false;
    for (Map.Entry<String, String> label : podLabels.entrySet()) {
      String key = label.getKey();
      if (!key.isEmpty() && accepts(key)) {
        labels.add(Label.k8s(key, label.getValue()));
        // "kubevirt.io=virt-launcher" is on every launcher pod and says nothing of the machine.
        own |= !key.equals("kubevirt.io") && !key.startsWith("io.cilium.");
      }
    }
    String machine = podLabels.get(LabelKeys.VM_NAME);
    if (!own && machine != null) {
      labels.add(Label.k8s(LabelKeys.VM_NAME, machine));
    }
    for (Map.Entry<String, String> label : namespaceLabels.entrySet()) {
      String key = LabelKeys.NAMESPACE_LABELS + label.getKey();
      if (accepts(key)) {
        labels.add(Label.k8s(key, label.getValue()));
      }
    }
    // Last: a pod's own label of such a name does not count against what the API server says.
    labels.add(Label.k8s(LabelKeys.NAMESPACE, namespace));
    labels.add(Label.k8s(LabelKeys.CLUSTER, cluster));
    if (serviceAccount != null && !serviceAccount.isEmpty()) {
      labels.add(Label.k8s(LabelKeys.SERVICE_ACCOUNT, serviceAccount));
    }
    return Labels.of(labels);
  }
}
