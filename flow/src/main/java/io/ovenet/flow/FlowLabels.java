package io.ovenet.flow;

import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Objects;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * The labels of an identity, sorted, as Hubble writes them: {@code source:key=value}, or {@code
 * source:key} for an empty value. Immutable; made once for an identity and shared by its flows.
 */
public final class FlowLabels {
  public static final FlowLabels NONE = new FlowLabels(List.of());

  private final List<String> texts;
  private final List<Label> labels;

  private record Label(String source, String key, String value) {
    static Label parse(String text) {
      int equals = text.indexOf('=');
      String name = equals < 0 ? text : text.substring(0, equals);
      int colon = name.indexOf(':');
      return new Label(
          colon < 0 ? "" : name.substring(0, colon),
          name.substring(colon + 1),
          equals < 0 ? "" : text.substring(equals + 1));
    }
  }

  private FlowLabels(List<String> texts) {
    this.texts = texts;
    var parsed = new ArrayList<Label>(texts.size());
    for (String text : texts) {
      parsed.add(Label.parse(text));
    }
    this.labels = List.copyOf(parsed);
  }

  /** In any order; duplicates count once. */
  public static FlowLabels of(Collection<String> texts) {
    return texts.isEmpty() ? NONE : new FlowLabels(List.copyOf(new TreeSet<>(texts)));
  }

  public static FlowLabels of(String... texts) {
    return of(List.of(texts));
  }

  /** Sorted. */
  public List<String> texts() {
    return texts;
  }

  /**
   * The value of a label, or null where there is none.
   *
   * @param source null: of any source, the first in order
   */
  public @Nullable String value(@Nullable String source, String key) {
    for (Label label : labels) {
      if (label.key.equals(key) && (source == null || label.source.equals(source))) {
        return label.value;
      }
    }
    return null;
  }

  @Override
  public boolean equals(@Nullable Object other) {
    return other instanceof FlowLabels that && texts.equals(that.texts);
  }

  @Override
  public int hashCode() {
    return Objects.hashCode(texts);
  }

  @Override
  public String toString() {
    return texts.toString();
  }
}
