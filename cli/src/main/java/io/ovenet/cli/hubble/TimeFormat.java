package io.ovenet.cli.hubble;

import com.google.protobuf.Timestamp;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.Locale;

/** How times are shown, by the names that Hubble gives the forms. Always UTC. */
enum TimeFormat {
  StampMilli("MMM ppd HH:mm:ss.SSS"),
  RFC3339("uuuu-MM-dd'T'HH:mm:ss'Z'"),
  RFC3339Milli("uuuu-MM-dd'T'HH:mm:ss.SSS'Z'"),
  RFC3339Micro("uuuu-MM-dd'T'HH:mm:ss.SSSSSS'Z'"),
  RFC3339Nano("uuuu-MM-dd'T'HH:mm:ss.SSSSSSSSS'Z'"),
  YearMonthDay("uuuu-MM-dd");

  private final DateTimeFormatter formatter;

  TimeFormat(String pattern) {
    formatter = DateTimeFormatter.ofPattern(pattern, Locale.ENGLISH).withZone(ZoneOffset.UTC);
  }

  String format(Timestamp time) {
    return formatter.format(Instant.ofEpochSecond(time.getSeconds(), time.getNanos()));
  }
}
