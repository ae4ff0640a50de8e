package io.ovenet.bench;

import java.util.Arrays;
import java.util.List;

/**
 * The median of the rounds' ratios with its 95 % interval by order statistics (binomial, p = 0.5;
 * Conover, Practical Nonparametric Statistics, 3.2), which assumes nothing about the noise.
 */
record Ratios(double median, double low, double high, int rounds) {

  static Ratios of(List<Double> ratios) {
    double[] sorted = ratios.stream().mapToDouble(Double::doubleValue).toArray();
    Arrays.sort(sorted);
    int n = sorted.length;
    int rank = Math.max(0, (int) Math.floor(n / 2.0 - 1.96 * Math.sqrt(n) / 2));
    return new Ratios(percentile(sorted, 0.5), sorted[rank], sorted[n - 1 - rank], n);
  }

  /** Linear between the closest ranks; {@code sorted} ascending and not empty. */
  static double percentile(double[] sorted, double p) {
    double at = p * (sorted.length - 1);
    int below = (int) at;
    int above = Math.min(below + 1, sorted.length - 1);
    return sorted[below] + (at - below) * (sorted[above] - sorted[below]);
  }

  @Override
  public String toString() {
    return "%.3f [%.3f, %.3f] of %d rounds".formatted(median, low, high, rounds);
  }
}
