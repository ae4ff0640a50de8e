package io.ovenet.kubernetes;

import java.io.IOException;
import java.io.InputStream;
import java.util.Arrays;

/** The lines of a watch, in one buffer that is read into again and again. Not thread-safe. */
final class LineReader {
  /** More than any object of an API server can hold, which is some 1.5 MiB in etcd's default. */
  private static final int MAX_LINE = 16 << 20;

  private static final int FIRST_SIZE = 8 * 1024;

  private final InputStream in;
  private byte[] buffer = new byte[FIRST_SIZE];
  private int start;
  private int length;
  private int next;
  private int filled;

  LineReader(InputStream in) {
    this.in = in;
  }

  /**
   * Goes to the next line that isn't empty; false at the end, where a line without its end is
   * dropped.
   */
  boolean next() throws IOException {
    while (true) {
      start = next;
      var end = find(start);
      while (end < 0) {
        var searched = filled - start;
        if (!fill()) {
          return false;
        }
        end = find(start + searched);
      }
      length = end - start;
      next = end + 1;
      if (length > 0) {
        return true;
      }
    }
  }

  byte[] bytes() {
    return buffer;
  }

  int start() {
    return start;
  }

  int length() {
    return length;
  }

  private int find(int from) {
    for (var i = from; i < filled; i++) {
      if (buffer[i] == '\n') {
        return i;
      }
    }
    return -1;
  }

  /** Reads more behind the line, moving it to the buffer's front. */
  private boolean fill() throws IOException {
    if (start > 0) {
      System.arraycopy(buffer, start, buffer, 0, filled - start);
      filled -= start;
      start = 0;
      next = 0;
    }
    if (filled == buffer.length) {
      if (filled >= MAX_LINE) {
        throw new IOException("a watch event of more than " + MAX_LINE + " bytes");
      }
      buffer = Arrays.copyOf(buffer, 2 * filled);
    }
    var n = in.read(buffer, filled, buffer.length - filled);
    if (n < 0) {
      return false;
    }
    filled += n;
    return true;
  }
}
