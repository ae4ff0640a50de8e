package io.ovenet.ui;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.zip.GZIPOutputStream;
import org.jspecify.annotations.Nullable;

/** The built page, as it is in the jar, compressed once. Immutable. */
final class StaticFiles {
  /** A file, whose bytes nobody changes. */
  static final class File {
    private final String type;
    private final byte[] plain;
    private final byte[] gzip;
    private final boolean hashed;

    private File(String type, byte[] plain, boolean hashed) throws IOException {
      this.type = type;
      this.plain = plain;
      this.gzip = compress(plain);
      this.hashed = hashed;
    }

    String type() {
      return type;
    }

    byte[] plain() {
      return plain;
    }

    byte[] gzip() {
      return gzip;
    }

    /** Whether its name changes with its content, so that browsers may keep it. */
    boolean hashed() {
      return hashed;
    }
  }

  private static final String ROOT = "/web/";
  private static final Map<String, String> TYPES =
      Map.of(
          "html", "text/html; charset=utf-8",
          "js", "text/javascript; charset=utf-8",
          "css", "text/css; charset=utf-8",
          "svg", "image/svg+xml");

  private final Map<String, File> files = new TreeMap<>();

  /**
   * Reads all files that the build's list names.
   *
   * @throws IOException if the jar has no page
   */
  StaticFiles() throws IOException {
    for (String name :
        new String(read("files.txt"), java.nio.charset.StandardCharsets.UTF_8).lines().toList()) {
      byte[] plain = read(name);
      String ending = name.substring(name.lastIndexOf('.') + 1);
      files.put(
          "/" + name,
          new File(
              TYPES.getOrDefault(ending, "application/octet-stream"),
              plain,
              name.startsWith("assets/")));
    }
  }

  private static byte[] read(String name) throws IOException {
    try (InputStream in = StaticFiles.class.getResourceAsStream(ROOT + name)) {
      if (in == null) {
        throw new IOException(
            "the page was not built into this jar (" + name + "): ./ovenet build");
      }
      return in.readAllBytes();
    }
  }

  static byte[] compress(byte[] plain) throws IOException {
    var out = new ByteArrayOutputStream(plain.length / 3 + 64);
    try (var gzip = new GZIPOutputStream(out)) {
      gzip.write(plain);
    }
    return out.toByteArray();
  }

  /** A file; the page itself for each of its views; null for what there is not. */
  @Nullable File get(String path) {
    File file = files.get(path);
    boolean view = path.equals("/") || List.of(path.split("/", -1)).get(1).matches("[a-z-]{1,20}");
    return file != null || !view || path.startsWith("/assets/") ? file : files.get("/index.html");
  }

  /** Bytes that a browser without a cache loads. */
  long weight() {
    return files.values().stream().mapToLong(file -> file.gzip.length).sum();
  }
}
