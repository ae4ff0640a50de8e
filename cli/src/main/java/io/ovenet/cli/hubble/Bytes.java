package io.ovenet.cli.hubble;

import java.util.Locale;

/** Numbers of bytes as people read them. */
final class Bytes {
  private static final String[] UNITS = {"KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};

  private Bytes() {}

  /** {@code 512}, {@code 1.5 KiB}, {@code 20.0 GiB}. */
  static String text(long bytes) {
    double number = bytes;
    int unit = -1;
    while (number >= 1024 && unit + 1 < UNITS.length) {
      number /= 1024;
      unit++;
    }
    return unit < 0
        ? Long.toString(bytes)
        : String.format(Locale.ROOT, "%.1f %s", number, UNITS[unit]);
  }
}
