package io.ovenet.cli.hubble;

import java.io.Console;
import java.util.Locale;

/** Colours of a terminal, or none. What is painted has to be free of control characters. */
final class Paint {
  private static final String RESET = "\u001b[0m";
  private static final int RED = 31;
  private static final int GREEN = 32;
  private static final int YELLOW = 33;
  private static final int MAGENTA = 35;
  private static final int CYAN = 36;

  private final boolean on;

  private Paint(boolean on) {
    this.on = on;
  }

  /** {@code always}, {@code never}, or {@code auto}: only where a person reads. */
  static Paint of(String when) {
    return switch (when.toLowerCase(Locale.ROOT)) {
      case "always" -> new Paint(true);
      case "never" -> new Paint(false);
      case "auto" -> new Paint(toTerminal());
      default -> throw new HubbleException("--color " + when + ": auto, always or never");
    };
  }

  /** See https://no-color.org. */
  @SuppressWarnings("SystemConsoleNull") // JDK 22 to 24 alone always had one
  private static boolean toTerminal() {
    Console console = System.console();
    String noColor = System.getenv("NO_COLOR");
    return (noColor == null || noColor.isEmpty())
        && !"dumb".equals(System.getenv("TERM"))
        && console != null
        && console.isTerminal();
  }

  private String paint(int colour, String text) {
    return on ? "\u001b[" + colour + "m" + text + RESET : text;
  }

  String host(String text) {
    return paint(CYAN, text);
  }

  String port(String text) {
    return paint(YELLOW, text);
  }

  String identity(String text) {
    return paint(MAGENTA, text);
  }

  String good(String text) {
    return paint(GREEN, text);
  }

  String bad(String text) {
    return paint(RED, text);
  }

  String noted(String text) {
    return paint(YELLOW, text);
  }
}
