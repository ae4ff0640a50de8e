package io.ovenet.policy;

import org.jspecify.annotations.Nullable;

/**
 * One label of an identity: where it comes from, its key and its value, as {@code k8s:app=web}.
 * Sorted by key, then source, then value.
 *
 * @param source {@code k8s}, {@code reserved}, {@code cidr}, …; never empty
 * @param key never empty
 * @param value may be empty
 */
public record Label(String source, String key, String value) implements Comparable<Label> {
  public static final String K8S = "k8s";
  public static final String RESERVED = "reserved";
  public static final String CIDR = "cidr";

  /** Labels of Node objects. */
  public static final String NODE = "node";

  public Label {
    if (source.isEmpty() || key.isEmpty()) {
      throw new IllegalArgumentException("a label needs a source and a key: " + source + ":" + key);
    }
  }

  public static Label k8s(String key, String value) {
    return new Label(K8S, key, value);
  }

  public static Label reserved(String name) {
    return new Label(RESERVED, name, "");
  }

  /**
   * Reads {@code source:key=value}, {@code source:key} or {@code key=value}, whose source is then
   * {@code unspec}.
   */
  public static Label parse(String text) {
    int equals = text.indexOf('=');
    String name = equals < 0 ? text : text.substring(0, equals);
    String value = equals < 0 ? "" : text.substring(equals + 1);
    int colon = name.indexOf(':');
    return colon <= 0
        ? new Label("unspec", colon == 0 ? name.substring(1) : name, value)
        : new Label(name.substring(0, colon), name.substring(colon + 1), value);
  }

  /** The key with its source, {@code k8s:app}, as CiliumIdentity's security-labels have it. */
  public String extendedKey() {
    return source + ":" + key;
  }

  @Override
  public int compareTo(Label other) {
    int order = key.compareTo(other.key);
    if (order == 0) {
      order = source.compareTo(other.source);
    }
    return order == 0 ? value.compareTo(other.value) : order;
  }

  /** {@code source:key=value}, or {@code source:key} where the value is empty. */
  @Override
  public String toString() {
    return value.isEmpty() ? extendedKey() : extendedKey() + "=" + value;
  }

  // Written out: a key's generated methods are many times slower in what the agent's compiler
  // makes.
  @Override
  public boolean equals(@Nullable Object other) {
    return this == other
        || (other instanceof Label that
            && source.equals(that.source)
            && key.equals(that.key)
            && value.equals(that.value));
  }

  @Override
  public int hashCode() {
    return 31 * (31 * source.hashCode() + key.hashCode()) + value.hashCode();
  }
}
