package io.ovenet.flow;

import java.net.Inet4Address;
import java.net.InetAddress;

/**
 * Addresses as two big-endian numbers, IPv4 as ::ffff:a.b.c.d, and their text: dotted, or as RFC
 * 5952 says.
 */
public final class Addresses {
  static final long MAPPED = 0x0000ffff_00000000L;
  private static final long IPV4_MASK = 0xffffffffL;
  private static final int GROUPS = 8;

  private Addresses() {}

  public static boolean isIpv4(long high, long low) {
    return high == 0 && (low & ~IPV4_MASK) == MAPPED;
  }

  /** Halves of an address: high, low. */
  public static long[] halves(InetAddress address) {
    byte[] bytes = address.getAddress();
    if (address instanceof Inet4Address) {
      return new long[] {0, MAPPED | Integer.toUnsignedLong(intAt(bytes, 0))};
    }
    return new long[] {longAt(bytes, 0), longAt(bytes, 8)};
  }

  private static int intAt(byte[] bytes, int at) {
    return (bytes[at] & 0xff) << 24
        | (bytes[at + 1] & 0xff) << 16
        | (bytes[at + 2] & 0xff) << 8
        | (bytes[at + 3] & 0xff);
  }

  private static long longAt(byte[] bytes, int at) {
    return (long) intAt(bytes, at) << 32 | Integer.toUnsignedLong(intAt(bytes, at + 4));
  }

  public static String text(long high, long low) {
    if (isIpv4(high, low)) {
      return (low >>> 24 & 0xff)
          + "."
          + (low >>> 16 & 0xff)
          + "."
          + (low >>> 8 & 0xff)
          + "."
          + (low & 0xff);
    }
    int[] groups = new int[GROUPS];
    for (int i = 0; i < 4; i++) {
      groups[i] = (int) (high >>> (48 - 16 * i)) & 0xffff;
      groups[i + 4] = (int) (low >>> (48 - 16 * i)) & 0xffff;
    }
    int zeros = 0;
    int zerosAt = -1;
    for (int i = 0; i < GROUPS; i++) {
      int run = 0;
      while (i + run < GROUPS && groups[i + run] == 0) {
        run++;
      }
      if (run > zeros && run > 1) {
        zeros = run;
        zerosAt = i;
      }
      i += Math.max(run - 1, 0);
    }
    var text = new StringBuilder();
    for (int i = 0; i < GROUPS; i++) {
      if (i == zerosAt) {
        text.append("::");
        i += zeros - 1;
      } else {
        if (!text.isEmpty() && text.charAt(text.length() - 1) != ':') {
          text.append(':');
        }
        text.append(Integer.toHexString(groups[i]));
      }
    }
    return text.toString();
  }

  static void writeText(ProtoWriter writer, int field, long high, long low) {
    if (!isIpv4(high, low)) {
      writer.string(field, text(high, low));
      return;
    }
    int end = writer.length();
    for (int shift = 0; shift < 32; shift += 8) {
      if (shift > 0) {
        writer.raw('.');
      }
      writer.decimal((int) (low >>> shift) & 0xff);
    }
    writer.nest(field, end);
  }

  static void writeMac(ProtoWriter writer, int field, long mac) {
    int end = writer.length();
    for (int shift = 0; shift < 48; shift += 8) {
      if (shift > 0) {
        writer.raw(':');
      }
      writer.hex(mac >>> shift, 2);
    }
    writer.nest(field, end);
  }
}
