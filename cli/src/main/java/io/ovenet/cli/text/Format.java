package io.ovenet.cli.text;

import java.util.Locale;

/** How to print. */
public enum Format {
  TEXT,
  JSON;

  @Override
  public String toString() {
    return name().toLowerCase(Locale.ROOT);
  }
}
