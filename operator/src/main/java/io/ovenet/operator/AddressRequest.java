package io.ovenet.operator;

import io.ovenet.kubernetes.ServiceRecord;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * What a service asks for.
 *
 * @param addresses those asked for by name; none if any will do
 * @param ipv6 the families wanted where any address will do, the preferred one first
 * @param allFamilies whether it is served only if it has one of each
 * @param sharingKey services with the same key may have one address, empty for none
 * @param sharingNamespaces others in which services may share it, {@code *} for all
 */
record AddressRequest(
    Set<Address> addresses,
    List<Boolean> ipv6,
    boolean allFamilies,
    String sharingKey,
    Set<String> sharingNamespaces) {
  private static final Set<String> CLASSES =
      Set.of("", "io.cilium/bgp-control-plane", "io.cilium/l2-announcer");

  AddressRequest {
    addresses = Set.copyOf(addresses);
    ipv6 = List.copyOf(ipv6);
    sharingNamespaces = Set.copyOf(sharingNamespaces);
  }

  /** Whether the service's address is for this operator to give. */
  static boolean concerns(ServiceRecord service) {
    return service.type().equals("LoadBalancer") && CLASSES.contains(service.loadBalancerClass());
  }

  /**
   * Reads the request.
   *
   * @throws IllegalArgumentException naming the field and the remedy
   */
  static AddressRequest of(ServiceRecord service) {
    var addresses = new LinkedHashSet<Address>();
    if (!service.loadBalancerIp().isEmpty()) {
      addresses.add(address("spec.loadBalancerIP", service.loadBalancerIp()));
    }
    for (var name : List.of("lbipam.cilium.io/ips", "io.cilium/lb-ipam-ips")) {
      for (var text : listed(service.annotations(), name)) {
        addresses.add(address("annotation " + name, text));
      }
    }
    var families = new ArrayList<Boolean>();
    service.ipFamilies().forEach(family -> families.add(family.equals("IPv6")));
    if (families.isEmpty()) {
      families.add(false);
    }
    var annotations = service.annotations();
    return new AddressRequest(
        addresses,
        families,
        !service.ipFamilyPolicy().equals("PreferDualStack"),
        either(annotations, "lbipam.cilium.io/sharing-key", "io.cilium/lb-ipam-sharing-key"),
        sharingNamespaces(annotations));
  }

  private static Set<String> sharingNamespaces(Map<String, String> annotations) {
    var namespaces = new LinkedHashSet<String>();
    namespaces.addAll(listed(annotations, "lbipam.cilium.io/sharing-cross-namespace"));
    namespaces.addAll(listed(annotations, "io.cilium/lb-ipam-sharing-cross-namespace"));
    return namespaces;
  }

  private static Address address(String field, String text) {
    try {
      return Address.parse(text);
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException(
          field + ": " + e.getMessage() + ": give addresses with commas between them", e);
    }
  }

  private static List<String> listed(Map<String, String> annotations, String name) {
    var parts = new ArrayList<String>();
    for (var part : annotations.getOrDefault(name, "").split(",", -1)) {
      if (!part.isBlank()) {
        parts.add(part.strip());
      }
    }
    return parts;
  }

  private static String either(Map<String, String> annotations, String name, String alias) {
    return annotations.getOrDefault(name, annotations.getOrDefault(alias, ""));
  }
}
