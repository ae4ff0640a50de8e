package io.ovenet.lab;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/** Reads a file that still grows, which may not be there yet. For one thread. */
final class FileFollower implements AutoCloseable {
  private static final int CHUNK = 16 * 1024;
  private static final long PAUSE_MILLIS = 50;

  private final Path file;
  private final long start;
  private final BooleanSupplier grows;
  private final ByteBuffer buffer = ByteBuffer.allocate(CHUNK);
  private @Nullable FileChannel channel;

  /**
   * @param start the first byte to read
   * @param grows whether more may come; asked when the end is reached
   */
  FileFollower(Path file, long start, BooleanSupplier grows) {
    this.file = file;
    this.start = start;
    this.grows = grows;
  }

  /** Takes what was read. */
  @FunctionalInterface
  interface Sink {
    void take(byte[] chunk) throws IOException;
  }

  /** Hands on everything until the file is read to its end and grows no more. */
  void drain(Sink sink) throws IOException, InterruptedException {
    byte[] chunk = next();
    while (chunk.length > 0) {
      sink.take(chunk);
      chunk = next();
    }
  }

  /** The next bytes, waited for; none when the file is read to its end and grows no more. */
  private byte[] next() throws IOException, InterruptedException {
    boolean last = false;
    while (true) {
      byte[] chunk = read();
      if (chunk.length > 0 || last) {
        return chunk;
      }
      // One more look after the end was announced: what came in between is not lost.
      last = !grows.getAsBoolean();
      if (!last) {
        Thread.sleep(PAUSE_MILLIS);
      }
    }
  }

  private byte[] read() throws IOException {
    FileChannel open = channel;
    if (open == null) {
      try {
        open = FileChannel.open(file, StandardOpenOption.READ);
      } catch (NoSuchFileException e) {
        return new byte[0];
      }
      channel = open.position(start);
    }
    buffer.clear();
    int count = open.read(buffer);
    return count <= 0 ? new byte[0] : Arrays.copyOf(buffer.array(), count);
  }

  @Override
  public void close() throws IOException {
    FileChannel open = channel;
    if (open != null) {
      open.close();
    }
  }
}
