package io.ovenet.kubernetes;

import io.ovenet.kubernetes.policy.CidrGroups;
import io.ovenet.kubernetes.policy.PolicyParser;
import io.ovenet.policy.Labels;
import io.ovenet.policy.PolicyException;
import io.ovenet.policy.PolicyNotice;
import java.time.Instant;
import java.time.format.DateTimeParseException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Reads the kinds of group cilium.io, and policies of any group. */
final class CiliumRecords {
  private CiliumRecords() {}

  static PolicyRecord policy(String kind, JsonObject object) {
    var metadata = object.object("metadata");
    var key = CoreRecords.key(object);
    var document = new LinkedHashMap<String, @Nullable Object>();
    var place = new LinkedHashMap<String, @Nullable Object>();
    if (!key.namespace().isEmpty()) {
      place.put("namespace", key.namespace());
    }
    place.put("name", key.name());
    place.put("uid", key.uid());
    place.put("generation", metadata.integer("generation"));
    var annotations = new LinkedHashMap<String, @Nullable Object>();
    for (var annotation : PolicyParser.ANNOTATIONS) {
      if (metadata.stringMap("annotations").containsKey(annotation)) {
        annotations.put(annotation, metadata.stringMap("annotations").get(annotation));
      }
    }
    if (!annotations.isEmpty()) {
      place.put("annotations", Collections.unmodifiableMap(annotations));
    }
    document.put("metadata", Collections.unmodifiableMap(place));
    for (var field : List.of("spec", "specs")) {
      if (object.fields().containsKey(field)) {
        document.put(field, object.fields().get(field));
      }
    }
    return new PolicyRecord(
        key,
        kind,
        metadata.string("resourceVersion"),
        metadata.integer("generation"),
        metadata.stringMap("labels"),
        Collections.unmodifiableMap(document),
        policyStatus(object.object("status")));
  }

  static CidrGroupRecord cidrGroup(JsonObject object) {
    var errors = new ArrayList<PolicyNotice>();
    try {
      return new CidrGroupRecord(
          CoreRecords.key(object), CidrGroups.parse(object.fields(), errors::add), errors);
    } catch (PolicyException e) {
      throw new IllegalArgumentException(e.getMessage(), e);
    }
  }

  private static PolicyStatus policyStatus(JsonObject status) {
    for (var condition : status.objects("conditions")) {
      if (condition.string("type").equals("Valid")) {
        return new PolicyStatus(
            condition.string("status"),
            condition.string("reason"),
            condition.string("message"),
            condition.string("lastTransitionTime"),
            condition.integer("observedGeneration"),
            status.string("lastValid"));
      }
    }
    return PolicyStatus.NONE;
  }

  static CiliumNodeRecord node(JsonObject object) {
    var spec = object.object("spec");
    var status = object.object("status");
    var addresses = new ArrayList<NodeAddress>();
    for (var address : spec.objects("addresses")) {
      addresses.add(new NodeAddress(address.string("type"), address.string("ip")));
    }
    return new CiliumNodeRecord(
        CoreRecords.key(object),
        object.object("metadata").string("resourceVersion"),
        object.object("metadata").stringMap("labels"),
        addresses,
        spec.object("ipam").strings("podCIDRs"),
        depleted(status.object("ipam").object("pod-cidrs")),
        status.object("policy").integer("revision"),
        status.object("ipam").object("operator-status").string("error"));
  }

  private static Set<String> depleted(JsonObject podCidrs) {
    var depleted = new HashSet<String>();
    for (var cidr : podCidrs.fields().keySet()) {
      if (podCidrs.object(cidr).string("status").equals(CiliumNodes.DEPLETED)) {
        depleted.add(cidr);
      }
    }
    return depleted;
  }

  static IdentityRecord identity(JsonObject object) {
    var key = CoreRecords.key(object);
    var metadata = object.object("metadata");
    return new IdentityRecord(
        key,
        metadata.string("resourceVersion"),
        identityNumber(key.name()),
        Labels.fromSecurityLabels(object.stringMap("security-labels")),
        millis(metadata.string("creationTimestamp")),
        metadata.stringMap("annotations"));
  }

  /** The name of a CiliumIdentity is its number, written in the one way that a number is. */
  private static int identityNumber(String name) {
    try {
      var number = Integer.parseInt(name);
      if (number > 0 && Integer.toString(number).equals(name)) {
        return number;
      }
    } catch (NumberFormatException e) {
      // Told below, as for a number that is not one of an identity.
    }
    throw new IllegalArgumentException("a CiliumIdentity whose name is no number: " + name);
  }

  static CiliumEndpointRecord endpoint(JsonObject object) {
    var metadata = object.object("metadata");
    var status = object.object("status");
    var networking = status.object("networking");
    var owner = CoreRecords.owner(metadata);
    return new CiliumEndpointRecord(
        CoreRecords.key(object),
        metadata.string("resourceVersion"),
        number(status.object("identity").integer("id")),
        number(status.integer("id")),
        networking.string("node").intern(),
        ips(networking),
        status.string("state").intern(),
        namedPorts(status),
        owner == null ? "" : owner.uid(),
        metadata.object("annotations").string(Workload.ANNOTATION).intern());
  }

  static List<String> ips(JsonObject networking) {
    var ips = new ArrayList<String>();
    for (var address : networking.objects("addressing")) {
      for (var family : List.of("ipv4", "ipv6")) {
        if (!address.string(family).isEmpty()) {
          ips.add(address.string(family));
        }
      }
    }
    return ips;
  }

  /** Those that can be understood. */
  static List<ContainerPort> namedPorts(JsonObject endpoint) {
    var ports = new ArrayList<ContainerPort>();
    for (var port : endpoint.objects("named-ports")) {
      var number = port.integer("port");
      if (!port.string("name").isEmpty() && number >= 1 && number <= 65535) {
        ports.add(new ContainerPort(port.string("name"), (int) number, port.string("protocol")));
      }
    }
    return ports;
  }

  static int number(long value) {
    return value > 0 && value <= Integer.MAX_VALUE ? (int) value : 0;
  }

  private static long millis(String timestamp) {
    try {
      return timestamp.isEmpty() ? 0 : Instant.parse(timestamp).toEpochMilli();
    } catch (DateTimeParseException e) {
      // A time nobody can read is no time: whoever needs one treats the object as just made.
      return 0;
    }
  }
}
