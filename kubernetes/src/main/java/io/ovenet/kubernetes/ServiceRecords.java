package io.ovenet.kubernetes;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;

/** Reads services and the pools of their addresses. */
final class ServiceRecords {
  private ServiceRecords() {}

  static ServiceRecord service(JsonObject object) {
    var metadata = object.object("metadata");
    var spec = object.object("spec");
    var ips = new LinkedHashSet<String>(spec.strings("clusterIPs"));
    ips.add(spec.string("clusterIP"));
    // "None" is what a headless service has in place of an address.
    ips.remove("None");
    ips.remove("");
    var ports = new ArrayList<ServicePort>();
    for (var port : spec.objects("ports")) {
      var protocol = port.string("protocol").toUpperCase(Locale.ROOT);
      ports.add(
          new ServicePort(
              port.string("name"),
              protocol.isEmpty() ? "TCP" : protocol,
              Math.clamp(port.integer("port"), 0, 65535)));
    }
    var status = object.object("status");
    var ingress = new ArrayList<String>();
    for (var point : status.object("loadBalancer").objects("ingress")) {
      if (!point.string("ip").isEmpty()) {
        ingress.add(point.string("ip"));
      }
    }
    return new ServiceRecord(
        CoreRecords.key(object),
        metadata.string("resourceVersion"),
        metadata.string("creationTimestamp"),
        metadata.stringMap("labels"),
        metadata.stringMap("annotations"),
        spec.string("type"),
        List.copyOf(ips),
        spec.strings("ipFamilies"),
        spec.string("ipFamilyPolicy"),
        spec.string("loadBalancerClass"),
        spec.string("loadBalancerIP"),
        spec.string("externalTrafficPolicy"),
        spec.stringMap("selector"),
        ports,
        ingress,
        Condition.read(status));
  }

  static LoadBalancerPoolRecord pool(JsonObject object) {
    var metadata = object.object("metadata");
    var spec = object.object("spec");
    var blocks = new ArrayList<LoadBalancerPoolRecord.Block>();
    for (var field : List.of("cidrs", "blocks")) {
      var index = 0;
      for (var block : spec.objects(field)) {
        blocks.add(
            new LoadBalancerPoolRecord.Block(
                "spec." + field + "[" + index++ + "]",
                block.string("cidr"),
                block.string("start"),
                block.string("stop")));
      }
    }
    return new LoadBalancerPoolRecord(
        CoreRecords.key(object),
        metadata.string("resourceVersion"),
        metadata.integer("generation"),
        metadata.string("creationTimestamp"),
        blocks,
        spec.object("serviceSelector"),
        spec.bool("disabled"),
        !spec.string("allowFirstLastIPs").equals("No"),
        Condition.read(object.object("status")));
  }
}
