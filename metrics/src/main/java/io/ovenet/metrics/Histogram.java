package io.ovenet.metrics;

import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentSkipListMap;

/** Durations by one label's value. Safe for any thread. */
public final class Histogram {
  private final String name;
  private final String help;
  private final String label;
  private final double[] bounds;
  private final Map<String, Series> series = new ConcurrentSkipListMap<>();

  private static final class Series {
    private final long[] counts;
    private double sum;

    Series(int buckets) {
      counts = new long[buckets];
    }
  }

  /**
   * Empty.
   *
   * @param bounds seconds, ascending
   */
  public Histogram(String name, String help, String label, double... bounds) {
    this.name = name;
    this.help = help;
    this.label = label;
    this.bounds = bounds.clone();
  }

  /** Adds a duration. */
  public void observe(String value, double seconds) {
    Series of = series.computeIfAbsent(value, _ -> new Series(bounds.length + 1));
    int bucket = 0;
    while (bucket < bounds.length && seconds > bounds[bucket]) {
      bucket++;
    }
    synchronized (of) {
      of.counts[bucket]++;
      of.sum += seconds;
    }
  }

  /** Writes all of it. */
  public void write(MetricsText to) {
    to.histogram(name, help);
    series.forEach(
        (value, of) -> {
          long[] counts;
          double sum;
          synchronized (of) {
            counts = of.counts.clone();
            sum = of.sum;
          }
          to.buckets(name, List.of(label), new String[] {value}, bounds, counts, sum);
        });
  }
}
