package io.ovenet.agent;

import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * How another node was last reached at one of its addresses.
 *
 * @param error why it was not; empty: it was
 * @param nanos a round trip of the last time that it was
 * @param reachedAt when that was; null: never
 */
record NodeProbe(
    String node,
    Way way,
    String address,
    String error,
    long nanos,
    Instant askedAt,
    @Nullable Instant reachedAt) {
  /** How packets go there. */
  enum Way {
    /** As all packets of the machine: to the node's own address. */
    NODE("InternalIP"),
    /** As those of pods: by the overlay, or by routes, to the node's address among its pods. */
    PODS("CiliumInternalIP");

    private final String addressType;

    Way(String addressType) {
      this.addressType = addressType;
    }

    /** Null for an address that is not asked at. */
    static @Nullable Way to(String type) {
      for (var way : values()) {
        if (way.addressType.equals(type)) {
          return way;
        }
      }
      return null;
    }
  }

  boolean reached() {
    return error.isEmpty();
  }
}
