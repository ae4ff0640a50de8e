package io.ovenet.cli.hubble;

/** Durations as Go writes them: {@code 25h1m1s}, {@code 1.5s}, {@code 12.3ms}. */
final class GoDuration {
  private static final long SECOND = 1_000_000_000L;

  private GoDuration() {}

  /**
   * The shortest exact form.
   *
   * @param nanos not negative
   */
  static String of(long nanos) {
    if (nanos == 0) {
      return "0s";
    }
    if (nanos < 1000) {
      return nanos + "ns";
    }
    if (nanos < 1_000_000) {
      return fraction(nanos, 1000) + "µs";
    }
    if (nanos < SECOND) {
      return fraction(nanos, 1_000_000) + "ms";
    }
    long minutes = nanos / (60 * SECOND);
    String seconds = fraction(nanos % (60 * SECOND), SECOND) + "s";
    if (minutes == 0) {
      return seconds;
    }
    return minutes < 60
        ? minutes + "m" + seconds
        : minutes / 60 + "h" + minutes % 60 + "m" + seconds;
  }

  private static String fraction(long value, long unit) {
    long rest = value % unit;
    if (rest == 0) {
      return Long.toString(value / unit);
    }
    String digits = Long.toString(unit + rest).substring(1);
    return value / unit + "." + digits.replaceFirst("0+$", "");
  }
}
