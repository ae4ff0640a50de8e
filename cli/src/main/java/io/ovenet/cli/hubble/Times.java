package io.ovenet.cli.hubble;

import com.google.protobuf.Timestamp;
import java.math.BigDecimal;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Times as people name them: {@code 5m} ago, or a date. */
final class Times {
  private static final Pattern PART = Pattern.compile("([0-9]+(?:\\.[0-9]*)?)(ns|us|µs|ms|s|m|h)");

  private Times() {}

  /**
   * A moment.
   *
   * @param option named in the error
   */
  static Timestamp parse(String text, String option, Instant now) {
    Instant time = moment(text, option, now);
    return Timestamp.newBuilder()
        .setSeconds(time.getEpochSecond())
        .setNanos(time.getNano())
        .build();
  }

  private static Instant moment(String text, String option, Instant now) {
    Matcher part = PART.matcher(text);
    long nanos = 0;
    int end = 0;
    while (part.find() && part.start() == end) {
      nanos +=
          new BigDecimal(part.group(1))
              .multiply(BigDecimal.valueOf(nanosOf(part.group(2))))
              .longValue();
      end = part.end();
    }
    if (end > 0 && end == text.length()) {
      return now.minus(Duration.ofNanos(nanos));
    }
    try {
      return text.indexOf('T') < 0
          ? LocalDate.parse(text).atStartOfDay(ZoneOffset.UTC).toInstant()
          : OffsetDateTime.parse(text, DateTimeFormatter.ISO_OFFSET_DATE_TIME).toInstant();
    } catch (DateTimeException e) {
      throw new HubbleException(
          option
              + " "
              + text
              + ": a time is either so long ago (5m, 1h30m) or a date (2026-01-31,"
              + " 2026-01-31T12:00:00Z)",
          e);
    }
  }

  private static long nanosOf(String unit) {
    return switch (unit) {
      case "ns" -> 1L;
      case "us", "µs" -> 1_000L;
      case "ms" -> 1_000_000L;
      case "s" -> 1_000_000_000L;
      case "m" -> 60_000_000_000L;
      default -> 3_600_000_000_000L;
    };
  }
}
