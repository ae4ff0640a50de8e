package io.ovenet.cli.text;

/** Text from the network on its way to a terminal. */
public final class Terminal {
  private Terminal() {}

  /**
   * With every control character, C1 included, in caret notation: none reaches the terminal, which
   * would take some as commands.
   */
  public static String safe(String text) {
    for (int i = 0; i < text.length(); i++) {
      if (Character.isISOControl(text.charAt(i))) {
        return escape(text);
      }
    }
    return text;
  }

  private static String escape(String text) {
    var safe = new StringBuilder();
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (c < 0x20 || c == 0x7f) {
        safe.append('^').append((char) (c ^ 0x40));
      } else if (c < 0xa0 && c > 0x7f) {
        safe.append("M-^").append((char) (c - 0x40));
      } else {
        safe.append(c);
      }
    }
    return safe.toString();
  }
}
