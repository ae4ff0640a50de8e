package io.ovenet.datapath;

import io.ovenet.bpf.MacAddress;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.ByteOrder;

/** The primitive fields of the layouts in {@code ovenet.h}: alignment is never assumed. */
final class Bytes {
  static final ValueLayout.OfByte U8 = ValueLayout.JAVA_BYTE;
  static final ValueLayout.OfShort U16 = ValueLayout.JAVA_SHORT_UNALIGNED;
  static final ValueLayout.OfInt U32 = ValueLayout.JAVA_INT_UNALIGNED;
  static final ValueLayout.OfLong U64 = ValueLayout.JAVA_LONG_UNALIGNED;
  static final ValueLayout.OfShort U16_BE = U16.withOrder(ByteOrder.BIG_ENDIAN);
  static final ValueLayout.OfInt U32_BE = U32.withOrder(ByteOrder.BIG_ENDIAN);

  static final int ADDRESS_LENGTH = 16;
  private static final int MAPPED_PREFIX_LENGTH = 12;

  private Bytes() {}

  static int u8(MemorySegment from, long offset) {
    return Byte.toUnsignedInt(from.get(U8, offset));
  }

  static int u16(MemorySegment from, long offset) {
    return Short.toUnsignedInt(from.get(U16, offset));
  }

  static int u16Be(MemorySegment from, long offset) {
    return Short.toUnsignedInt(from.get(U16_BE, offset));
  }

  static void putMac(MemorySegment to, long offset, MacAddress mac) {
    to.set(U16_BE, offset, (short) (mac.bits() >>> 32));
    to.set(U32_BE, offset + 2, (int) mac.bits());
  }

  /** See {@link MacAddress#bits}. */
  static long macBits(MemorySegment from, long offset) {
    return ((long) u16Be(from, offset) << 32)
        | Integer.toUnsignedLong(from.get(U32_BE, offset + 2));
  }

  static MacAddress mac(MemorySegment from, long offset) {
    return new MacAddress(macBits(from, offset));
  }

  /** {@code union address}: 16 bytes, IPv4 as ::ffff:a.b.c.d. */
  static void putAddress(MemorySegment to, long offset, InetAddress address) {
    byte[] bytes = address.getAddress();
    int at = ADDRESS_LENGTH - bytes.length;
    for (int i = 0; i < at; i++) {
      to.set(U8, offset + i, (byte) (i >= MAPPED_PREFIX_LENGTH - 2 ? 0xff : 0));
    }
    MemorySegment.copy(bytes, 0, to, U8, offset + at, bytes.length);
  }

  /**
   * An IPv4 address where the mapped form says so; all zero bytes are the IPv6 address {@code ::}.
   */
  static InetAddress address(MemorySegment from, long offset) {
    byte[] bytes = new byte[ADDRESS_LENGTH];
    MemorySegment.copy(from, U8, offset, bytes, 0, ADDRESS_LENGTH);
    try {
      return InetAddress.getByAddress(bytes); // makes an Inet4Address of a mapped one
    } catch (UnknownHostException e) {
      throw new IllegalStateException("16 bytes are no address", e);
    }
  }
}
