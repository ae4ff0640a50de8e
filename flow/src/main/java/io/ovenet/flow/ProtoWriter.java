package io.ovenet.flow;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * Protobuf's wire format, written from the end to the beginning: the length of a nested message is
 * known by the time that it has to be written, so that nothing is measured beforehand. Fields are
 * written in descending order and come out ascending; zero and empty values are left out, as proto3
 * does.
 *
 * <p>Grows as needed and is used again and again. For one thread.
 */
final class ProtoWriter {
  private static final int VARINT = 0;
  private static final int LENGTH_DELIMITED = 2;

  private static final byte[] HEX = "0123456789abcdef".getBytes(StandardCharsets.US_ASCII);

  private byte[] buffer;
  private int start;

  ProtoWriter(int capacity) {
    buffer = new byte[capacity];
    start = capacity;
  }

  void reset() {
    start = buffer.length;
  }

  int length() {
    return buffer.length - start;
  }

  byte[] toByteArray() {
    return Arrays.copyOfRange(buffer, start, buffer.length);
  }

  /** What was written, for reading at once. */
  byte[] array() {
    return buffer;
  }

  int offset() {
    return start;
  }

  private void need(int bytes) {
    if (start < bytes) {
      int length = length();
      byte[] larger = new byte[Math.max(buffer.length * 2, length + bytes)];
      System.arraycopy(buffer, start, larger, larger.length - length, length);
      buffer = larger;
      start = larger.length - length;
    }
  }

  private void varint(long value) {
    if ((value & ~0x7fL) == 0) { // nearly all are
      need(1);
      buffer[--start] = (byte) value;
      return;
    }
    if ((value & ~0x3fffL) == 0) {
      need(2);
      buffer[--start] = (byte) (value >>> 7);
      buffer[--start] = (byte) (value | 0x80);
      return;
    }
    int size = (70 - Long.numberOfLeadingZeros(value)) / 7;
    need(size);
    start -= size;
    int at = start;
    long rest = value;
    while ((rest & ~0x7fL) != 0) {
      buffer[at++] = (byte) (rest | 0x80);
      rest >>>= 7;
    }
    buffer[at] = (byte) rest;
  }

  /** A number of any type that is a varint; negative ones as int64. */
  void number(int field, long value) {
    if (value != 0) {
      varint(value);
      varint((long) field << 3 | VARINT);
    }
  }

  void raw(byte[] bytes, int from, int length) {
    need(length);
    start -= length;
    System.arraycopy(bytes, from, buffer, start, length);
  }

  /** One byte of raw content. */
  void raw(int value) {
    need(1);
    buffer[--start] = (byte) value;
  }

  /** The lowest digits of a number as raw content, in lower case. */
  void hex(long value, int digits) {
    need(digits);
    byte[] to = buffer;
    int at = start;
    long rest = value;
    for (int i = 0; i < digits; i++) {
      to[--at] = HEX[(int) rest & 0xf];
      rest >>>= 4;
    }
    start = at;
  }

  /** An octet in decimal digits as raw content. */
  void decimal(int octet) {
    raw('0' + octet % 10);
    if (octet >= 10) {
      raw('0' + octet / 10 % 10);
    }
    if (octet >= 100) {
      raw('0' + octet / 100);
    }
  }

  /** A string or message that is there even when empty. */
  void bytes(int field, byte[] bytes) {
    raw(bytes, 0, bytes.length);
    varint(bytes.length);
    varint((long) field << 3 | LENGTH_DELIMITED);
  }

  void string(int field, String value) {
    if (!value.isEmpty()) {
      bytes(field, value.getBytes(StandardCharsets.UTF_8));
    }
  }

  /**
   * Makes a message, or a string, of all that was written since {@link #length} was {@code end}.
   */
  void nest(int field, int end) {
    varint(length() - (long) end);
    varint((long) field << 3 | LENGTH_DELIMITED);
  }
}
