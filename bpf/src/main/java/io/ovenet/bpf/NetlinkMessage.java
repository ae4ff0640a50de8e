package io.ovenet.bpf;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Deque;

/**
 * Builds one netlink message (linux/netlink.h): a header of 16 bytes, the family's own header, then
 * attributes of length, type and payload, padded to 4 bytes. Native byte order. Not thread-safe.
 */
final class NetlinkMessage {
  static final int HEADER = 16;
  static final int REQUEST = 1;
  static final int ACK = 4;
  static final int DUMP = 0x300;
  static final int REPLACE = 0x100;
  static final int EXCLUSIVE = 0x200;
  static final int CREATE = 0x400;

  private static final int NESTED = 1 << 15;

  private ByteBuffer buffer = ByteBuffer.allocate(512).order(ByteOrder.nativeOrder());
  private final Deque<Integer> open = new ArrayDeque<>();

  NetlinkMessage(int type, int flags) {
    buffer.putInt(0).putShort((short) type).putShort((short) (flags | REQUEST)).putInt(0).putInt(0);
  }

  private ByteBuffer room(int bytes) {
    if (buffer.remaining() < bytes) {
      ByteBuffer larger =
          ByteBuffer.allocate(2 * (buffer.capacity() + bytes)).order(ByteOrder.nativeOrder());
      buffer = larger.put(buffer.flip());
    }
    return buffer;
  }

  NetlinkMessage putByte(int value) {
    room(1).put((byte) value);
    return this;
  }

  NetlinkMessage putShort(int value) {
    room(2).putShort((short) value);
    return this;
  }

  NetlinkMessage putInt(int value) {
    room(4).putInt(value);
    return this;
  }

  NetlinkMessage attribute(int type, byte[] payload) {
    int padded = (payload.length + 3) & ~3;
    room(4 + padded).putShort((short) (4 + payload.length)).putShort((short) type);
    buffer.put(payload).put(new byte[padded - payload.length]);
    return this;
  }

  NetlinkMessage attribute(int type, int value) {
    room(8).putShort((short) 8).putShort((short) type).putInt(value);
    return this;
  }

  NetlinkMessage attribute(int type, String value) {
    byte[] bytes = value.getBytes(StandardCharsets.UTF_8);
    return attribute(type, Arrays.copyOf(bytes, bytes.length + 1));
  }

  /** Opens an attribute that holds others. */
  NetlinkMessage begin(int type) {
    room(4);
    open.push(buffer.position());
    buffer.putShort((short) 0).putShort((short) (type | NESTED));
    return this;
  }

  /** The same for the few that the kernel wants without the nested bit. */
  NetlinkMessage beginPlain(int type) {
    begin(type);
    buffer.putShort(buffer.position() - 2, (short) type);
    return this;
  }

  NetlinkMessage end() {
    int start = open.pop();
    buffer.putShort(start, (short) (buffer.position() - start));
    return this;
  }

  void addFlags(int flags) {
    buffer.putShort(6, (short) (buffer.getShort(6) | flags));
  }

  /** The finished message with its length and this sequence number. */
  byte[] bytes(int sequence) {
    buffer.putInt(0, buffer.position()).putInt(8, sequence);
    return Arrays.copyOf(buffer.array(), buffer.position());
  }
}
