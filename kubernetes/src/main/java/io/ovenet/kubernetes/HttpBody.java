package io.ovenet.kubernetes;

import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;

/** The body of an HTTP/1.1 response (RFC 9112, section 6), without its framing. Not thread-safe. */
final class HttpBody extends InputStream {
  /** Length of a body whose end is the connection's. */
  static final long UNTIL_CLOSE = -1;

  /** Length of a body in chunks. */
  static final long CHUNKED = -2;

  private static final int MAX_LINE = 16 * 1024;

  private final InputStream in;
  private final boolean chunked;
  private final boolean untilClose;
  private long left;
  private boolean afterChunk;
  private boolean ended;

  HttpBody(InputStream in, long length) {
    this.in = in;
    this.chunked = length == CHUNKED;
    this.untilClose = length == UNTIL_CLOSE;
    this.left = Math.max(length, 0);
    this.ended = length == 0;
  }

  /** Whether the whole body was read, so that the connection may carry another exchange. */
  boolean complete() {
    return ended && !untilClose;
  }

  @Override
  public int read() throws IOException {
    var one = new byte[1];
    return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
  }

  @Override
  public int read(byte[] into, int offset, int length) throws IOException {
    if (ended || length == 0) {
      return ended ? -1 : 0;
    }
    if (chunked && left == 0 && !nextChunk()) {
      return -1;
    }
    var n = in.read(into, offset, untilClose ? length : (int) Math.min(length, left));
    if (n < 0) {
      if (!untilClose) {
        throw new EOFException("connection closed in the middle of a response");
      }
      ended = true;
      return -1;
    }
    if (!untilClose) {
      left -= n;
      ended = left == 0 && !chunked;
    }
    return n;
  }

  private boolean nextChunk() throws IOException {
    if (afterChunk && !readLine(in).isEmpty()) {
      throw new IOException("a chunk is longer than it says");
    }
    var line = readLine(in);
    var extension = line.indexOf(';');
    var size = (extension < 0 ? line : line.substring(0, extension)).strip();
    try {
      left = Long.parseLong(size, 16);
    } catch (NumberFormatException e) {
      throw new IOException("not the size of a chunk: '" + size + "'", e);
    }
    if (left < 0) {
      throw new IOException("not the size of a chunk: '" + size + "'");
    }
    afterChunk = true;
    if (left > 0) {
      return true;
    }
    while (!readLine(in).isEmpty()) {
      // Trailers say nothing that is needed here.
    }
    ended = true;
    return false;
  }

  /** A line without its end. */
  static String readLine(InputStream in) throws IOException {
    var line = new byte[128];
    var n = 0;
    while (true) {
      var b = in.read();
      if (b < 0) {
        throw new EOFException("connection closed by the server");
      }
      if (b == '\n') {
        var end = n > 0 && line[n - 1] == '\r' ? n - 1 : n;
        return new String(line, 0, end, StandardCharsets.ISO_8859_1);
      }
      if (n == MAX_LINE) {
        throw new IOException("a header line of more than " + MAX_LINE + " bytes");
      }
      if (n == line.length) {
        line = java.util.Arrays.copyOf(line, 2 * n);
      }
      line[n++] = (byte) b;
    }
  }
}
