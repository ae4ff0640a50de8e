package io.ovenet.flow;

import io.ovenet.policy.Label;
import io.ovenet.policy.Labels;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The labels of an identity, sorted, as Hubble writes them: {@code source:key=value}, or {@code
 * source:key} for an empty value. Immutable; made once for an identity and shared by its flows. The
 * texts are made when a flow first needs them: most identities of a cluster never meet this node.
 */
public final class FlowLabels {
  public static final FlowLabels NONE = new FlowLabels(Labels.EMPTY);

  private final Labels labels;

  /** Made by whoever needs it first; by two at once, twice alike. */
  private @Nullable List<String> texts;

  private FlowLabels(Labels labels) {
    this.labels = labels;
  }

  public static FlowLabels of(Labels labels) {
    return labels.size() == 0 ? NONE : new FlowLabels(labels);
  }

  /** In any order. */
  public static FlowLabels of(String... texts) {
    return of(Labels.parse(texts));
  }

  public boolean isEmpty() {
    return labels.size() == 0;
  }

  /** Sorted. */
  public List<String> texts() {
    List<String> made = texts;
    if (made == null) {
      var each = new ArrayList<String>(labels.size());
      for (var i = 0; i < labels.size(); i++) {
        each.add(labels.get(i).toString());
      }
      Collections.sort(each);
      made = List.copyOf(each);
      texts = made;
    }
    return made;
  }

  /**
   * The value of a label, or null where there is none.
   *
   * @param source null: of any source, the first in order
   */
  public @Nullable String value(@Nullable String source, String key) {
    for (var i = 0; i < labels.size(); i++) {
      Label label = labels.get(i);
      if (label.key().equals(key) && (source == null || label.source().equals(source))) {
        return label.value();
      }
    }
    return null;
  }

  @Override
  public boolean equals(@Nullable Object other) {
    return other instanceof FlowLabels that && labels.equals(that.labels);
  }

  @Override
  public int hashCode() {
    return labels.hashCode();
  }

  @Override
  public String toString() {
    return texts().toString();
  }
}
