package io.ovenet.cli.node;

import io.ovenet.kubernetes.Json;
import io.ovenet.kubernetes.JsonObject;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;

/** A list as an agent gives it: an object a line, the last of them how many there were. */
final class ListedLines {
  private ListedLines() {}

  /**
   * Gives each entry.
   *
   * @param from who lists, for errors
   * @throws IOException if the list isn't whole
   */
  static long read(String from, BufferedReader lines, NodeAgent.Entry each) throws IOException {
    long count = 0;
    for (String line = lines.readLine(); line != null; line = lines.readLine()) {
      JsonObject entry = parse(from, line);
      if (entry.fields().size() == 1 && entry.fields().containsKey("entries")) {
        long told = entry.integer("entries");
        if (told != count) {
          throw new IOException(from + ": " + told + " entries were sent, " + count + " came");
        }
        return count;
      }
      if (entry.fields().size() == 1 && entry.fields().containsKey("error")) {
        throw new IOException(from + ": " + entry.string("error"));
      }
      each.take(entry);
      count++;
    }
    throw new IOException(from + ": the list ends after " + count + " entries, before its end");
  }

  private static JsonObject parse(String from, String line) throws IOException {
    try {
      return Json.parse(line.getBytes(StandardCharsets.UTF_8));
    } catch (Json.JsonException e) {
      throw new IOException(from + ": a line of its list is no JSON: " + e.getMessage(), e);
    }
  }
}
