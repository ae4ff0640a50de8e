package io.ovenet.cli.sysdump;

import io.ovenet.kubernetes.Json;
import io.ovenet.kubernetes.JsonObject;
import io.ovenet.kubernetes.world.ClusterState;
import io.ovenet.kubernetes.world.LiveCluster;
import io.ovenet.kubernetes.world.StateReader;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Collections;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;

/** The cluster as a sysdump found it. */
public final class DumpedCluster {
  static final String OBJECTS = "objects/";
  static final String CONFIG = "config.json";

  private DumpedCluster() {}

  /** Whether that is what a file looks like by its name. */
  public static boolean isDump(Path file) {
    return file.toString().endsWith(".zip");
  }

  /**
   * Reads the objects of an archive.
   *
   * @throws IOException if it is none, or keeps no objects
   */
  public static ClusterState read(Path archive) throws IOException {
    try (var zip = new ZipFile(archive.toFile())) {
      var config = zip.getEntry(CONFIG);
      var reader =
          new StateReader(
              LiveCluster.settings(config == null ? JsonObject.EMPTY : parse(zip, config)));
      int objects = 0;
      for (var entry : Collections.list(zip.entries())) {
        if (entry.getName().startsWith(OBJECTS)) {
          objects += add(zip, entry, reader);
        }
      }
      if (objects == 0) {
        throw new IOException("it keeps no objects of a cluster");
      }
      return reader.state();
    } catch (IOException | Json.JsonException e) {
      throw new IOException(
          "cannot read " + archive + ": " + e.getMessage() + "; name what `ovenet sysdump` wrote",
          e);
    }
  }

  private static JsonObject parse(ZipFile zip, ZipEntry entry) throws IOException {
    try (var in = zip.getInputStream(entry)) {
      return Json.parse(in.readAllBytes());
    }
  }

  private static int add(ZipFile zip, ZipEntry entry, StateReader reader) throws IOException {
    int count = 0;
    try (var lines =
        new BufferedReader(
            new InputStreamReader(zip.getInputStream(entry), StandardCharsets.UTF_8))) {
      for (String line = lines.readLine(); line != null; line = lines.readLine()) {
        reader.add(Json.parse(line.getBytes(StandardCharsets.UTF_8)), null);
        count++;
      }
    }
    return count;
  }
}
