package io.ovenet.cli.hubble;

import io.ovenet.api.flow.FlowFilter;
import io.ovenet.api.flow.Workload;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Which pods: a namespace (null: any), the beginning of a name, and the workload that it has to
 * belong to (null: any), which is how a virtual machine's own pod is told from that of one whose
 * name goes on where the first one's ends.
 */
public record PodPattern(@Nullable String namespace, String prefix, @Nullable String workload) {
  private static final String LAUNCHER = "virt-launcher-";
  private static final String VM = "vm-";

  /** What Kubernetes makes the end of a generated name of, or people who leave it open. */
  private static final Pattern GENERATED =
      Pattern.compile("(.+)-(?:x+|[bcdfghjklmnpqrstvwxz2456789]{5})");

  static PodPattern namespace(String namespace) {
    return new PodPattern(namespace, "", null);
  }

  /**
   * A value of {@code --pod}. Without a namespace it means every one of those given, or any. {@code
   * vm-NAME…} means the pods of the virtual machine as well.
   */
  public static List<PodPattern> pods(String value, List<String> namespaces) {
    int slash = value.indexOf('/');
    String name = value.substring(slash + 1);
    if (value.isEmpty() || value.equals("/")) {
      throw new HubbleException("--pod needs NAMESPACE/PREFIX, NAMESPACE/ or PREFIX");
    }
    var patterns = new ArrayList<PodPattern>();
    for (String namespace : namespaces(value, slash, namespaces)) {
      String in = namespace.isEmpty() ? null : namespace;
      patterns.add(new PodPattern(in, name, null));
      if (name.startsWith(VM) && name.length() > VM.length()) {
        String machine = name.substring(VM.length());
        patterns.add(new PodPattern(in, LAUNCHER + machine, null));
        var generated = GENERATED.matcher(machine);
        if (generated.matches()) {
          patterns.add(machine(in, generated.group(1)));
        }
      }
    }
    return patterns;
  }

  /** A value of {@code --vm}. */
  public static List<PodPattern> machines(String value, List<String> namespaces) {
    int slash = value.indexOf('/');
    String name = value.substring(slash + 1);
    if (name.isEmpty()) {
      throw new HubbleException("--vm needs NAMESPACE/NAME or NAME");
    }
    var patterns = new ArrayList<PodPattern>();
    for (String namespace : namespaces(value, slash, namespaces)) {
      patterns.add(machine(namespace.isEmpty() ? null : namespace, name));
    }
    return patterns;
  }

  private static PodPattern machine(@Nullable String namespace, String name) {
    return new PodPattern(namespace, LAUNCHER + name + "-", name);
  }

  private static List<String> namespaces(String value, int slash, List<String> named) {
    if (slash < 0) {
      return named.isEmpty() ? List.of("") : named;
    }
    String own = value.substring(0, slash);
    if (!named.isEmpty() && !own.isEmpty() && !named.contains(own)) {
      throw new HubbleException(
          "\"" + value + "\" is in another namespace than the one named: leave one of them out");
    }
    return own.isEmpty() && !named.isEmpty() ? named : List.of(own);
  }

  /** What both mean, or null: nothing is both. */
  @Nullable PodPattern and(PodPattern other) {
    boolean namespaces =
        namespace == null || other.namespace == null || namespace.equals(other.namespace);
    boolean prefixes = prefix.startsWith(other.prefix) || other.prefix.startsWith(prefix);
    boolean workloads =
        workload == null || other.workload == null || workload.equals(other.workload);
    if (!namespaces || !prefixes || !workloads) {
      return null;
    }
    return new PodPattern(
        namespace == null ? other.namespace : namespace,
        prefix.length() > other.prefix.length() ? prefix : other.prefix,
        workload == null ? other.workload : workload);
  }

  /**
   * Whether it means a pod.
   *
   * @param workloadName what the pod belongs to; empty where that is not known
   */
  public boolean matches(String podNamespace, String pod, String workloadName) {
    return !pod.isEmpty()
        && (namespace == null || namespace.equals(podNamespace))
        && pod.startsWith(prefix)
        && (workload == null || workload.equals(workloadName));
  }

  private String text() {
    return (namespace == null ? "" : namespace) + "/" + prefix;
  }

  /** As filters on a flow's source, or its destination: one of them has to match. */
  static List<FlowFilter> filters(List<PodPattern> patterns, boolean source) {
    var filters = new ArrayList<FlowFilter>();
    var plain = FlowFilter.newBuilder();
    for (PodPattern pattern : patterns) {
      var filter = pattern.workload == null ? plain : FlowFilter.newBuilder();
      if (source) {
        filter.addSourcePod(pattern.text());
      } else {
        filter.addDestinationPod(pattern.text());
      }
      if (pattern.workload != null) {
        Workload workload = Workload.newBuilder().setName(pattern.workload).build();
        if (source) {
          filter.addSourceWorkload(workload);
        } else {
          filter.addDestinationWorkload(workload);
        }
        filters.add(filter.build());
      }
    }
    FlowFilter together = plain.build();
    if (!together.equals(FlowFilter.getDefaultInstance())) {
      filters.add(0, together);
    }
    return filters;
  }
}
