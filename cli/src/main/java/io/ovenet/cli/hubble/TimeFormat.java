package io.ovenet.cli.hubble;

import com.google.protobuf.Timestamp;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.Locale;

/** How times are shown, by the names that Hubble gives the forms. Always UTC. */
enum TimeFormat {
  StampMilli("MMM ppd HH:mm:ss.SSS", false),
  YearMonthDay("uuuu-MM-dd", false),
  YearMonthDayHour("uuuu-MM-dd'T'HH'Z'", false),
  YearMonthDayHourMinute("uuuu-MM-dd'T'HH:mm'Z'", false),
  RFC3339("uuuu-MM-dd'T'HH:mm:ss'Z'", false),
  RFC3339Milli("uuuu-MM-dd'T'HH:mm:ss.SSS'Z'", true),
  RFC3339Micro("uuuu-MM-dd'T'HH:mm:ss.SSSSSS'Z'", true),
  RFC3339Nano("uuuu-MM-dd'T'HH:mm:ss.SSSSSSSSS'Z'", true),
  RFC1123Z("EEE, dd MMM uuuu HH:mm:ss '+0000'", false);

  private final DateTimeFormatter formatter;

  /** Zeros at the end of the fraction are left out. */
  private final boolean shortened;

  TimeFormat(String pattern, boolean shortened) {
    formatter = DateTimeFormatter.ofPattern(pattern, Locale.ENGLISH).withZone(ZoneOffset.UTC);
    this.shortened = shortened;
  }

  String format(Timestamp time) {
    String text = formatter.format(Instant.ofEpochSecond(time.getSeconds(), time.getNanos()));
    return shortened ? text.replaceFirst("\\.?0*Z$", "Z") : text;
  }
}
