package io.ovenet.flow;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Reads DNS messages (RFC 1035, 3596) that anybody may have sent: any bytes are a message or none,
 * after a number of steps that their length bounds. What is cut off is read as far as it goes.
 *
 * <p>For one thread.
 */
final class DnsDecoder {
  private static final int HEADER = 12;
  private static final int MAX_NAME = 255;
  private static final int MAX_ANSWERS = 32;
  private static final int A = 1;
  private static final int CNAME = 5;
  private static final int AAAA = 28;
  private static final int INTERNET = 1;
  private static final long MAPPED = 0xffff_0000_0000L;

  private final byte[] name = new byte[4 * MAX_NAME];
  private byte[] message = {};
  private int end;
  private int at;
  private int nameLength;

  /**
   * Reads a message.
   *
   * @param length bytes of it that there are
   * @return null where it is none: no single question, or one without a name
   */
  @Nullable Dns decode(byte[] bytes, int length) {
    message = bytes;
    end = Math.min(length, bytes.length);
    if (end < HEADER || u16(4) != 1) {
      return null;
    }
    int flags = u16(2);
    boolean response = (flags & 0x8000) != 0;
    if ((flags & 0x7800) != 0) {
      return null; // not a query: updates and notifications ask for nothing
    }
    at = HEADER;
    if (!name() || at + 4 > end) {
      return null;
    }
    String query = text();
    int type = u16(at);
    at += 4;
    if (!response) {
      return new Dns(
          false, u16(0), query, List.of(type(type)), List.of(), 0, List.of(), 0, List.of(), 0);
    }
    return answers(query, type, flags & 0xf);
  }

  private Dns answers(String query, int type, int rcode) {
    var ips = new ArrayList<Dns.Address>();
    var aliases = new ArrayList<String>();
    var types = new ArrayList<String>();
    long ttl = Long.MAX_VALUE;
    int count = Math.min(u16(6), MAX_ANSWERS);
    for (int i = 0; i < count && name() && at + 10 <= end; i++) {
      int answer = u16(at);
      boolean internet = u16(at + 2) == INTERNET;
      long lifetime = u32(at + 4);
      int size = u16(at + 8);
      at += 10;
      if (at + size > end) {
        break;
      }
      int next = at + size;
      if (internet) {
        types.add(type(answer));
        ttl = Math.min(ttl, lifetime);
        if (answer == A && size == 4) {
          ips.add(new Dns.Address(0, MAPPED | u32(at)));
        } else if (answer == AAAA && size == 16) {
          ips.add(new Dns.Address(u32(at) << 32 | u32(at + 4), u32(at + 8) << 32 | u32(at + 12)));
        } else if (answer == CNAME && name()) {
          aliases.add(text());
        }
      }
      at = next;
    }
    return new Dns(
        true,
        u16(0),
        query,
        List.of(type(type)),
        List.copyOf(ips),
        ttl == Long.MAX_VALUE ? 0 : (int) Math.min(ttl, Integer.MAX_VALUE),
        List.copyOf(aliases),
        rcode,
        List.copyOf(types),
        0);
  }

  /**
   * Reads the name that is next, and goes behind it. Labels point backwards only, so that nothing
   * goes round in circles.
   */
  private boolean name() {
    int from = at;
    int behind = -1;
    int wire = 0;
    nameLength = 0;
    while (from < end) {
      int size = message[from] & 0xff;
      if (size == 0) {
        at = behind < 0 ? from + 1 : behind;
        return true;
      }
      if ((size & 0xc0) == 0xc0) {
        int to = from + 1 < end ? (size & 0x3f) << 8 | (message[from + 1] & 0xff) : end;
        if (to >= from) {
          return false;
        }
        behind = behind < 0 ? from + 2 : behind;
        from = to;
        continue;
      }
      wire += size + 1;
      if (size > 63 || from + size >= end || wire > MAX_NAME) {
        return false;
      }
      for (int i = from + 1; i <= from + size; i++) {
        put(message[i] & 0xff);
      }
      name[nameLength++] = '.';
      from += size + 1;
    }
    return false;
  }

  /** In lower case; as RFC 4343 writes it where it is no letter, digit, hyphen or underscore. */
  private void put(int octet) {
    if (octet >= 'A' && octet <= 'Z') {
      name[nameLength++] = (byte) (octet + 'a' - 'A');
    } else if ((octet >= 'a' && octet <= 'z')
        || (octet >= '0' && octet <= '9')
        || octet == '-'
        || octet == '_'
        || octet == '*') {
      name[nameLength++] = (byte) octet;
    } else {
      name[nameLength++] = '\\';
      name[nameLength++] = (byte) ('0' + octet / 100);
      name[nameLength++] = (byte) ('0' + octet / 10 % 10);
      name[nameLength++] = (byte) ('0' + octet % 10);
    }
  }

  private String text() {
    return nameLength == 0 ? "." : new String(name, 0, nameLength, StandardCharsets.US_ASCII);
  }

  private int u16(int index) {
    return (message[index] & 0xff) << 8 | (message[index + 1] & 0xff);
  }

  private long u32(int index) {
    return (long) u16(index) << 16 | u16(index + 2);
  }

  private static String type(int number) {
    return switch (number) {
      case A -> "A";
      case 2 -> "NS";
      case CNAME -> "CNAME";
      case 6 -> "SOA";
      case 12 -> "PTR";
      case 15 -> "MX";
      case 16 -> "TXT";
      case AAAA -> "AAAA";
      case 33 -> "SRV";
      case 35 -> "NAPTR";
      case 64 -> "SVCB";
      case 65 -> "HTTPS";
      case 255 -> "ANY";
      default -> "TYPE" + number;
    };
  }
}
