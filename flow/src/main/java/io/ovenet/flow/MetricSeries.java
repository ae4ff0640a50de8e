package io.ovenet.flow;

import io.ovenet.metrics.MetricsText;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * A counter with labels: one number for each combination of their values. Counted by one thread,
 * without garbage for a combination that is known; read by any.
 *
 * <p>Combinations beyond the limit are not made. What they would have counted is counted as cut, so
 * nobody takes the sum for the whole.
 */
final class MetricSeries {
  private final String name;
  private final String help;
  private final List<String> labels;
  private final int limit;
  private final ConcurrentHashMap<Values, Count> counts = new ConcurrentHashMap<>();
  private final AtomicLong cut = new AtomicLong();
  private final Values probe;

  /** A number, and the flow by which it is what it is. */
  private static final class Count extends AtomicLong {
    private static final long serialVersionUID = 1;

    /** Read as it happens to be: any of the latest flows is an example. */
    private long sequence;
  }

  /** Values of all labels, in their order. */
  private static final class Values {
    private final String[] values;

    Values(String[] values) {
      this.values = values;
    }

    @Override
    public int hashCode() {
      return Arrays.hashCode(values);
    }

    @Override
    public boolean equals(@Nullable Object other) {
      return other instanceof Values that && Arrays.equals(values, that.values);
    }
  }

  /**
   * Without any combination so far.
   *
   * @param name without {@code _total}
   */
  MetricSeries(String name, String help, List<String> labels, int limit) {
    this.name = name;
    this.help = help;
    this.labels = List.copyOf(labels);
    this.limit = limit;
    this.probe = new Values(new String[labels.size()]);
  }

  String name() {
    return name;
  }

  /** The values to fill in before {@link #count}; by the one thread that counts. */
  String[] values() {
    return probe.values;
  }

  /** Counts a flow for what {@link #values} holds. */
  void count(FlowRecord flow) {
    Count count = counts.get(probe);
    if (count == null) {
      if (counts.size() >= limit) {
        cut.lazySet(cut.getPlain() + 1);
        return;
      }
      count = new Count();
      counts.put(new Values(probe.values.clone()), count);
    }
    count.sequence = flow.sequence();
    count.lazySet(count.getPlain() + 1);
  }

  /** What the limit cut off. */
  long cut() {
    return cut.get();
  }

  /** With one of the flows that were counted last as an example, {@code flow_uuid}. */
  void write(MetricsText to, FlowUuids uuids) {
    to.counter(name, help);
    counts.forEach(
        (values, count) -> {
          to.sample(name + "_total", labels, values.values, (double) count.get());
          to.exemplar("flow_uuid", uuids.of(count.sequence).toString());
        });
  }
}
