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
    boolean headless = ips.remove("None");
    ips.remove("");
    var ports = new ArrayList<ServicePort>();
    for (var port : spec.objects("ports")) {
      var protocol = port.string("protocol").toUpperCase(Locale.ROOT);
      ports.add(
          new ServicePort(
              port.string("name"),
              protocol.isEmpty() ? "TCP" : protocol,
              Math.clamp(port.integer("port"), 0, 65535),
              targetPort(port),
              Math.clamp(port.integer("nodePort"), 0, 65535),
              port.string("appProtocol")));
    }
    var status = object.object("status");
    var ingress = new ArrayList<LoadBalancerIngress>();
    for (var point : status.object("loadBalancer").objects("ingress")) {
      if (!point.string("ip").isEmpty()) {
        ingress.add(
            new LoadBalancerIngress(point.string("ip"), point.string("ipMode").equals("Proxy")));
      }
    }
    return new ServiceRecord(
        CoreRecords.key(object),
        metadata.string("resourceVersion"),
        metadata.string("creationTimestamp"),
        metadata.stringMap("labels"),
        metadata.stringMap("annotations"),
        spec.string("type"),
        headless,
        List.copyOf(ips),
        spec.strings("externalIPs"),
        spec.strings("ipFamilies"),
        spec.string("ipFamilyPolicy"),
        spec.string("loadBalancerClass"),
        spec.string("loadBalancerIP"),
        traffic(spec),
        spec.stringMap("selector"),
        ports,
        ingress,
        Condition.read(status));
  }

  private static String targetPort(JsonObject port) {
    var number = port.integer("targetPort");
    return number == 0 ? port.string("targetPort") : Long.toString(number);
  }

  private static ServiceTraffic traffic(JsonObject spec) {
    int affinity = 0;
    if (spec.string("sessionAffinity").equals("ClientIP")) {
      var seconds =
          spec.object("sessionAffinityConfig").object("clientIP").integer("timeoutSeconds");
      affinity =
          seconds == 0 ? ServiceTraffic.DEFAULT_AFFINITY_SECONDS : Math.clamp(seconds, 1, 86_400);
    }
    return new ServiceTraffic(
        spec.string("internalTrafficPolicy").equals("Local"),
        spec.string("externalTrafficPolicy").equals("Local"),
        spec.string("trafficDistribution"),
        affinity,
        spec.bool("publishNotReadyAddresses"),
        Math.clamp(spec.integer("healthCheckNodePort"), 0, 65_535),
        spec.strings("loadBalancerSourceRanges"));
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
