package io.ovenet.bpf;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** One message from the kernel: its type, its family's header and its attributes. Immutable. */
final class NetlinkReply {
  private static final int TYPE_MASK = 0x3fff;

  private final int type;
  private final ByteBuffer header;
  private final Map<Integer, ByteBuffer> attributes;

  /** Reads a payload whose own header has {@code headerSize} bytes. */
  NetlinkReply(int type, ByteBuffer payload, int headerSize) {
    this.type = type;
    header = slice(payload, 0, headerSize);
    attributes = parse(slice(payload, headerSize, payload.limit() - headerSize));
  }

  private static ByteBuffer slice(ByteBuffer from, int offset, int length) {
    return from.slice(offset, length).order(ByteOrder.nativeOrder());
  }

  static Map<Integer, ByteBuffer> parse(ByteBuffer bytes) {
    Map<Integer, ByteBuffer> found = new TreeMap<>();
    int at = 0;
    while (at + 4 <= bytes.limit()) {
      int length = Short.toUnsignedInt(bytes.getShort(at));
      if (length < 4 || at + length > bytes.limit()) {
        break;
      }
      found.put(bytes.getShort(at + 2) & TYPE_MASK, slice(bytes, at + 4, length - 4));
      at += (length + 3) & ~3;
    }
    return found;
  }

  int type() {
    return type;
  }

  int headerByte(int offset) {
    return Byte.toUnsignedInt(header.get(offset));
  }

  int headerInt(int offset) {
    return header.getInt(offset);
  }

  byte[] headerBytes(int offset, int length) {
    byte[] bytes = new byte[length];
    header.get(offset, bytes);
    return bytes;
  }

  boolean has(int attribute) {
    return attributes.containsKey(attribute);
  }

  int getInt(int attribute, int otherwise) {
    ByteBuffer value = attributes.get(attribute);
    return value == null || value.limit() < 4 ? otherwise : value.getInt(0);
  }

  String getString(int attribute) {
    ByteBuffer value = attributes.get(attribute);
    return value == null ? "" : string(value);
  }

  byte @Nullable [] getBytes(int attribute) {
    ByteBuffer value = attributes.get(attribute);
    if (value == null) {
      return null;
    }
    byte[] bytes = new byte[value.limit()];
    value.get(0, bytes);
    return bytes;
  }

  @Nullable InetAddress getAddress(int attribute) {
    byte[] bytes = getBytes(attribute);
    if (bytes == null || (bytes.length != 4 && bytes.length != 16)) {
      return null;
    }
    try {
      return InetAddress.getByAddress(bytes);
    } catch (UnknownHostException e) {
      throw new IllegalStateException("4 and 16 bytes are addresses", e);
    }
  }

  @Nullable MacAddress getMac(int attribute) {
    byte[] bytes = getBytes(attribute);
    return bytes == null || bytes.length != 6 ? null : MacAddress.of(bytes);
  }

  /** The attributes within an attribute; empty if it is missing. */
  Map<Integer, ByteBuffer> nested(int attribute) {
    ByteBuffer value = attributes.get(attribute);
    return value == null ? new TreeMap<>() : parse(value);
  }

  static String string(ByteBuffer value) {
    int length = value.limit();
    while (length > 0 && value.get(length - 1) == 0) {
      length--;
    }
    byte[] bytes = new byte[length];
    value.get(0, bytes);
    return new String(bytes, StandardCharsets.UTF_8);
  }
}
