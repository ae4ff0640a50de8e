package io.ovenet.lab.api;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Gives services their cluster addresses and node ports. What a service asked for but didn't come
 * to be written stays reserved for its name, so nothing is given twice. Thread-safe.
 */
final class ServiceAddresses {
  private static final int FIRST_PORT = 30000;
  private static final int PORTS = 2768;

  private final int network;
  private final int size;
  private final Map<String, String> owners = new HashMap<>();

  /**
   * @param cidr such as {@code 10.96.0.0/16}; its first address is the API server's
   */
  ServiceAddresses(String cidr) {
    int slash = cidr.indexOf('/');
    if (!Formats.matches("cidr", cidr) || cidr.contains(":")) {
      throw new IllegalArgumentException("service addresses " + cidr + ": not an IPv4 CIDR");
    }
    int bits = 32 - Integer.parseInt(cidr.substring(slash + 1));
    if (bits < 4 || bits > 24) {
      throw new IllegalArgumentException("service addresses " + cidr + ": use /8 to /28");
    }
    int address = 0;
    for (String octet : cidr.substring(0, slash).split("\\.", -1)) {
      address = address << 8 | Integer.parseInt(octet);
    }
    size = 1 << bits;
    network = address & -size;
  }

  /** Follows services that are written and deleted. */
  synchronized void observe(Event event) {
    if (!event.object().key().resource().equals("services")) {
      return;
    }
    String owner = event.object().key().order();
    if (event.type() == Event.Type.DELETED) {
      owners.values().removeIf(owner::equals);
    } else {
      hold(event.object());
    }
  }

  synchronized void hold(Stored service) {
    ObjectNode spec = Json.child(service.tree(), "spec");
    String owner = service.key().order();
    owners.values().removeIf(owner::equals);
    String address = Json.text(spec, "clusterIP");
    if (!address.isEmpty() && !address.equals("None")) {
      owners.put(address, owner);
    }
    for (JsonNode port : spec.path("ports")) {
      if (port.has("nodePort")) {
        owners.put(portKey(port), owner);
      }
    }
  }

  private static String portKey(JsonNode port) {
    return port.path("protocol").asText() + port.path("nodePort").asInt();
  }

  synchronized void assign(
      ObjectNode service, @Nullable ObjectNode before, List<ApiException.Cause> causes) {
    ObjectNode spec = Json.child(service, "spec");
    String owner =
        Json.text(service, "metadata.namespace") + '\0' + Json.text(service, "metadata.name");
    String type = Json.text(spec, "type");
    if (type.equals("ExternalName")) {
      spec.remove(List.of("clusterIP", "clusterIPs"));
      return;
    }
    String held = Json.text(before, "spec.clusterIP");
    String address = Json.text(spec, "clusterIP");
    if (address.isEmpty()) {
      address = held.isEmpty() ? free(owner) : held;
    } else if (!held.isEmpty() && !address.equals(held)) {
      invalid(causes, "spec.clusterIP", address, "field is immutable");
    } else if (!address.equals("None")) {
      if (!Formats.matches("ip", address)) {
        invalid(causes, "spec.clusterIP", address, "must be a valid IP address");
      } else if (!owner.equals(owners.getOrDefault(address, owner))) {
        invalid(causes, "spec.clusterIP", address, "provided IP is already allocated");
      } else {
        owners.put(address, owner);
      }
    }
    spec.put("clusterIP", address);
    spec.putArray("clusterIPs").add(address);
    if (!spec.has("ipFamilies")) {
      spec.putArray("ipFamilies").add(address.contains(":") ? "IPv6" : "IPv4");
    }
    if (!spec.has("ipFamilyPolicy")) {
      spec.put("ipFamilyPolicy", "SingleStack");
    }
    boolean wanted =
        type.equals("NodePort")
            || (type.equals("LoadBalancer")
                && spec.path("allocateLoadBalancerNodePorts").asBoolean(true));
    nodePorts(spec, before, owner, wanted, causes);
  }

  private void nodePorts(
      ObjectNode spec,
      @Nullable ObjectNode before,
      String owner,
      boolean wanted,
      List<ApiException.Cause> causes) {
    int index = 0;
    for (JsonNode node : spec.path("ports")) {
      String at = "spec.ports[" + index++ + "].nodePort";
      if (!(node instanceof ObjectNode port)) {
        continue;
      }
      int number = port.path("nodePort").asInt();
      if (number != 0) {
        if (number < FIRST_PORT || number >= FIRST_PORT + PORTS) {
          invalid(
              causes,
              at,
              String.valueOf(number),
              "provided port is not in the valid range. The range of valid ports is "
                  + FIRST_PORT
                  + "-"
                  + (FIRST_PORT + PORTS - 1));
        } else if (!owner.equals(owners.getOrDefault(portKey(port), owner))) {
          invalid(causes, at, String.valueOf(number), "provided port is already allocated");
        } else {
          owners.put(portKey(port), owner);
        }
      } else if (wanted) {
        for (JsonNode old : Json.items(before, "spec.ports")) {
          if (old.path("port").equals(port.path("port"))
              && old.path("protocol").equals(port.path("protocol"))
              && old.has("nodePort")) {
            port.set("nodePort", old.get("nodePort"));
          }
        }
        if (!port.has("nodePort")) {
          freePort(port, owner);
        }
      }
    }
  }

  private void freePort(ObjectNode port, String owner) {
    int start = Math.floorMod(owner.hashCode(), PORTS);
    for (int i = 0; i < PORTS; i++) {
      port.put("nodePort", FIRST_PORT + (start + i) % PORTS);
      if (owners.putIfAbsent(portKey(port), owner) == null) {
        return;
      }
    }
    throw new ApiException(503, "ServiceUnavailable", "all " + PORTS + " node ports are in use");
  }

  private String free(String owner) {
    int usable = size - 12;
    int start = Math.floorMod(owner.hashCode() * 31, usable);
    for (int i = 0; i < usable; i++) {
      // The first ten are kept for services that ask for an address, such as DNS.
      int address = network + 11 + (start + i) % usable;
      String text =
          (address >>> 24)
              + "."
              + (address >>> 16 & 255)
              + "."
              + (address >>> 8 & 255)
              + "."
              + (address & 255);
      if (owners.computeIfAbsent(text, key -> owner).equals(owner)) {
        return text;
      }
    }
    throw new ApiException(
        503, "ServiceUnavailable", "all " + usable + " service addresses are in use");
  }

  private static void invalid(
      List<ApiException.Cause> causes, String at, String value, String why) {
    causes.add(
        new ApiException.Cause(
            "FieldValueInvalid", "Invalid value: \"" + value + "\": " + why, at));
  }
}
