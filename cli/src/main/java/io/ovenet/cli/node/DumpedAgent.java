package io.ovenet.cli.node;

import io.ovenet.kubernetes.Json;
import io.ovenet.kubernetes.JsonObject;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.StringReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;

/**
 * A node's agent as it was when a sysdump was made: the answers that the archive keeps, {@code
 * nodes/NODE/QUESTION.json} and of lists {@code nodes/NODE/LIST.jsonl}.
 */
record DumpedAgent(Path archive, String node) implements NodeAgent {
  private static final String NODES = "nodes/";

  /**
   * All nodes of an archive.
   *
   * @throws IOException if it is none, or has no node
   */
  static List<NodeAgent> all(Path archive) throws IOException {
    var names = new TreeSet<String>();
    try (var zip = open(archive)) {
      for (var entries = zip.entries(); entries.hasMoreElements(); ) {
        String name = entries.nextElement().getName();
        int end = name.indexOf('/', NODES.length());
        if (name.startsWith(NODES) && end > 0) {
          names.add(name.substring(NODES.length(), end));
        }
      }
    }
    if (names.isEmpty()) {
      throw new IOException(archive + " has no nodes: is it what `ovenet sysdump` wrote?");
    }
    List<NodeAgent> agents = new ArrayList<>();
    names.forEach(name -> agents.add(new DumpedAgent(archive, name)));
    return agents;
  }

  private static ZipFile open(Path archive) throws IOException {
    try {
      return new ZipFile(archive.toFile());
    } catch (IOException e) {
      throw new IOException(
          "cannot read " + archive + ": " + e.getMessage() + "; name what `ovenet sysdump` wrote",
          e);
    }
  }

  @Override
  public Path root() {
    throw new UnsupportedOperationException(this + " has no directories");
  }

  @Override
  public Path hubbleSocket() {
    throw new UnsupportedOperationException(this + " has no sockets");
  }

  @Override
  public List<Path> logs() {
    return List.of();
  }

  @Override
  public JsonObject ask(String name, Map<String, ?> arguments) throws IOException {
    if (!arguments.isEmpty()) {
      throw new IOException(this + ": " + name + " can only be asked of a node that runs");
    }
    try (var zip = open(archive)) {
      try (var in = zip.getInputStream(entry(zip, name + ".json"))) {
        return Json.parse(in.readAllBytes());
      } catch (Json.JsonException e) {
        throw new IOException(this + ": " + name + ".json is damaged: " + e.getMessage(), e);
      }
    }
  }

  @Override
  public long list(String name, Entry each) throws IOException {
    try (var zip = open(archive);
        var lines =
            new BufferedReader(
                new InputStreamReader(
                    zip.getInputStream(entry(zip, name + ".jsonl")), StandardCharsets.UTF_8))) {
      return ListedLines.read(toString(), lines, each);
    }
  }

  private ZipEntry entry(ZipFile zip, String name) throws IOException {
    var entry = zip.getEntry(NODES + node + "/" + name);
    if (entry == null) {
      throw new IOException(this + ": it keeps no " + name + why(zip));
    }
    return entry;
  }

  /** What the archive says of what could not be had. */
  private String why(ZipFile zip) throws IOException {
    var failures = zip.getEntry(NODES + node + "/failures.txt");
    if (failures == null) {
      return "";
    }
    try (var in = zip.getInputStream(failures)) {
      var text = new String(in.readAllBytes(), StandardCharsets.UTF_8);
      var first = new BufferedReader(new StringReader(text)).readLine();
      return first == null ? "" : "; when it was made: " + first;
    }
  }

  @Override
  public String toString() {
    return "node " + node + " in " + archive;
  }
}
