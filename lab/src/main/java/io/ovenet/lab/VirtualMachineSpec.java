package io.ovenet.lab;

import com.fasterxml.jackson.databind.JsonNode;
import io.fabric8.kubernetes.api.model.Quantity;
import java.math.BigDecimal;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;

/**
 * What the lab takes from a VirtualMachineInstance's spec (KubeVirt, contracts §7).
 *
 * @param binding how the guest gets at the pod's network
 * @param mac of the guest's interface
 * @param gateway of the guest with masquerade
 * @param guest its address with masquerade
 * @param prefix length of the guest's network with masquerade
 * @param ports to forward with masquerade; all if empty
 * @param userData script that the guest runs once its network is up, or ""
 */
record VirtualMachineSpec(
    Binding binding,
    String network,
    String mac,
    String gateway,
    String guest,
    int prefix,
    List<Port> ports,
    int memoryMiB,
    String userData) {
  /** KubeVirt's two bindings of the pod network. */
  enum Binding {
    MASQUERADE,
    BRIDGE
  }

  /**
   * A port to forward.
   *
   * @param protocol in lower case, as nftables writes it
   */
  record Port(String protocol, int port) {}

  private static final int LEAST_MEMORY_MIB = 96;
  private static final int USUAL_MEMORY_MIB = 128;

  VirtualMachineSpec {
    ports = List.copyOf(ports);
  }

  /**
   * @param seed from which the interface's address follows where the spec gives none
   * @throws IllegalArgumentException with the path of the field that the lab cannot serve
   */
  static VirtualMachineSpec parse(JsonNode spec, String seed) {
    JsonNode domain = spec.path("domain");
    JsonNode interfaces = domain.path("devices").path("interfaces");
    if (interfaces.size() > 1) {
      throw new IllegalArgumentException(
          "spec.domain.devices.interfaces: the lab serves one interface on the pod network");
    }
    JsonNode first = interfaces.path(0);
    String network = first.path("name").asText("default");
    String cidr = "10.0.2.0/24";
    for (JsonNode each : spec.path("networks")) {
      if (each.path("name").asText().equals(network)) {
        if (!each.has("pod")) {
          throw new IllegalArgumentException("spec.networks: the lab serves the pod network only");
        }
        cidr = each.path("pod").path("vmNetworkCIDR").asText(cidr);
      }
    }
    int slash = cidr.indexOf('/');
    long base = address(slash < 0 ? cidr : cidr.substring(0, slash));
    int prefix = slash < 0 ? 24 : Integer.parseInt(cidr.substring(slash + 1));
    if (prefix < 1 || prefix > 30) {
      throw new IllegalArgumentException("spec.networks.pod.vmNetworkCIDR: no room in " + cidr);
    }
    base &= -1L << (32 - prefix);
    List<Port> ports = new ArrayList<>();
    for (JsonNode port : first.path("ports")) {
      String protocol = port.path("protocol").asText("TCP").toLowerCase(java.util.Locale.ROOT);
      if (!protocol.matches("tcp|udp|sctp")) {
        throw new IllegalArgumentException("spec.domain.devices.interfaces.ports: " + protocol);
      }
      ports.add(new Port(protocol, port.path("port").asInt()));
    }
    return new VirtualMachineSpec(
        first.has("bridge") ? Binding.BRIDGE : Binding.MASQUERADE,
        network,
        first.has("macAddress") ? mac(first.path("macAddress").asText()) : derivedMac(seed),
        text(base + 1),
        text(base + 2),
        prefix,
        ports,
        memory(domain),
        userData(spec));
  }

  private static String userData(JsonNode spec) {
    for (JsonNode volume : spec.path("volumes")) {
      for (String kind : List.of("cloudInitNoCloud", "cloudInitConfigDrive")) {
        JsonNode source = volume.path(kind);
        String text =
            source.has("userDataBase64")
                ? new String(
                    Base64.getDecoder().decode(source.path("userDataBase64").asText()),
                    StandardCharsets.UTF_8)
                : source.path("userData").asText("");
        if (text.startsWith("#!")) {
          return text;
        }
        if (!text.isBlank()) {
          throw new IllegalArgumentException(
              "spec.volumes."
                  + kind
                  + ".userData: the lab's guests run a script that begins with #!/bin/sh");
        }
      }
    }
    return "";
  }

  private static int memory(JsonNode domain) {
    JsonNode guest = domain.path("memory").path("guest");
    JsonNode requested = domain.path("resources").path("requests").path("memory");
    JsonNode chosen = guest.isMissingNode() ? requested : guest;
    if (chosen.isMissingNode()) {
      return USUAL_MEMORY_MIB;
    }
    BigDecimal bytes = Quantity.getAmountInBytes(Quantity.parse(chosen.asText()));
    return Math.max(LEAST_MEMORY_MIB, bytes.divide(BigDecimal.valueOf(1 << 20)).intValue());
  }

  private static String mac(String text) {
    String lower = text.toLowerCase(java.util.Locale.ROOT).replace('-', ':');
    if (!lower.matches("([0-9a-f]{2}:){5}[0-9a-f]{2}")) {
      throw new IllegalArgumentException(
          "spec.domain.devices.interfaces.macAddress: " + text + " is no MAC address");
    }
    return lower;
  }

  /** QEMU's own prefix, then a hash: the same machine has the same address after a restart. */
  private static String derivedMac(String seed) {
    try {
      byte[] hash =
          MessageDigest.getInstance("SHA-256").digest(seed.getBytes(StandardCharsets.UTF_8));
      return String.format("52:54:00:%02x:%02x:%02x", hash[0], hash[1], hash[2]);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java platform has SHA-256", e);
    }
  }

  private static long address(String text) {
    if (!text.matches("[0-9.]+")) {
      throw new IllegalArgumentException("spec.networks.pod.vmNetworkCIDR: " + text);
    }
    try {
      long value = 0;
      for (byte each : InetAddress.getByName(text).getAddress()) {
        value = value << 8 | (each & 0xff);
      }
      return value;
    } catch (UnknownHostException e) {
      throw new IllegalArgumentException("spec.networks.pod.vmNetworkCIDR: " + text, e);
    }
  }

  private static String text(long address) {
    return (address >> 24 & 255)
        + "."
        + (address >> 16 & 255)
        + "."
        + (address >> 8 & 255)
        + "."
        + (address & 255);
  }
}
