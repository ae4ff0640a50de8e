package io.ovenet.flow;

import com.google.protobuf.FieldMask;
import com.google.protobuf.Timestamp;
import io.ovenet.api.observer.GetFlowsRequest;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * What a GetFlows asks for, checked.
 *
 * @param view what of a flow may be seen; the filter is asked about that alone, so that nobody
 *     finds out by filters what he is not shown. Null: all
 * @param number how many at most, or, of a follower, how many of those that are there already; 0:
 *     no limit
 * @param since nanoseconds since 1970, or null
 * @param until nanoseconds since 1970; {@link Long#MAX_VALUE}: no end
 */
record FlowQuery(
    @Nullable TenantView view,
    Predicate<FlowRecord> filter,
    FlowMask mask,
    long number,
    boolean first,
    boolean follow,
    @Nullable Long since,
    long until) {
  private static final long NANOS_PER_SECOND = 1_000_000_000;

  /** What a Timestamp may hold: the years 1 to 9999. */
  private static final long MIN_SECONDS = -62_135_596_800L;

  private static final long MAX_SECONDS = 253_402_300_799L;

  /**
   * Checks a request.
   *
   * @throws IllegalArgumentException saying what is wrong with it
   */
  static FlowQuery of(GetFlowsRequest request, FlowFilters filters, @Nullable TenantView view) {
    if (request.getFirst() && request.getFollow()) {
      throw new IllegalArgumentException("first and follow exclude each other");
    }
    return new FlowQuery(
        view,
        filters.compile(request.getWhitelistList(), request.getBlacklistList()),
        FlowMask.of(mask(request).getPathsList()),
        request.getNumber(),
        request.getFirst(),
        request.getFollow(),
        request.hasSince() ? nanos(request.getSince(), "since") : null,
        request.hasUntil() ? nanos(request.getUntil(), "until") : Long.MAX_VALUE);
  }

  /** Clients before 1.17 put it elsewhere. */
  @SuppressWarnings("deprecation")
  private static FieldMask mask(GetFlowsRequest request) {
    return request.hasFieldMask()
        ? request.getFieldMask()
        : request.getExperimental().getFieldMask();
  }

  static long nanos(Timestamp time, String field) {
    if (time.getSeconds() < MIN_SECONDS
        || time.getSeconds() > MAX_SECONDS
        || time.getNanos() < 0
        || time.getNanos() >= NANOS_PER_SECOND) {
      throw new IllegalArgumentException(field + " is no valid time");
    }
    try {
      return Math.addExact(
          Math.multiplyExact(time.getSeconds(), NANOS_PER_SECOND), time.getNanos());
    } catch (ArithmeticException e) {
      return time.getSeconds() < 0 ? Long.MIN_VALUE : Long.MAX_VALUE;
    }
  }

  /** The sequence number to begin at: of a drop that the ring keeps beside it, or in the ring. */
  long start(FlowRing ring) {
    if (since == null && number == 0 && follow) {
      return ring.next();
    }
    boolean everything = since == null && (first || number == 0);
    long position = everything ? ring.oldest() : ring.next();
    long matches = 0;
    // A drop's index is read only where the ring ends, for what goes from here goes there.
    while (ring.read(position - 1) instanceof RingEntry entry) {
      if (begins(entry, matches)) {
        return position;
      }
      matches += matches(entry) ? 1 : 0;
      position--;
    }
    DropRing drops = ring.drops();
    for (long index = drops.next(); index > drops.oldest(); index--) {
      FlowRecord drop = drops.read(index - 1);
      if (drop == null || begins(drop, matches)) {
        break;
      }
      if (drop.sequence() < position) {
        matches += matches(drop) ? 1 : 0;
        position = drop.sequence();
      }
    }
    return position;
  }

  /** Whether what comes after an entry is enough. */
  private boolean begins(RingEntry entry, long matches) {
    if (since != null) {
      return entry.time() < since;
    }
    return !first && number != 0 && matches == number;
  }

  private boolean matches(RingEntry entry) {
    return since == null
        && !first
        && number != 0
        && entry instanceof FlowRecord flow
        && flow.time() <= until
        && shown(flow) != null;
  }

  /** A flow as it is told; null: it is not. */
  @Nullable FlowRecord shown(FlowRecord flow) {
    FlowRecord seen = view == null ? flow : view.of(flow);
    return seen != null && filter.test(seen) ? seen : null;
  }
}
