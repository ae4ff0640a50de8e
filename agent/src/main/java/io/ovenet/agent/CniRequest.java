package io.ovenet.agent;

import io.ovenet.kubernetes.Json;
import io.ovenet.kubernetes.JsonObject;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Pattern;

/**
 * One call of the CNI plugin, as it arrives from it: {@code NAME=value\0} for each variable, {@code
 * \0}, then the configuration.
 *
 * @param netns path of the container's network namespace; may be empty for DEL
 * @param arguments CNI_ARGS
 * @param configuration the JSON object of the plugin's stdin
 */
public record CniRequest(
    Command command,
    String containerId,
    String ifname,
    String netns,
    Map<String, String> arguments,
    CniVersion version,
    JsonObject configuration) {

  /** What is asked. VERSION is answered by the plugin itself. */
  public enum Command {
    ADD,
    DEL,
    CHECK,
    STATUS
  }

  private static final Pattern CONTAINER_ID = Pattern.compile("[a-zA-Z0-9][a-zA-Z0-9_.-]{0,199}");
  private static final Pattern IFNAME = Pattern.compile("[^/:\\s\\p{Cntrl}]{1,15}");

  public static CniRequest parse(byte[] bytes) throws CniException {
    var variables = new TreeMap<String, String>();
    int at = 0;
    while (true) {
      int end = at;
      while (end < bytes.length && bytes[end] != 0) {
        end++;
      }
      if (end == bytes.length) {
        throw new CniException(CniException.DECODE, "the request ends in its variables", "");
      }
      if (end == at) {
        break;
      }
      var variable = utf8(bytes, at, end);
      int equals = variable.indexOf('=');
      if (equals <= 0) {
        throw new CniException(CniException.DECODE, "the request has a variable without '='", "");
      }
      variables.put(variable.substring(0, equals), variable.substring(equals + 1));
      at = end + 1;
    }
    return parse(variables, Arrays.copyOfRange(bytes, at + 1, bytes.length));
  }

  /** The endpoint that is meant: a container's interfaces are endpoints of their own. */
  public AttachmentKey key() {
    return new AttachmentKey(containerId, ifname);
  }

  private static CniRequest parse(Map<String, String> variables, byte[] stdin) throws CniException {
    JsonObject configuration;
    try {
      configuration = Json.parse(stdin);
    } catch (Json.JsonException e) {
      throw new CniException(
          CniException.DECODE,
          "the configuration is no JSON object",
          String.valueOf(e.getMessage()));
    }
    var asked = configuration.string("cniVersion");
    asked = asked.isEmpty() ? "0.1.0" : asked;
    var version = CniVersion.parse(asked);
    if (version == null) {
      throw new CniException(
          CniException.INCOMPATIBLE_VERSION, "cniVersion '" + asked + "' is not supported", "");
    }
    var command = command(variables.getOrDefault("CNI_COMMAND", ""));
    var containerId = variables.getOrDefault("CNI_CONTAINERID", "");
    var ifname = variables.getOrDefault("CNI_IFNAME", "");
    if (command != Command.STATUS) {
      if (!CONTAINER_ID.matcher(containerId).matches()) {
        throw environment("CNI_CONTAINERID", containerId);
      }
      if (!IFNAME.matcher(ifname).matches() || ifname.equals(".") || ifname.equals("..")) {
        throw environment("CNI_IFNAME", ifname);
      }
    }
    var netns = variables.getOrDefault("CNI_NETNS", "");
    if (netns.isEmpty() && (command == Command.ADD || command == Command.CHECK)) {
      throw environment("CNI_NETNS", netns);
    }
    return new CniRequest(
        command,
        containerId,
        ifname,
        netns,
        arguments(variables.getOrDefault("CNI_ARGS", "")),
        version,
        configuration);
  }

  private static Command command(String text) throws CniException {
    for (var command : Command.values()) {
      if (command.name().equals(text)) {
        return command;
      }
    }
    throw environment("CNI_COMMAND", text);
  }

  private static Map<String, String> arguments(String text) throws CniException {
    var arguments = new TreeMap<String, String>();
    for (var pair : text.split(";", -1)) {
      int equals = pair.indexOf('=');
      if (equals > 0) {
        arguments.put(pair.substring(0, equals), pair.substring(equals + 1));
      } else if (!pair.isEmpty()) {
        throw environment("CNI_ARGS", text);
      }
    }
    return Map.copyOf(arguments);
  }

  private static CniException environment(String name, String value) {
    return new CniException(
        CniException.ENVIRONMENT, name + " '" + value + "' is missing or wrong", "");
  }

  private static String utf8(byte[] bytes, int from, int to) throws CniException {
    try {
      return StandardCharsets.UTF_8
          .newDecoder()
          .decode(ByteBuffer.wrap(bytes, from, to - from))
          .toString();
    } catch (CharacterCodingException e) {
      throw new CniException(CniException.DECODE, "the request is no UTF-8", e.toString());
    }
  }
}
