package io.ovenet.operator;

import io.ovenet.kubernetes.ServicePort;
import io.ovenet.kubernetes.ServiceRecord;
import java.util.ArrayList;
import java.util.List;

/** A service as others see it that would share its address. */
record AddressHolder(ServiceRecord service, AddressRequest request) {

  /** Why both can't have one address, or "". */
  String incompatible(AddressHolder other) {
    if (request.sharingKey().isEmpty()
        || !request.sharingKey().equals(other.request.sharingKey())) {
      return "no sharing key in common";
    }
    if (!admits(other) || !other.admits(this)) {
      return "one of them doesn't admit the other's namespace";
    }
    var both = new ArrayList<>(endpoints(service));
    both.retainAll(endpoints(other.service));
    if (!both.isEmpty()) {
      return "both serve " + both.getFirst();
    }
    var local = service.traffic().externalLocal();
    if (local != other.service.traffic().externalLocal()) {
      return "one has externalTrafficPolicy Local, the other not";
    }
    return local && !service.selector().equals(other.service.selector())
        ? "both have externalTrafficPolicy Local but not the same pods"
        : "";
  }

  private boolean admits(AddressHolder other) {
    var namespace = other.service.key().namespace();
    return namespace.equals(service.key().namespace())
        || request.sharingNamespaces().contains("*")
        || request.sharingNamespaces().contains(namespace);
  }

  private static List<String> endpoints(ServiceRecord service) {
    return service.ports().stream().map(AddressHolder::endpoint).toList();
  }

  private static String endpoint(ServicePort port) {
    return port.port() + "/" + port.protocol();
  }
}
