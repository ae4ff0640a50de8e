package io.ovenet.bench;

import java.util.Arrays;
import java.util.List;

/** Durations of one thing done many times; milliseconds. */
record Times(double p50, double p90, double p99, double max, int count) {
  static Times of(List<Long> nanos) {
    double[] sorted = nanos.stream().mapToDouble(n -> n / 1e6).toArray();
    Arrays.sort(sorted);
    return new Times(
        round(Ratios.percentile(sorted, 0.5)),
        round(Ratios.percentile(sorted, 0.9)),
        round(Ratios.percentile(sorted, 0.99)),
        round(sorted[sorted.length - 1]),
        sorted.length);
  }

  private static double round(double millis) {
    return Math.round(millis * 1000) / 1000.0;
  }

  @Override
  public String toString() {
    return "p50 %8.2f   p90 %8.2f   p99 %8.2f   most %8.2f   (%d)"
        .formatted(p50, p90, p99, max, count);
  }
}
