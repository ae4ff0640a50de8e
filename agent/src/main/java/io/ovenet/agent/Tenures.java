package io.ovenet.agent;

import io.ovenet.flow.FlowEndpoint;
import java.util.ArrayDeque;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Who had a number or an address when. Events are read a moment after they happened: by then their
 * pod may be gone and its address another's. Written by any thread, one at a time; read by any.
 *
 * @param <K> a number or an address
 */
final class Tenures<K> {
  /** Beyond it nobody asks for the past: events are read within milliseconds, or they are lost. */
  private static final long MEMORY_NANOS = TimeUnit.SECONDS.toNanos(10);

  /** The kernel's view ends a little before or after what is told here. */
  private static final long SLACK_NANOS = TimeUnit.SECONDS.toNanos(1);

  /** Times are nanoseconds of CLOCK_MONOTONIC. */
  private record Tenure(FlowEndpoint who, long from, long until, @Nullable Tenure before) {
    @Nullable FlowEndpoint at(long time) {
      if (time >= from) {
        return until == Long.MAX_VALUE || time - until <= SLACK_NANOS ? who : null;
      }
      // The kernel may know of the new one before it is told of here.
      return before != null && time <= before.until ? before.at(time) : who;
    }

    Tenure told(FlowEndpoint was, FlowEndpoint is) {
      var earlier = before == null ? null : before.told(was, is);
      return new Tenure(who.equals(was) ? is : who, from, until, earlier);
    }
  }

  private record Ended<K>(K key, long until) {}

  private final Map<K, Tenure> tenures = new ConcurrentHashMap<>();
  private final ArrayDeque<Ended<K>> ended = new ArrayDeque<>();
  private final LongSupplier monotonicNanos;

  Tenures() {
    this(System::nanoTime); // CLOCK_MONOTONIC in HotSpot on Linux
  }

  Tenures(LongSupplier monotonicNanos) {
    this.monotonicNanos = monotonicNanos;
  }

  /** From now on. */
  synchronized void put(K key, FlowEndpoint who) {
    long now = monotonicNanos.getAsLong();
    forget(now);
    var last = tenures.get(key);
    tenures.put(
        key, new Tenure(who, now, Long.MAX_VALUE, last == null ? null : past(key, last, now)));
  }

  /** Until now. */
  synchronized void remove(K key) {
    long now = monotonicNanos.getAsLong();
    forget(now);
    var last = tenures.get(key);
    if (last != null && last.until == Long.MAX_VALUE) {
      tenures.put(key, past(key, last, now));
    }
  }

  /** More became known of somebody: told of all the time that was theirs. */
  synchronized void tell(K key, FlowEndpoint was, FlowEndpoint is) {
    tenures.computeIfPresent(key, (_, tenure) -> tenure.told(was, is));
  }

  private Tenure past(K key, Tenure last, long now) {
    if (last.until != Long.MAX_VALUE) {
      return last;
    }
    ended.add(new Ended<>(key, now));
    return new Tenure(last.who, last.from, now, last.before);
  }

  private void forget(long now) {
    while (!ended.isEmpty() && now - ended.element().until > MEMORY_NANOS) {
      var gone = ended.remove();
      tenures.computeIfPresent(gone.key, (_, tenure) -> without(tenure, gone.until));
    }
  }

  private static @Nullable Tenure without(Tenure tenure, long until) {
    if (tenure.until <= until) {
      return null;
    }
    var before = tenure.before == null ? null : without(tenure.before, until);
    return new Tenure(tenure.who, tenure.from, tenure.until, before);
  }

  /** Null: nobody's. */
  @Nullable FlowEndpoint get(K key, long time) {
    var tenure = tenures.get(key);
    return tenure == null ? null : tenure.at(time);
  }

  /** How many keys are remembered. */
  int size() {
    return tenures.size();
  }
}
