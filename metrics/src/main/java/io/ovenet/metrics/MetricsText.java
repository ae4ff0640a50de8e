package io.ovenet.metrics;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/**
 * Metrics as text: Prometheus' own format 0.0.4, or OpenMetrics 1.0. For one thread.
 *
 * @see <a href="https://prometheus.io/docs/specs/om/open_metrics_spec/">OpenMetrics 1.0</a>
 */
public final class MetricsText {
  private static final List<String> NONE = List.of();
  private static final String[] NO_VALUES = {};

  private final StringBuilder text = new StringBuilder(16_384);
  private final boolean openMetrics;

  public MetricsText(boolean openMetrics) {
    this.openMetrics = openMetrics;
  }

  /** Begins a counter; its samples have {@code _total} behind the name. */
  public void counter(String name, String help) {
    String family = openMetrics ? name : name + "_total";
    head(family, help, "counter");
  }

  public void gauge(String name, String help) {
    head(name, help, "gauge");
  }

  /** Begins a histogram. */
  public void histogram(String name, String help) {
    head(name, help, "histogram");
  }

  private void head(String family, String help, String type) {
    text.append("# HELP ").append(family).append(' ').append(help).append('\n');
    text.append("# TYPE ").append(family).append(' ').append(type).append('\n');
  }

  public void sample(String name, double value) {
    sample(name, NONE, NO_VALUES, value);
  }

  /** One sample; labels and values in the same order. */
  public void sample(String name, List<String> labels, String[] values, double value) {
    text.append(name);
    if (!labels.isEmpty()) {
      char separator = '{';
      for (int i = 0; i < values.length; i++) {
        text.append(separator).append(labels.get(i)).append("=\"");
        escape(values[i]);
        text.append('"');
        separator = ',';
      }
      text.append('}');
    }
    text.append(' ');
    if (value == Math.rint(value) && Math.abs(value) < 1e15) {
      text.append((long) value);
    } else {
      text.append(String.format(Locale.ROOT, "%s", value));
    }
    text.append('\n');
  }

  /** An example of what the last sample counts; only OpenMetrics can say it. */
  public void exemplar(String label, String value) {
    if (openMetrics) {
      text.setLength(text.length() - 1);
      text.append(" # {").append(label).append("=\"");
      escape(value);
      text.append("\"} 1\n");
    }
  }

  private void escape(String value) {
    for (int i = 0; i < value.length(); i++) {
      char c = value.charAt(i);
      switch (c) {
        case '\\' -> text.append("\\\\");
        case '"' -> text.append("\\\"");
        case '\n' -> text.append("\\n");
        default -> text.append(c);
      }
    }
  }

  /**
   * The buckets, sum and count of one series of a histogram.
   *
   * @param bounds upper ones, ascending, without infinity
   * @param counts of each bucket by itself, one more than bounds
   */
  public void buckets(
      String name,
      List<String> labels,
      String[] values,
      double[] bounds,
      long[] counts,
      double sum) {
    var all = new java.util.ArrayList<>(labels);
    all.add("le");
    String[] bucket = Arrays.copyOf(values, values.length + 1);
    long below = 0;
    for (int i = 0; i < counts.length; i++) {
      below += counts[i];
      bucket[values.length] = i < bounds.length ? Double.toString(bounds[i]) : "+Inf";
      sample(name + "_bucket", all, bucket, (double) below);
    }
    sample(name + "_sum", labels, values, sum);
    sample(name + "_count", labels, values, (double) below);
  }

  /** All of it. */
  public String finish() {
    return openMetrics ? text.append("# EOF\n").toString() : text.toString();
  }
}
