package io.ovenet.lab.api;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Map;
import java.util.function.Supplier;

/** Where the schemas of resources come from. */
public final class Schemas {
  private Schemas() {}

  /** The schema of one resource, made when it is first asked for. Thread-safe. */
  public interface Source {
    /** For pruning and validation. */
    Schema schema();

    /** The name of the schema in an OpenAPI document. */
    String component();

    /** The OpenAPI schemas that it needs by their names, itself among them. */
    Map<String, ObjectNode> components();
  }

  /** Computes a value once, at its first use. */
  static <T> Supplier<T> once(Supplier<T> make) {
    return new Supplier<>() {
      private volatile java.util.@org.jspecify.annotations.Nullable Optional<T> made;

      @Override
      public T get() {
        java.util.Optional<T> present = made;
        if (present == null) {
          synchronized (this) {
            present = made;
            if (present == null) {
              present = java.util.Optional.of(make.get());
              made = present;
            }
          }
        }
        return present.get();
      }
    };
  }
}
