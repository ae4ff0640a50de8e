package io.ovenet.cli.hubble;

import io.ovenet.kubernetes.question.YamlText;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.snakeyaml.engine.v2.api.Load;
import org.snakeyaml.engine.v2.api.LoadSettings;
import org.snakeyaml.engine.v2.exceptions.YamlEngineException;

/**
 * The file with options of {@code hubble}, which upstream's command shares: {@code
 * ~/.config/hubble/config.yaml}. What the environment says ({@code HUBBLE_SERVER} for {@code
 * server}) goes before it, and a flag before both.
 */
final class HubbleConfig {
  /** Of what a key's value is. */
  enum Type {
    TEXT,
    FLAG,
    LIST,
    DURATION,
    PORT
  }

  /** A key with what it is where nobody says anything. */
  record Key(String name, Type type, String otherwise) {}

  private static final Map<String, Key> KEYS = new TreeMap<>();

  static {
    for (Key key :
        List.of(
            new Key("basic-auth-password", Type.TEXT, ""),
            new Key("basic-auth-username", Type.TEXT, ""),
            new Key("config", Type.TEXT, ""),
            new Key("debug", Type.FLAG, "false"),
            new Key("kube-context", Type.TEXT, ""),
            new Key("kube-namespace", Type.TEXT, "kube-system"),
            new Key("kubeconfig", Type.TEXT, ""),
            new Key("port-forward", Type.FLAG, "false"),
            new Key("port-forward-port", Type.PORT, "4245"),
            new Key("request-timeout", Type.DURATION, "12s"),
            new Key("server", Type.TEXT, ServerOptions.DEFAULT_SERVER),
            new Key("timeout", Type.DURATION, "5s"),
            new Key("tls", Type.FLAG, "false"),
            new Key("tls-allow-insecure", Type.FLAG, "false"),
            new Key("tls-ca-cert-files", Type.LIST, ""),
            new Key("tls-client-cert-file", Type.TEXT, ""),
            new Key("tls-client-key-file", Type.TEXT, ""),
            new Key("tls-server-name", Type.TEXT, ""))) {
      KEYS.put(key.name, key);
    }
  }

  private final Path file;
  private final Map<String, String> environment;
  private final Map<String, Object> values;

  private HubbleConfig(Path file, Map<String, String> environment, Map<String, Object> values) {
    this.file = file;
    this.environment = environment;
    this.values = values;
  }

  /**
   * Reads the file; one that is not there says nothing.
   *
   * @throws HubbleException naming the file that can't be used
   */
  static HubbleConfig read(Map<String, String> environment) {
    Path file = fileOf(environment);
    var values = new TreeMap<String, Object>();
    try {
      Object read = new Load(LoadSettings.builder().build()).loadFromString(Files.readString(file));
      if (read instanceof Map<?, ?> map) {
        map.forEach(
            (key, value) -> {
              if (value != null) {
                values.put(String.valueOf(key).toLowerCase(Locale.ROOT), value);
              }
            });
      } else if (read != null) {
        throw new HubbleException(file + " holds no keys with values: mend or remove it");
      }
    } catch (NoSuchFileException _) {
      // Nothing is said.
    } catch (IOException | YamlEngineException e) {
      throw new HubbleException(file + " cannot be read (" + e + "): mend or remove it", e);
    }
    return new HubbleConfig(file, environment, values);
  }

  private static Path fileOf(Map<String, String> environment) {
    String named = environment.get("HUBBLE_CONFIG");
    if (named != null && !named.isEmpty()) {
      return Path.of(named);
    }
    String configs = environment.get("XDG_CONFIG_HOME");
    String home = environment.getOrDefault("HOME", System.getProperty("user.home", "/root"));
    return (configs != null && !configs.isEmpty() ? Path.of(configs) : Path.of(home, ".config"))
        .resolve("hubble")
        .resolve("config.yaml");
  }

  private static String variable(String key) {
    return "HUBBLE_" + key.toUpperCase(Locale.ROOT).replace('-', '_');
  }

