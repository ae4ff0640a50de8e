package io.ovenet.kubernetes;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What the operator says of many CiliumEndpoints of one namespace together, so that a node hears of
 * many pods at once.
 *
 * @param namespace of all of its endpoints; the object itself is the cluster's
 * @param endpoints each as its CiliumEndpoint says it, without uid, version, number on its node and
 *     owner, which a slice leaves out
 */
public record CiliumEndpointSliceRecord(
    ObjectKey key, String namespace, List<CiliumEndpointRecord> endpoints)
    implements KubernetesRecord {
  public CiliumEndpointSliceRecord {
    endpoints = List.copyOf(endpoints);
  }

  static CiliumEndpointSliceRecord read(JsonObject object) {
    // Equal texts are one object: a cluster's endpoints have most of theirs in common.
    var namespace = object.string("namespace").intern();
    var endpoints = new ArrayList<CiliumEndpointRecord>();
    for (var endpoint : object.objects("endpoints")) {
      if (!endpoint.string("name").isEmpty()) {
        endpoints.add(endpoint(namespace, endpoint));
      }
    }
    return new CiliumEndpointSliceRecord(CoreRecords.key(object), namespace, endpoints);
  }

  private static CiliumEndpointRecord endpoint(String namespace, JsonObject endpoint) {
    var networking = endpoint.object("networking");
    return new CiliumEndpointRecord(
        new ObjectKey(namespace, endpoint.string("name"), ""),
        "",
        CiliumRecords.number(endpoint.integer("id")),
        0,
        networking.string("node").intern(),
        CiliumRecords.ips(networking),
        "",
        CiliumRecords.namedPorts(endpoint),
        "",
        endpoint.string("workload").intern());
  }

  /** What a slice tells of an endpoint, and nothing else of it: two of these may be compared. */
  public static CiliumEndpointRecord told(CiliumEndpointRecord endpoint) {
    return new CiliumEndpointRecord(
        new ObjectKey(endpoint.key().namespace(), endpoint.key().name(), ""),
        "",
        endpoint.identity(),
        0,
        endpoint.nodeAddress(),
        endpoint.ips(),
        "",
        endpoint.namedPorts(),
        "",
        endpoint.workload());
  }

  /** The object's fields besides its metadata. */
  public static Map<String, Object> fields(
      String namespace, Iterable<CiliumEndpointRecord> endpoints) {
    var all = new ArrayList<Map<String, Object>>();
    endpoints.forEach(endpoint -> all.add(fields(endpoint)));
    return Map.of("namespace", namespace, "endpoints", all);
  }

  private static Map<String, Object> fields(CiliumEndpointRecord endpoint) {
    var addressing = new ArrayList<Map<String, String>>();
    for (var ip : endpoint.ips()) {
      addressing.add(Map.of(ip.contains(":") ? "ipv6" : "ipv4", ip));
    }
    var fields = new LinkedHashMap<String, Object>();
    fields.put("name", endpoint.key().name());
    fields.put("id", endpoint.identity());
    fields.put("networking", Map.of("addressing", addressing, "node", endpoint.nodeAddress()));
    if (!endpoint.namedPorts().isEmpty()) {
      var ports = new ArrayList<Map<String, Object>>();
      for (var port : endpoint.namedPorts()) {
        ports.add(Map.of("name", port.name(), "port", port.port(), "protocol", port.protocol()));
      }
      fields.put("named-ports", ports);
    }
    if (!endpoint.workload().isEmpty()) {
      fields.put("workload", endpoint.workload());
    }
    return fields;
  }
}
