package io.ovenet.lab;

import java.net.Inet4Address;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Locale;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Answers one DNS request (RFC 1035, section 4) for addresses of names. All numbers are big endian.
 */
final class DnsAnswer {
  private static final int HEADER = 12;
  private static final int TYPE_A = 1;
  private static final int TYPE_ANY = 255;
  private static final int CLASS_IN = 1;
  private static final int TTL_SECONDS = 5;

  private static final int RESPONSE = 0x8000;
  private static final int AUTHORITATIVE = 0x0400;
  private static final int RECURSION_DESIRED = 0x0100;
  private static final int OPCODE = 0x7800;

  private static final int FORMAT_ERROR = 1;
  private static final int NAME_ERROR = 3;
  private static final int NOT_IMPLEMENTED = 4;
  private static final int REFUSED = 5;

  private DnsAnswer() {}

  /**
   * The answer, or null for what is no request and so gets none.
   *
   * @param zone names below which there is nobody else to ask, such as {@code cluster.local}
   * @param lookup the addresses of a name in lower case without the last dot; null for a name that
   *     doesn't exist
   */
  static byte @Nullable [] to(
      byte[] request, String zone, Function<String, @Nullable List<Inet4Address>> lookup) {
    ByteBuffer in = ByteBuffer.wrap(request);
    if (request.length < HEADER || (in.getShort(2) & RESPONSE) != 0) {
      return null;
    }
    int flags = in.getShort(2);
    if ((flags & OPCODE) != 0) {
      return answer(request, HEADER, NOT_IMPLEMENTED, List.of());
    }
    if (in.getShort(4) != 1) {
      return answer(request, HEADER, FORMAT_ERROR, List.of());
    }
    String name;
    int type;
    int kind;
    try {
      in.position(HEADER);
      name = name(in);
      type = in.getShort() & 0xffff;
      kind = in.getShort() & 0xffff;
    } catch (BufferUnderflowException | IllegalArgumentException e) {
      return answer(request, HEADER, FORMAT_ERROR, List.of());
    }
    int end = in.position();
    if (kind != CLASS_IN || !(name.equals(zone) || name.endsWith("." + zone))) {
      return answer(request, end, REFUSED, List.of());
    }
    List<Inet4Address> found = lookup.apply(name);
    if (found == null) {
      return answer(request, end, NAME_ERROR, List.of());
    }
    // A name that exists without such records has an empty answer (RFC 2308, section 2.2).
    boolean wanted = type == TYPE_A || type == TYPE_ANY;
    return answer(request, end, 0, wanted ? found : List.of());
  }

  private static String name(ByteBuffer in) {
    StringBuilder name = new StringBuilder();
    for (int length = in.get(); length != 0; length = in.get()) {
      if (length < 0 || length > 63 || name.length() > 255) {
        throw new IllegalArgumentException("no plain label");
      }
      byte[] label = new byte[length];
      in.get(label);
      if (!name.isEmpty()) {
        name.append('.');
      }
      name.append(new String(label, StandardCharsets.ISO_8859_1));
    }
    return name.toString().toLowerCase(Locale.ROOT);
  }

  /**
   * @param end of the question, which the answer repeats; that of the header for none
   */
  private static byte[] answer(byte[] request, int end, int code, List<Inet4Address> addresses) {
    ByteBuffer out = ByteBuffer.allocate(end + addresses.size() * 16);
    out.put(request, 0, end);
    int desired = ((request[2] & 0xff) << 8) & RECURSION_DESIRED;
    out.putShort(2, (short) (RESPONSE | AUTHORITATIVE | desired | code));
    out.putShort(4, (short) (end > HEADER ? 1 : 0));
    out.putShort(6, (short) addresses.size());
    out.putInt(8, 0);
    for (Inet4Address address : addresses) {
      out.putShort((short) (0xc000 | HEADER)); // the name in the question
      out.putShort((short) TYPE_A);
      out.putShort((short) CLASS_IN);
      out.putInt(TTL_SECONDS);
      out.putShort((short) 4);
      out.put(address.getAddress());
    }
    return out.array();
  }
}