  /** The environment, with what the file says where the environment does not. */
  Map<String, String> environment() {
    var merged = new HashMap<String, String>();
    values.forEach((key, value) -> merged.put(variable(key), text(value)));
    environment.forEach(
        (name, value) -> {
          if (!value.isEmpty() || !merged.containsKey(name)) {
            merged.put(name, value);
          }
        });
    return merged;
  }

  private static String text(Object value) {
    return value instanceof List<?> list
        ? String.join(",", list.stream().map(String::valueOf).toList())
        : String.valueOf(value);
  }

  private static Key key(String name) {
    Key key = KEYS.get(name);
    if (key == null) {
      throw new HubbleException(
          "unknown key: " + name + "; the keys are " + String.join(", ", KEYS.keySet()));
    }
    return key;
  }

  /** A value as YAML, as it is in force without flags. */
  String get(String name) {
    Key key = key(name);
    String value = environment().get(variable(name));
    if (name.equals("config")) {
      value = file.toString();
    }
    if (value == null || value.isEmpty()) {
      value = key.otherwise;
    }
    return switch (key.type) {
      case FLAG -> Boolean.toString(flag(value));
      case LIST ->
          value.isEmpty()
              ? "[]"
              : String.join(
                  "\n",
                  Arrays.stream(value.split(",", -1)).map(each -> "- " + quoted(each)).toList());
      case PORT -> '"' + value + '"';
      case TEXT, DURATION -> quoted(value);
    };
  }

  private static boolean flag(String text) {
    return text.equals("1") || text.equalsIgnoreCase("true") || text.equalsIgnoreCase("t");
  }

  private static String quoted(String text) {
    boolean plain =
        text.matches("[A-Za-z/][A-Za-z0-9_./@:-]*[A-Za-z0-9_/]|[A-Za-z/]|[0-9]+(ms|s|m|h)")
            && !text.matches("(?i)true|false|yes|no|on|off|null|y|n");
    return plain ? text : '"' + text.replace("\\", "\\\\").replace("\"", "\\\"") + '"';
  }

  /** All of them, by name. */
  String view() {
    var text = new StringBuilder();
    for (String name : KEYS.keySet()) {
      String value = get(name);
      boolean list = value.startsWith("- ");
      text.append(name).append(list ? ":\n" : ": ");
      text.append(list ? "    " + value.replace("\n", "\n    ") : value).append('\n');
    }
    return text.toString();
  }

  /**
   * Sets a value in the file; null: as if nobody had said anything.
   *
   * @throws HubbleException if it is no value of that key, or the file cannot be written
   */
  void set(String name, @Nullable String value) {
    Key key = key(name);
    if (value == null || value.isEmpty()) {
      values.remove(name);
    } else {
      values.put(name, parsed(key, value));
    }
    write();
  }

  /** Removes all that it knows. */
  void reset() {
    values.keySet().removeAll(KEYS.keySet());
    write();
  }

  private static Object parsed(Key key, String value) {
    String wrong = "cannot assign value=" + value + " for key=" + key.name + ": ";
    return switch (key.type) {
      case TEXT -> value;
      case LIST -> Arrays.asList(value.replaceAll("^\\[|\\]$", "").split(",", -1));
      case FLAG -> {
        if (!value.matches("(?i)true|false|t|f|1|0")) {
          throw new HubbleException(wrong + "true or false");
        }
        yield flag(value);
      }
      case DURATION -> {
        if (!value.matches("([0-9]+(\\.[0-9]+)?(ns|us|µs|ms|s|m|h))+")) {
          throw new HubbleException(wrong + "a duration such as 5s or 1m30s");
        }
        yield value;
      }
      case PORT -> {
        if (!value.matches("[0-9]{1,5}") || Integer.parseInt(value) > 65_535) {
          throw new HubbleException(wrong + "a port, 0 to 65535");
        }
        yield Integer.parseInt(value);
      }
    };
  }

  private void write() {
    try {
      Path directory = file.toAbsolutePath().getParent();
      if (directory != null) {
        Files.createDirectories(directory);
      }
      Path fresh = file.resolveSibling(file.getFileName() + ".new");
      Files.writeString(fresh, values.isEmpty() ? "{}\n" : YamlText.write(values));
      Files.move(fresh, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    } catch (IOException e) {
      throw new HubbleException(file + " cannot be written: " + e, e);
    }
  }
}
