package io.ovenet.policy;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * The labels of an identity: immutable, sorted, at most one for each source and key. Equal labels
 * are the same identity. Safe for use by any thread.
 */
public final class Labels implements Comparable<Labels> {
  public static final Labels EMPTY = new Labels(new Label[0]);

  private final Label[] sorted;
  private final int hash;

  private Labels(Label[] sorted) {
    this.sorted = sorted;
    this.hash = Arrays.hashCode(sorted);
  }

  public static Labels of(Label... labels) {
    return of(Arrays.asList(labels));
  }

  /** Of two labels with one source and key the later wins. */
  public static Labels of(Collection<Label> labels) {
    Label[] sorted = labels.toArray(new Label[0]);
    // Stable: the later of two stays behind the other.
    Arrays.sort(sorted, Labels::byKey);
    int kept = 0;
    for (int i = 0; i < sorted.length; i++) {
      if (i + 1 == sorted.length || byKey(sorted[i], sorted[i + 1]) != 0) {
        sorted[kept++] = sorted[i];
      }
    }
    return new Labels(kept == sorted.length ? sorted : Arrays.copyOf(sorted, kept));
  }

  private static int byKey(Label one, Label other) {
    int order = one.key().compareTo(other.key());
    return order == 0 ? one.source().compareTo(other.source()) : order;
  }

  /** Reads {@code source:key=value} each, as Hubble and CiliumEndpoint write them. */
  public static Labels parse(String... labels) {
    List<Label> parsed = new ArrayList<>(labels.length);
    for (String label : labels) {
      parsed.add(Label.parse(label));
    }
    return of(parsed);
  }

  /**
   * Reads CiliumIdentity's security-labels: keys with a source, values as they are. Equal texts are
   * one object, since a cluster's identities have most of theirs in common.
   *
   * @throws IllegalArgumentException if a label has no key
   */
  public static Labels fromSecurityLabels(Map<String, String> securityLabels) {
    List<Label> parsed = new ArrayList<>(securityLabels.size());
    securityLabels.forEach(
        (name, value) -> {
          int colon = name.indexOf(':');
          String source = colon <= 0 ? "unspec" : name.substring(0, colon);
          String key = colon <= 0 ? name : name.substring(colon + 1);
          parsed.add(new Label(source.intern(), key.intern(), value.intern()));
        });
    return of(parsed);
  }

  /** CiliumIdentity's security-labels, sorted. */
  public Map<String, String> toSecurityLabels() {
    Map<String, String> map = new TreeMap<>();
    for (Label label : sorted) {
      map.put(label.extendedKey(), label.value());
    }
    return map;
  }

  /** The value of the label with this source and key, null if there is none. */
  public @Nullable String get(String source, String key) {
    for (Label label : sorted) {
      if (label.key().equals(key) && label.source().equals(source)) {
        return label.value();
      }
    }
    return null;
  }

  public boolean has(String source, String key) {
    return get(source, key) != null;
  }

  public boolean isReserved(ReservedIdentity identity) {
    return has(Label.RESERVED, identity.labelName());
  }

  public int size() {
    return sorted.length;
  }

  public Label get(int index) {
    return sorted[index];
  }

  public List<Label> asList() {
    return List.of(sorted);
  }

  @Override
  public int compareTo(Labels other) {
    return Arrays.compare(sorted, other.sorted);
  }

  @Override
  public boolean equals(@Nullable Object other) {
    return this == other
        || (other instanceof Labels labels
            && hash == labels.hash
            && Arrays.equals(sorted, labels.sorted));
  }

  @Override
  public int hashCode() {
    return hash;
  }

  /** {@code k8s:app=web,k8s:io.kubernetes.pod.namespace=shop}. */
  @Override
  public String toString() {
    StringBuilder text = new StringBuilder();
    for (Label label : sorted) {
      text.append(text.isEmpty() ? "" : ",").append(label);
    }
    return text.toString();
  }
}
