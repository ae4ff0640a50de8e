package io.ovenet.lab.api;

import com.google.re2j.Pattern;
import java.time.DateTimeException;
import java.time.OffsetDateTime;
import java.util.UUID;

/** The named string formats of OpenAPI that an API server checks; an unknown name fits anything. */
final class Formats {
  private static final Pattern IPV4 =
      Pattern.compile("^((25[0-5]|2[0-4]\\d|1?\\d?\\d)(\\.|$)){4}$");
  private static final Pattern IPV6 = Pattern.compile("^[0-9a-fA-F:]{2,39}(:[0-9.]{7,15})?$");
  private static final Pattern DIGITS = Pattern.compile("^\\d{1,3}$");

  private Formats() {}

  static boolean matches(String format, String text) {
    return switch (format) {
      case "date-time" -> dateTime(text);
      case "ipv4" -> ipv4(text);
      case "ipv6" -> ipv6(text);
      case "ip" -> ipv4(text) || ipv6(text);
      case "cidr" -> cidr(text);
      case "uuid" -> uuid(text);
      default -> true;
    };
  }

  private static boolean dateTime(String text) {
    try {
      OffsetDateTime.parse(text);
      return true;
    } catch (DateTimeException e) {
      return false;
    }
  }

  private static boolean ipv4(String text) {
    return IPV4.matcher(text).matches() && !text.endsWith(".");
  }

  private static boolean ipv6(String text) {
    int doubles = text.split("::", -1).length - 1;
    int colons = (int) text.chars().filter(c -> c == ':').count();
    return IPV6.matcher(text).matches()
        && (doubles == 1 || (doubles == 0 && (colons == 7 || text.indexOf('.') > 0)))
        && colons <= 8;
  }

  private static boolean cidr(String text) {
    int slash = text.indexOf('/');
    if (slash < 0 || !DIGITS.matcher(text.substring(slash + 1)).matches()) {
      return false;
    }
    int bits = Integer.parseInt(text.substring(slash + 1));
    String address = text.substring(0, slash);
    return (ipv4(address) && bits <= 32) || (ipv6(address) && bits <= 128);
  }

  private static boolean uuid(String text) {
    try {
      return UUID.fromString(text).toString().equalsIgnoreCase(text);
    } catch (IllegalArgumentException e) {
      return false;
    }
  }
}
