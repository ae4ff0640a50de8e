package io.ovenet.agent;

import io.ovenet.datapath.Reporting;
import java.time.Duration;
import java.util.List;
import java.util.Locale;

/** The keys {@code monitor-aggregation}, {@code …-interval} and {@code …-flags}. */
final class MonitorAggregation {
  private static final List<String> FLAGS =
      List.of("fin", "syn", "rst", "psh", "ack", "urg", "ece", "cwr");

  private MonitorAggregation() {}

  /**
   * What the keys mean, least aggregated first: {@code none} tells of each packet where it comes in
   * and where it goes on, {@code lowest} and {@code low} only where it goes on, {@code medium} and
   * {@code maximum} of connections: their begin, end and answers, and once an interval.
   */
  static Reporting reporting(String level, String interval, String flags) {
    int tcpFlags = flags(flags);
    Duration often = interval(interval);
    return switch (level.toLowerCase(Locale.ROOT)) {
      case "none", "disabled", "0" -> new Reporting(true, Duration.ZERO, tcpFlags);
      case "lowest", "1", "low", "2" -> new Reporting(false, Duration.ZERO, tcpFlags);
      case "medium", "3", "max", "maximum", "4" -> new Reporting(false, often, tcpFlags);
      default ->
          throw new ConfigException(
              "monitor-aggregation",
              "'" + level + "' is unknown",
              "set none, lowest, low, medium or maximum");
    };
  }

  private static Duration interval(String text) {
    Duration interval = GoDuration.parse(text);
    if (interval != null && interval.isPositive() && interval.compareTo(Reporting.LONGEST) <= 0) {
      return interval;
    }
    throw new ConfigException(
        "monitor-aggregation-interval",
        "'" + text + "' is no interval",
        "set a duration of at most an hour, such as 5s");
  }

  private static int flags(String text) {
    int bits = 0;
    for (String name : text.toLowerCase(Locale.ROOT).strip().split("[\\s,]+", -1)) {
      int at = FLAGS.indexOf(name);
      if (name.equals("all")) {
        bits |= Reporting.FIN | Reporting.SYN | Reporting.RST;
      } else if (at >= 0) {
        bits |= 1 << at;
      } else if (!name.isEmpty() && !name.equals("none")) {
        throw new ConfigException(
            "monitor-aggregation-flags",
            "'" + name + "' is no TCP flag",
            "set all (syn, fin and rst), none, or names out of " + String.join(", ", FLAGS));
      }
    }
    return bits;
  }
}
