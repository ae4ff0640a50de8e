package io.ovenet.kubernetes;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** Reads the kinds of Kubernetes itself. */
final class CoreRecords {
  private CoreRecords() {}

  static ObjectKey key(JsonObject object) {
    var metadata = object.object("metadata");
    var name = metadata.string("name");
    if (name.isEmpty()) {
      throw new IllegalArgumentException("an object without metadata.name");
    }
    // Most objects are in a namespace with many others.
    return new ObjectKey(metadata.string("namespace").intern(), name, metadata.string("uid"));
  }

  static PodRecord pod(JsonObject object) {
    var metadata = object.object("metadata");
    var spec = object.object("spec");
    var status = object.object("status");
    var serviceAccount = spec.string("serviceAccountName");
    return new PodRecord(
        key(object),
        metadata.stringMap("labels"),
        metadata.stringMap("annotations"),
        spec.string("nodeName"),
        serviceAccount.isEmpty() ? "default" : serviceAccount,
        podIps(status),
        status.string("phase"),
        ready(status),
        spec.bool("hostNetwork"),
        !metadata.string("deletionTimestamp").isEmpty(),
        ports(spec),
        owner(metadata));
  }

  private static List<String> podIps(JsonObject status) {
    var ips = new LinkedHashSet<String>();
    ips.add(status.string("podIP"));
    for (var ip : status.objects("podIPs")) {
      ips.add(ip.string("ip"));
    }
    ips.remove("");
    return List.copyOf(ips);
  }

  private static boolean ready(JsonObject status) {
    for (var condition : status.objects("conditions")) {
      if (condition.string("type").equals("Ready")) {
        return condition.string("status").equals("True");
      }
    }
    return false;
  }

  private static List<PodPort> ports(JsonObject spec) {
    var ports = new ArrayList<PodPort>();
    // An init container that keeps running beside the others serves ports too.
    for (var containers : List.of("containers", "initContainers")) {
      for (var container : spec.objects(containers)) {
        for (var port : container.objects("ports")) {
          var number = port.integer("containerPort");
          if (number >= 1 && number <= 65535) {
            var protocol = port.string("protocol").toUpperCase(Locale.ROOT);
            ports.add(
                new PodPort(
                    port.string("name"),
                    (int) number,
                    protocol.isEmpty() ? "TCP" : protocol,
                    Math.clamp(port.integer("hostPort"), 0, 65535),
                    port.string("hostIP")));
          }
        }
      }
    }
    return ports;
  }

  static @Nullable OwnerReference owner(JsonObject metadata) {
    OwnerReference first = null;
    for (var reference : metadata.objects("ownerReferences")) {
      var owner =
          new OwnerReference(
              reference.string("apiVersion"),
              reference.string("kind"),
              reference.string("name"),
              reference.string("uid"),
              reference.bool("controller"));
      if (owner.controller()) {
        return owner;
      }
      first = first == null ? owner : first;
    }
    return first;
  }

  static NamespaceRecord namespace(JsonObject object) {
    var metadata = object.object("metadata");
    return new NamespaceRecord(
        key(object), metadata.stringMap("labels"), metadata.stringMap("annotations"));
  }

  static NodeRecord node(JsonObject object) {
    var metadata = object.object("metadata");
    var spec = object.object("spec");
    var addresses = new ArrayList<NodeAddress>();
    for (var address : object.object("status").objects("addresses")) {
      addresses.add(new NodeAddress(address.string("type"), address.string("address")));
    }
    var podCidrs = spec.strings("podCIDRs");
    if (podCidrs.isEmpty() && !spec.string("podCIDR").isEmpty()) {
      podCidrs = List.of(spec.string("podCIDR"));
    }
    return new NodeRecord(
        key(object),
        metadata.stringMap("labels"),
        metadata.stringMap("annotations"),
        addresses,
        podCidrs);
  }
}
