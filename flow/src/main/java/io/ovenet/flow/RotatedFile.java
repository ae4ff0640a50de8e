package io.ovenet.flow;

import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.zip.GZIPOutputStream;
import org.jspecify.annotations.Nullable;

/**
 * A file of lines that is turned when it is large: renamed to {@code NAME-TIME.EXTENSION},
 * compressed where that is wanted, and the oldest of those removed. Only whole lines are in it,
 * also where the disk took no more. For one thread.
 */
final class RotatedFile implements AutoCloseable {
  private static final int LONGEST_LINE = 1 << 20;

  private static final DateTimeFormatter TIME =
      DateTimeFormatter.ofPattern("uuuu-MM-dd'T'HH-mm-ss.SSS", Locale.ROOT)
          .withZone(ZoneOffset.UTC);

  private static final String COMPRESSED = ".gz";

  /** Not whole: being compressed, or left by a writer that was killed meanwhile. */
  private static final String PART = ".part";

  private final Path path;
  private final long maxBytes;
  private final int backups;
  private final boolean compress;
  private @Nullable FileChannel channel;
  private long size;

  /** Opens nothing so far. */
  RotatedFile(Path path, long maxBytes, int backups, boolean compress) {
    this.path = path.toAbsolutePath();
    this.maxBytes = maxBytes;
    this.backups = backups;
    this.compress = compress;
  }

  /**
   * Appends whole lines, to one file.
   *
   * @throws IOException none of them is there
   */
  void write(byte[] lines, int length) throws IOException {
    if (size > 0 && size + length > maxBytes) {
      turn();
    }
    FileChannel to = open();
    var bytes = ByteBuffer.wrap(lines, 0, length);
    try {
      while (bytes.hasRemaining()) {
        to.write(bytes);
      }
      size += length;
    } catch (IOException e) {
      try {
        to.truncate(size);
      } catch (IOException again) {
        e.addSuppressed(again);
      }
      close();
      throw e;
    }
  }

  private FileChannel open() throws IOException {
    FileChannel open = channel;
    if (open == null) {
      Files.createDirectories(directory());
      open =
          FileChannel.open(
              path, StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE);
      channel = open;
      size = wholeLines(open);
      open.truncate(size);
      open.position(size);
      if (size >= maxBytes) {
        turn();
        return open();
      }
    }
    return open;
  }

  /**
   * How much of it are whole lines: a writer that is killed may leave a part of one behind. All,
   * where there is no end of a line in what would be looked at.
   */
  private static long wholeLines(FileChannel file) throws IOException {
    long end = file.size();
    var tail = ByteBuffer.allocate((int) Math.min(end, LONGEST_LINE));
    long from = end - tail.capacity();
    while (tail.hasRemaining() && file.read(tail, from + tail.position()) >= 0) {
      // until all of it is read
    }
    for (int i = tail.position() - 1; i >= 0; i--) {
      if (tail.get(i) == '\n') {
        return from + i + 1;
      }
    }
    return end;
  }

  private Path directory() {
    Path parent = path.getParent();
    return parent == null ? path : parent;
  }

  private String stem() {
    String name = String.valueOf(path.getFileName());
    int dot = name.lastIndexOf('.');
    return dot <= 0 ? name : name.substring(0, dot);
  }

  private String extension() {
    String name = String.valueOf(path.getFileName());
    return name.substring(stem().length());
  }

  private void turn() throws IOException {
    close();
    Instant now = Instant.now();
    Path turned = turned(now);
    while (Files.exists(turned) || Files.exists(compressed(turned))) {
      now = now.plusMillis(1);
      turned = turned(now);
    }
    Files.move(path, turned);
    size = 0;
    if (compress) {
      compress(turned);
    }
    prune();
  }

  private Path turned(Instant time) {
    return path.resolveSibling(stem() + "-" + TIME.format(time) + extension());
  }

  private static Path compressed(Path file) {
    return file.resolveSibling(file.getFileName() + COMPRESSED);
  }

  /** The plain one goes when the other is whole. */
  private static void compress(Path file) throws IOException {
    Path whole = compressed(file);
    Path part = file.resolveSibling(file.getFileName() + PART);
    try (OutputStream to =
        new GZIPOutputStream(new BufferedOutputStream(Files.newOutputStream(part)))) {
      Files.copy(file, to);
    } catch (IOException e) {
      Files.deleteIfExists(part);
      throw e;
    }
    Files.move(part, whole);
    Files.delete(file);
  }

  private void prune() throws IOException {
    List<Path> files = new ArrayList<>();
    try (var all = Files.newDirectoryStream(directory())) {
      for (Path file : all) {
        String name = String.valueOf(file.getFileName());
        if (name.startsWith(stem() + "-")
            && name.substring(stem().length() + 1)
                .matches("[0-9-]{10}T[0-9.-]{12}\\Q" + extension() + "\\E(\\.gz|\\.part)?")) {
          if (name.endsWith(PART)) {
            Files.deleteIfExists(file);
          } else {
            files.add(file);
          }
        }
      }
    }
    files.sort(null); // by time
    for (Path file : files.subList(0, Math.max(0, files.size() - backups))) {
      Files.deleteIfExists(file);
    }
  }

  @Override
  public void close() throws IOException {
    FileChannel open = channel;
    channel = null;
    if (open != null) {
      open.close();
    }
  }
}
