package io.ovenet.agent;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;

/**
 * A directory of small files, each written in one durable step: a crash leaves the old content or
 * the new, never a part. Thread-safe for different names.
 */
final class StateFiles {
  private static final String TEMPORARY = ".new-";

  private final Path directory;

  StateFiles(Path directory) throws IOException {
    this.directory = directory;
    Files.createDirectories(directory);
  }

  void write(String name, byte[] content) throws IOException {
    var temporary = directory.resolve(TEMPORARY + name);
    try (var file =
        FileChannel.open(
            temporary,
            StandardOpenOption.CREATE,
            StandardOpenOption.WRITE,
            StandardOpenOption.TRUNCATE_EXISTING)) {
      var bytes = ByteBuffer.wrap(content);
      while (bytes.hasRemaining()) {
        file.write(bytes);
      }
      file.force(true);
    }
    Files.move(temporary, directory.resolve(name), StandardCopyOption.ATOMIC_MOVE);
    syncDirectory();
  }

  /** No error if there is none. */
  void delete(String name) throws IOException {
    if (Files.deleteIfExists(directory.resolve(name))) {
      syncDirectory();
    }
  }

  private void syncDirectory() throws IOException {
    try (var opened = FileChannel.open(directory, StandardOpenOption.READ)) {
      opened.force(true);
    }
  }

  /** All files by name, sorted; what a crash left half written is deleted. */
  Map<String, byte[]> readAll() throws IOException {
    var contents = new TreeMap<String, byte[]>();
    try (Stream<Path> files = Files.list(directory)) {
      for (Path file : (Iterable<Path>) files::iterator) {
        var name = file.getFileName().toString();
        if (name.startsWith(TEMPORARY)) {
          Files.delete(file);
        } else if (Files.isRegularFile(file)) {
          contents.put(name, Files.readAllBytes(file));
        }
      }
    }
    return contents;
  }
}
