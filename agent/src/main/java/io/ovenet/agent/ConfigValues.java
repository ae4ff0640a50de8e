package io.ovenet.agent;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Configuration keys and their texts, from a directory with one file for each key (a mounted
 * ConfigMap) and from command line flags, which win.
 */
final class ConfigValues {
  private final Map<String, String> texts = new TreeMap<>();

  /** Reads {@code --key=value}, {@code --key value} and a bare {@code --key}, which means true. */
  static ConfigValues read(List<String> arguments) {
    var values = new ConfigValues();
    var flags = new TreeMap<String, String>();
    for (int i = 0; i < arguments.size(); i++) {
      var argument = arguments.get(i);
      if (!argument.startsWith("--") || argument.length() == 2) {
        throw new ConfigException(argument, "is no flag", "write --key=value");
      }
      int equals = argument.indexOf('=');
      if (equals > 0) {
        flags.put(argument.substring(2, equals), argument.substring(equals + 1));
      } else if (i + 1 < arguments.size() && !arguments.get(i + 1).startsWith("--")) {
        flags.put(argument.substring(2), arguments.get(++i));
      } else {
        flags.put(argument.substring(2), "true");
      }
    }
    var directory = flags.remove("config-dir");
    if (directory != null) {
      values.readDirectory(Path.of(directory));
    }
    values.texts.putAll(flags);
    return values;
  }

  private void readDirectory(Path directory) {
    try (Stream<Path> files = Files.list(directory)) {
      for (Path file : (Iterable<Path>) files::iterator) {
        var key = file.getFileName().toString();
        // Kubernetes keeps a mounted ConfigMap's generations beside the keys, as ..names.
        if (!key.startsWith(".") && Files.isRegularFile(file)) {
          texts.put(key, Files.readString(file).strip());
        }
      }
    } catch (IOException e) {
      throw new ConfigException(
          "config-dir", "cannot read " + directory + " (" + e + ")", "mount cilium-config there");
    }
  }

  /** The keys that nobody has asked for yet, with their texts. */
  Map<String, String> rest() {
    return texts;
  }

  @Nullable String take(String key) {
    return texts.remove(key);
  }

  String text(String key, String otherwise) {
    var text = texts.remove(key);
    return (text == null || text.isEmpty()) ? otherwise : text;
  }

  String required(String key, String remedy) {
    var text = texts.remove(key);
    if (text == null || text.isEmpty()) {
      throw new ConfigException(key, "is missing", remedy);
    }
    return text;
  }

  boolean flag(String key, boolean otherwise) {
    var text = texts.remove(key);
    return (text == null || text.isEmpty()) ? otherwise : parseFlag(key, text);
  }

  /** The spellings that Go's flag package takes. */
  static boolean parseFlag(String key, String text) {
    return switch (text) {
      case "1", "t", "T", "true", "TRUE", "True" -> true;
      case "0", "f", "F", "false", "FALSE", "False" -> false;
      default ->
          throw new ConfigException(key, "'" + text + "' is no boolean", "set true or false");
    };
  }

  int number(String key, int otherwise, int least, int most) {
    var text = texts.remove(key);
    if (text == null || text.isEmpty()) {
      return otherwise;
    }
    try {
      int number = Integer.parseInt(text);
      if (number >= least && number <= most) {
        return number;
      }
    } catch (NumberFormatException _) {
      // Answered below, as a number out of range is.
    }
    throw new ConfigException(
        key, "'" + text + "' is not possible", "set a number from " + least + " to " + most);
  }

  Path path(String key, String otherwise) {
    return Path.of(text(key, otherwise));
  }
}
