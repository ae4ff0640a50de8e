package io.ovenet.datapath;

import org.jspecify.annotations.Nullable;

/**
 * Packets dropped for one reason in one direction since the maps were made.
 *
 * @param number of the reason
 * @param direction {@link PolicyKey#INGRESS}, {@link PolicyKey#EGRESS}, or 0: unknown
 */
public record DropCount(int number, int direction, Counter counter) {
  /** Null for a number without a name. */
  public @Nullable DropReason reason() {
    return DropReason.of(number);
  }
}
