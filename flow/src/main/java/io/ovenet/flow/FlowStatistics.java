package io.ovenet.flow;

import com.google.common.collect.Interner;
import com.google.common.collect.Interners;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * What is known of the flows as a whole: how many, how many a second, of which namespaces. Written
 * by the thread that reads events, read by any.
 */
public final class FlowStatistics {
  private static final int WINDOW_SECONDS = 60;
  private static final long NAMESPACE_NANOS = TimeUnit.HOURS.toNanos(1);

  /** A namespace of a cluster. */
  public record Place(String cluster, String namespace) {
    private static final Interner<Place> KNOWN = Interners.newWeakInterner();

    /** One object for all endpoints of a namespace: a flow's look at it is then no miss. */
    static Place of(String cluster, String namespace) {
      return KNOWN.intern(new Place(cluster, namespace));
    }

    // Written out: generated methods of a key are many times slower in what the agent's compiler
    // makes.
    @Override
    public boolean equals(@Nullable Object other) {
      return this == other
          || (other instanceof Place that
              && namespace.equals(that.namespace)
              && cluster.equals(that.cluster));
    }

    @Override
    public int hashCode() {
      return 31 * namespace.hashCode() + cluster.hashCode();
    }
  }

  private final ConcurrentHashMap<Place, AtomicLong> lastSeen = new ConcurrentHashMap<>();
  private final long[] perSecond = new long[WINDOW_SECONDS];
  private final long startedAt;
  private long second;
  private long total;

  /**
   * From now on.
   *
   * @param now nanoseconds since 1970
   */
  public FlowStatistics(long now) {
    this.startedAt = now;
    this.second = TimeUnit.NANOSECONDS.toSeconds(now);
  }

  /** Notes the namespaces of a flow. */
  public void seen(FlowRecord flow) {
    seen(flow.source().place(), flow.time());
    seen(flow.destination().place(), flow.time());
  }

  private void seen(Place place, long time) {
    if (place.namespace().isEmpty()) {
      return;
    }
    AtomicLong last = lastSeen.get(place);
    if (last == null) {
      lastSeen.put(place, new AtomicLong(time));
    } else {
      last.setPlain(time);
    }
  }

  /** Counts flows, once for many. */
  synchronized void flows(long now, long count) {
    advance(TimeUnit.NANOSECONDS.toSeconds(now));
    perSecond[(int) (second % WINDOW_SECONDS)] += count;
    total += count;
  }

  private void advance(long to) {
    if (to < second - WINDOW_SECONDS || to > second + WINDOW_SECONDS) {
      java.util.Arrays.fill(perSecond, 0); // a pause, or the time of day jumped
      second = to;
    }
    while (second < to) {
      second++;
      perSecond[(int) (second % WINDOW_SECONDS)] = 0;
    }
  }

  /** Flows ever. */
  public synchronized long total() {
    return total;
  }

  /** Flows a second, over the last minute or as long as this runs. */
  public synchronized double rate(long now) {
    advance(TimeUnit.NANOSECONDS.toSeconds(now));
    long sum = 0;
    for (long count : perSecond) {
      sum += count;
    }
    double seconds = (double) (now - startedAt) / TimeUnit.SECONDS.toNanos(1);
    return sum / Math.max(1, Math.min(WINDOW_SECONDS, seconds));
  }

  public long uptimeNanos(long now) {
    return Math.max(0, now - startedAt);
  }

  /** Namespaces that flows of the last hour named, by cluster, then name. */
  public List<Place> namespaces(long now) {
    lastSeen.values().removeIf(last -> now - last.get() > NAMESPACE_NANOS);
    return lastSeen.keySet().stream()
        .sorted(Comparator.comparing(Place::cluster).thenComparing(Place::namespace))
        .toList();
  }
}
