package io.ovenet.cli.doctor;

/**
 * One thing that was looked at.
 *
 * @param required whether Ovenet doesn't work without it
 * @param detail what was found, or what was said in its place
 * @param remedy how to get it
 */
record Finding(
    String area, String name, boolean present, boolean required, String detail, String remedy) {

  boolean isFault() {
    return required && !present;
  }

  String line() {
    String mark = present ? "✓" : required ? "✗" : "–";
    String rest = present ? detail : detail + (remedy.isEmpty() ? "" : " → " + remedy);
    return "  %s %-22s %s".formatted(mark, name, rest);
  }
}
