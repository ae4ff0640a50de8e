package io.ovenet.ui;

import io.ovenet.kubernetes.question.YamlText;
import io.ovenet.kubernetes.world.PolicyDocument;
import io.ovenet.kubernetes.world.Source;
import io.ovenet.kubernetes.world.YamlFiles;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** A policy as a person would have written it, and where in it a field stands. */
final class PolicyText {
  private static final String LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration";
  private static final List<String> BY_THE_SERVER =
      List.of(
          "creationTimestamp", "generation", "managedFields", "resourceVersion", "selfLink", "uid");

  private final String yaml;
  private final Source source;

  private PolicyText(String yaml, Source source) {
    this.yaml = yaml;
    this.source = source;
  }

  static PolicyText of(PolicyDocument policy) {
    Map<String, @Nullable Object> document = new LinkedHashMap<>();
    for (String first : List.of("apiVersion", "kind", "metadata")) {
      if (policy.document().containsKey(first)) {
        document.put(first, policy.document().get(first));
      }
    }
    document.putAll(policy.document());
    document.remove("status");
    if (document.get("metadata") instanceof Map<?, ?> map) {
      document.put("metadata", metadata(map));
    }
    document.putIfAbsent("apiVersion", apiVersion(policy));
    String yaml = YamlText.write(document);
    Source[] found = new Source[1];
    try {
      YamlFiles.read("policy.yaml", yaml, (_, at) -> found[0] = at);
    } catch (IOException e) {
      // It was written by ourselves a moment ago.
      throw new UncheckedIOException(e);
    }
    return new PolicyText(yaml, found[0]);
  }

  private static Object apiVersion(PolicyDocument policy) {
    return policy.key().kind().toString().equals("NetworkPolicy")
        ? "networking.k8s.io/v1"
        : "cilium.io/v2";
  }

  private static Map<String, @Nullable Object> metadata(Map<?, ?> of) {
    Map<String, @Nullable Object> metadata = new LinkedHashMap<>();
    of.forEach(
        (key, value) -> {
          if (!BY_THE_SERVER.contains(String.valueOf(key))) {
            metadata.put(String.valueOf(key), value);
          }
        });
    if (metadata.get("annotations") instanceof Map<?, ?> annotations) {
      Map<String, @Nullable Object> rest = new LinkedHashMap<>();
      annotations.forEach((key, value) -> rest.put(String.valueOf(key), value));
      rest.remove(LAST_APPLIED);
      if (rest.isEmpty()) {
        metadata.remove("annotations");
      } else {
        metadata.put("annotations", rest);
      }
    }
    return metadata;
  }

  String yaml() {
    return yaml;
  }

  /** First and last line of a field, from 1. */
  int[] lines(String path) {
    List<String> lines = yaml.lines().toList();
    int first = source.line(path);
    String line = lines.get(first - 1);
    int indent = indent(line);
    boolean item = line.strip().startsWith("- ");
    // In a list that begins at its key's own column, its items are the key's.
    boolean asItem = item && path.endsWith("]");
    int last = first;
    for (int i = first; i < lines.size(); i++) {
      String next = lines.get(i);
      boolean deeper = indent(next) > indent;
      boolean ofKey = !asItem && !item && indent(next) == indent && next.strip().startsWith("- ");
      if (!deeper && !ofKey) {
        break;
      }
      last = i + 1;
    }
    return new int[] {first, last};
  }

  private static int indent(String line) {
    return line.length() - line.stripLeading().length();
  }
}
