package io.ovenet.agent;

import java.time.Duration;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Durations as Go writes them, such as {@code 5s} or {@code 1m30s}. */
final class GoDuration {
  private static final Pattern UNIT =
      Pattern.compile("([0-9]{1,9}(?:\\.[0-9]{1,9})?)(ns|us|µs|μs|ms|s|m|h)");
  private static final Pattern DURATION = Pattern.compile("(?:" + UNIT.pattern() + "){1,9}");

  private GoDuration() {}

  /** To the millisecond; null if it is none. */
  static @Nullable Duration parse(String text) {
    if (text.equals("0")) {
      return Duration.ZERO;
    }
    if (!DURATION.matcher(text).matches()) {
      return null;
    }
    double seconds = 0;
    var parts = UNIT.matcher(text);
    while (parts.find()) {
      double number = Double.parseDouble(parts.group(1));
      seconds +=
          switch (parts.group(2)) {
            case "ns" -> number / 1e9;
            case "us", "µs", "μs" -> number / 1e6;
            case "ms" -> number / 1000;
            case "s" -> number;
            case "m" -> number * 60;
            default -> number * 3600;
          };
    }
    return Duration.ofMillis((long) (seconds * 1000));
  }
}
