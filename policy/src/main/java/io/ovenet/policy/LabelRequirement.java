package io.ovenet.policy;

import java.util.Collection;
import java.util.List;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * One condition on an identity's labels.
 *
 * @param source {@code k8s}, {@code reserved}, …, or {@link #ANY_SOURCE}
 * @param values sorted, without repetition; empty for EXISTS and DOES_NOT_EXIST
 */
public record LabelRequirement(String source, String key, Operator operator, List<String> values)
    implements Comparable<LabelRequirement> {
  /** Stands for a label from whatever source. */
  public static final String ANY_SOURCE = "any";

  /** As in Kubernetes' label selectors: NOT_IN holds, too, where the label is missing. */
  public enum Operator {
    IN,
    NOT_IN,
    EXISTS,
    DOES_NOT_EXIST
  }

  public LabelRequirement {
    values = List.copyOf(new TreeSet<>(values));
    boolean listed = operator == Operator.IN || operator == Operator.NOT_IN;
    if (listed == values.isEmpty()) {
      throw new IllegalArgumentException(operator + " with values " + values + " for key " + key);
    }
  }

  public static LabelRequirement in(String source, String key, Collection<String> values) {
    return new LabelRequirement(source, key, Operator.IN, List.copyOf(values));
  }

  public static LabelRequirement exists(String source, String key) {
    return new LabelRequirement(source, key, Operator.EXISTS, List.of());
  }

  public boolean matches(Labels labels) {
    boolean positive = operator == Operator.IN || operator == Operator.EXISTS;
    boolean any = source.equals(ANY_SOURCE);
    for (int i = 0; i < labels.size(); i++) {
      Label label = labels.get(i);
      if (label.key().equals(key)
          && (any || label.source().equals(source))
          && (values.isEmpty() || contains(label.value()))) {
        return positive;
      }
    }
    return !positive;
  }

  private boolean contains(String value) {
    if (values.size() > 8) {
      return java.util.Collections.binarySearch(values, value) >= 0;
    }
    for (int i = 0; i < values.size(); i++) {
      if (values.get(i).equals(value)) {
        return true;
      }
    }
    return false;
  }

  @Override
  public int compareTo(LabelRequirement other) {
    int order = key.compareTo(other.key);
    if (order == 0) {
      order = source.compareTo(other.source);
    }
    if (order == 0) {
      order = operator.compareTo(other.operator);
    }
    return order == 0 ? values.toString().compareTo(other.values.toString()) : order;
  }

  @Override
  public String toString() {
    String name = source.equals(ANY_SOURCE) ? key : source + ":" + key;
    return switch (operator) {
      case IN -> values.size() == 1 ? name + "=" + values.getFirst() : name + " in " + values;
      case NOT_IN -> name + " not in " + values;
      case EXISTS -> name;
      case DOES_NOT_EXIST -> "!" + name;
    };
  }

  // Written out: a key's generated methods are many times slower in what the agent's compiler
  // makes.
  @Override
  public boolean equals(@Nullable Object other) {
    return this == other
        || (other instanceof LabelRequirement that
            && operator == that.operator
            && source.equals(that.source)
            && key.equals(that.key)
            && values.equals(that.values));
  }

  @Override
  public int hashCode() {
    return 31 * (31 * (31 * source.hashCode() + key.hashCode()) + operator.hashCode())
        + values.hashCode();
  }
}
