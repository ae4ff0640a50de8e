package io.ovenet.kubernetes.world;

import io.ovenet.kubernetes.Json;
import io.ovenet.kubernetes.JsonObject;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BiConsumer;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.snakeyaml.engine.v2.api.Load;
import org.snakeyaml.engine.v2.api.LoadSettings;
import org.snakeyaml.engine.v2.api.lowlevel.Compose;
import org.snakeyaml.engine.v2.exceptions.YamlEngineException;
import org.snakeyaml.engine.v2.nodes.Node;

/** Objects from YAML and JSON files, each with the place where it stands. */
public final class YamlFiles {
  private static final int LONGEST = 256 << 20;

  private YamlFiles() {}

  /**
   * Reads a file, or all {@code .yaml}, {@code .yml} and {@code .json} files below a directory, in
   * order of their names; {@code -} is the standard input.
   *
   * @throws IOException naming the file, and for YAML that is none the line
   */
  public static void read(Path path, BiConsumer<JsonObject, Source> consumer) throws IOException {
    if (path.toString().equals("-")) {
      read(
          "standard input",
          new String(System.in.readAllBytes(), java.nio.charset.StandardCharsets.UTF_8),
          consumer);
      return;
    }
    if (!Files.isDirectory(path)) {
      if (!Files.exists(path)) {
        throw new IOException(path + ": no such file");
      }
      read(path.toString(), Files.readString(path), consumer);
      return;
    }
    List<Path> files;
    try (Stream<Path> all = Files.walk(path)) {
      files =
          all.filter(file -> file.toString().matches(".*\\.(yaml|yml|json)"))
              .filter(Files::isRegularFile)
              .sorted()
              .toList();
    }
    for (Path file : files) {
      read(file.toString(), Files.readString(file), consumer);
    }
  }

  /** Reads a text of one or more documents. */
  public static void read(String name, String text, BiConsumer<JsonObject, Source> consumer)
      throws IOException {
    LoadSettings settings =
        LoadSettings.builder().setCodePointLimit(LONGEST).setLabel(name).build();
    List<JsonObject> objects = new ArrayList<>();
    try {
      if (name.endsWith(".json")) {
        objects.add(Json.parse(text.getBytes(StandardCharsets.UTF_8)));
      } else {
        for (Object document : new Load(settings).loadAllFromString(text)) {
          objects.add(JsonObject.of(plain(document)));
        }
      }
    } catch (YamlEngineException | Json.JsonException e) {
      throw new IOException(name + ": cannot be read: " + e.getMessage(), e);
    }
    Supplier<List<Node>> nodes = new Nodes(settings, text);
    for (int i = 0; i < objects.size(); i++) {
      if (!objects.get(i).fields().isEmpty()) {
        consumer.accept(objects.get(i), new Source(name, i, nodes));
      }
    }
  }

  /** The nodes of a text, made when they are asked for. */
  private static final class Nodes implements Supplier<List<Node>> {
    private final LoadSettings settings;
    private final String text;
    private @Nullable List<Node> composed;

    Nodes(LoadSettings settings, String text) {
      this.settings = settings;
      this.text = text;
    }

    @Override
    public List<Node> get() {
      List<Node> known = composed;
      if (known == null) {
        known = new ArrayList<>();
        new Compose(settings).composeAllFromString(text).forEach(known::add);
        composed = known;
      }
      return known;
    }
  }

  /** With string keys and longs, as JSON is read. */
  private static @Nullable Object plain(@Nullable Object value) {
    return switch (value) {
      case Map<?, ?> map -> {
        Map<String, @Nullable Object> object = new LinkedHashMap<>();
        map.forEach((key, member) -> object.put(String.valueOf(key), plain(member)));
        yield object;
      }
      case List<?> list -> {
        List<@Nullable Object> elements = new ArrayList<>(list.size());
        list.forEach(element -> elements.add(plain(element)));
        yield elements;
      }
      case Integer i -> (long) i;
      case null -> null;
      default -> value;
    };
  }
}
