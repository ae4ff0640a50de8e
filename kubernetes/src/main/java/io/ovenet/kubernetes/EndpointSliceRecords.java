package io.ovenet.kubernetes;

import java.net.Inet4Address;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** Reads slices of endpoints (discovery.k8s.io/v1). */
final class EndpointSliceRecords {
  static final String SERVICE_LABEL = "kubernetes.io/service-name";

  private EndpointSliceRecords() {}

  static EndpointSliceRecord slice(JsonObject object) {
    var errors = new ArrayList<String>();
    boolean ipv4 = object.string("addressType").equals("IPv4");
    boolean addresses = ipv4 || object.string("addressType").equals("IPv6");
    if (!addresses) {
      errors.add(
          "addressType: '"
              + object.string("addressType")
              + "' has no addresses to send to; make slices of IPv4 or IPv6");
    }
    return new EndpointSliceRecord(
        CoreRecords.key(object),
        object.object("metadata").object("labels").string(SERVICE_LABEL),
        ipv4,
        ports(object, errors),
        addresses ? endpoints(object, ipv4, errors) : List.of(),
        errors);
  }

  private static List<SlicePort> ports(JsonObject object, List<String> errors) {
    var ports = new ArrayList<SlicePort>();
    var index = 0;
    for (var port : object.objects("ports")) {
      var number = port.integer("port");
      var protocol = port.string("protocol").toUpperCase(Locale.ROOT);
      if (number >= 1 && number <= 65_535) {
        ports.add(
            new SlicePort(
                port.string("name"), protocol.isEmpty() ? "TCP" : protocol, (int) number));
      } else {
        errors.add("ports[" + index + "].port: " + number + " is no port; use 1 to 65535");
      }
      index++;
    }
    return ports;
  }

  private static List<SliceEndpoint> endpoints(
      JsonObject object, boolean ipv4, List<String> errors) {
    var endpoints = new ArrayList<SliceEndpoint>();
    var index = 0;
    for (var endpoint : object.objects("endpoints")) {
      var field = "endpoints[" + index++ + "].addresses[0]";
      // The further addresses of an endpoint mean nothing (Kubernetes' API, EndpointSlice v1).
      var text = endpoint.strings("addresses").stream().findFirst().orElse("");
      try {
        var address = InetAddress.ofLiteral(text);
        if (address instanceof Inet4Address != ipv4
            || address.isAnyLocalAddress()
            || address.isLoopbackAddress()
            || address.isMulticastAddress()) {
          errors.add(field + ": '" + text + "' is no address of an endpoint of this slice");
        } else {
          endpoints.add(endpoint(endpoint, address));
        }
      } catch (IllegalArgumentException e) {
        errors.add(field + ": '" + text + "' is no address");
      }
    }
    return endpoints;
  }

  private static SliceEndpoint endpoint(JsonObject endpoint, InetAddress address) {
    var conditions = endpoint.object("conditions");
    boolean ready = unlessFalse(conditions, "ready", true);
    var hints = endpoint.object("hints");
    var target = endpoint.object("targetRef");
    return new SliceEndpoint(
        address,
        ready,
        unlessFalse(conditions, "serving", ready),
        conditions.bool("terminating"),
        // Few names, on as many endpoints as there are: one text for all of them.
        endpoint.string("nodeName").intern(),
        endpoint.string("zone").intern(),
        names(hints, "forZones"),
        names(hints, "forNodes"),
        target.string("kind").intern(),
        target.string("name"),
        target.string("uid"));
  }

  private static boolean unlessFalse(JsonObject conditions, String name, boolean missing) {
    return conditions.fields().get(name) instanceof Boolean said ? said : missing;
  }

  private static List<String> names(JsonObject hints, String field) {
    var names = new ArrayList<String>();
    for (var hint : hints.objects(field)) {
      if (!hint.string("name").isEmpty()) {
        names.add(hint.string("name").intern());
      }
    }
    return names;
  }
}
