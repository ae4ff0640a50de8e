package io.ovenet.lab;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * A network configuration list of the Container Network Interface (specification, section 1): the
 * plugins that a container's attachment runs through, in order.
 *
 * @param name of the network
 * @param cniVersion that the plugins are asked to answer in
 * @param plugins their own configurations, as the file has them; not changed afterwards
 */
record NetworkConfiguration(String name, String cniVersion, List<ObjectNode> plugins) {
  private static final ObjectMapper JSON = new ObjectMapper();

  NetworkConfiguration {
    plugins = List.copyOf(plugins);
  }

  /**
   * The first valid configuration of a directory in the order of file names, as container runtimes
   * choose it; empty while there is none.
   */
  static Optional<NetworkConfiguration> first(Path directory) throws IOException {
    List<Path> files;
    try (Stream<Path> entries = Files.list(directory)) {
      files =
          entries
              .filter(file -> file.getFileName().toString().matches(".*\\.(conf|conflist|json)"))
              .sorted()
              .toList();
    }
    LabException invalid = null;
    for (Path file : files) {
      try {
        return Optional.of(parse(Files.readString(file)));
      } catch (IOException | IllegalArgumentException e) {
        if (invalid == null) {
          invalid = new LabException(file + " is no network configuration: " + e.getMessage(), e);
        }
      }
    }
    if (invalid != null) {
      throw invalid;
    }
    return Optional.empty();
  }

  /** Parses a list, or a single plugin's configuration as a list of one. */
  static NetworkConfiguration parse(String text) throws IOException {
    if (!(JSON.readTree(text) instanceof ObjectNode root)) {
      throw new IllegalArgumentException("not a JSON object");
    }
    String name = required(root, "name");
    String version = root.path("cniVersion").asText("0.2.0");
    List<ObjectNode> plugins = new ArrayList<>();
    if (root.has("plugins")) {
      for (JsonNode plugin : root.path("plugins")) {
        if (!(plugin instanceof ObjectNode object)) {
          throw new IllegalArgumentException("a member of `plugins` is no object");
        }
        plugins.add(object);
      }
    } else {
      plugins.add(root);
    }
    if (plugins.isEmpty()) {
      throw new IllegalArgumentException("`plugins` is empty");
    }
    for (ObjectNode plugin : plugins) {
      if (!required(plugin, "type").matches("[A-Za-z0-9][A-Za-z0-9._-]*")) {
        throw new IllegalArgumentException("`type` is no file name");
      }
    }
    return new NetworkConfiguration(name, version, plugins);
  }

  private static String required(ObjectNode object, String field) {
    String value = object.path(field).asText("");
    if (value.isEmpty()) {
      throw new IllegalArgumentException("`" + field + "` is missing");
    }
    return value;
  }
}
