package io.ovenet.agent;

import io.ovenet.bpf.MacAddress;
import io.ovenet.datapath.Endpoint;
import io.ovenet.kubernetes.Json;
import io.ovenet.kubernetes.JsonObject;
import io.ovenet.policy.Labels;
import io.ovenet.policy.NamedPort;
import io.ovenet.policy.NamedPorts;
import java.net.Inet4Address;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * An endpoint of this node, as it is remembered on disk.
 *
 * @param id from 1 to 4095
 * @param generation tells it from who had the id before
 * @param netns where the container's network namespace was when it was added
 * @param identity number that {@code labels} had last
 * @param mtu bytes
 * @param ports named ports of the pod
 * @param audit whether what policies deny passes and is told
 */
public record LocalEndpoint(
    int id,
    int generation,
    AttachmentKey key,
    String netns,
    String namespace,
    String pod,
    String podUid,
    MacAddress mac,
    Inet4Address address,
    int mtu,
    int identity,
    Labels labels,
    NamedPorts ports,
    boolean audit) {

  /** Without named ports, enforced. */
  public LocalEndpoint(
      int id,
      int generation,
      AttachmentKey key,
      String netns,
      String namespace,
      String pod,
      String podUid,
      MacAddress mac,
      Inet4Address address,
      int mtu,
      int identity,
      Labels labels) {
    this(
        id,
        generation,
        key,
        netns,
        namespace,
        pod,
        podUid,
        mac,
        address,
        mtu,
        identity,
        labels,
        NamedPorts.NONE,
        false);
  }

  /** Name of the host's side of the veth. */
  public String hostInterface() {
    return "ove" + id;
  }

  public int hostIfindex() {
    return Endpoint.ifindexOf(id);
  }

  public boolean isOf(String podNamespace, String podName) {
    return namespace.equals(podNamespace) && pod.equals(podName);
  }

  public LocalEndpoint with(int newIdentity, Labels newLabels) {
    return with(newIdentity, newLabels, ports, audit);
  }

  public LocalEndpoint with(
      int newIdentity, Labels newLabels, NamedPorts newPorts, boolean newAudit) {
    return new LocalEndpoint(
        id,
        generation,
        key,
        netns,
        namespace,
        pod,
        podUid,
        mac,
        address,
        mtu,
        newIdentity,
        newLabels,
        newPorts,
        newAudit);
  }

  byte[] toJson() {
    var json = new LinkedHashMap<String, Object>();
    json.put("id", id);
    json.put("generation", generation);
    json.put("containerId", key.containerId());
    json.put("ifname", key.ifname());
    json.put("netns", netns);
    json.put("namespace", namespace);
    json.put("pod", pod);
    json.put("podUid", podUid);
    json.put("mac", mac.toString());
    json.put("address", address.getHostAddress());
    json.put("mtu", mtu);
    json.put("identity", identity);
    json.put("labels", labels.toSecurityLabels());
    var named = new ArrayList<Map<String, Object>>();
    for (var port : ports.ports()) {
      named.add(Map.of("name", port.name(), "protocol", port.protocol(), "port", port.port()));
    }
    json.put("ports", named);
    json.put("audit", audit);
    return Json.write(json);
  }

  /** Throws IllegalArgumentException for what is no endpoint. */
  static LocalEndpoint fromJson(byte[] text) {
    JsonObject json;
    try {
      json = Json.parse(text);
    } catch (Json.JsonException e) {
      throw new IllegalArgumentException("no JSON: " + e.getMessage(), e);
    }
    int id = (int) json.integer("id");
    if (id < 1 || id >= Endpoint.MAX_ENDPOINTS || json.string("containerId").isEmpty()) {
      throw new IllegalArgumentException("no endpoint's id and container");
    }
    var ports = new ArrayList<NamedPort>();
    for (var port : json.objects("ports")) {
      ports.add(
          new NamedPort(
              port.string("name"), (int) port.integer("protocol"), (int) port.integer("port")));
    }
    return new LocalEndpoint(
        id,
        (int) json.integer("generation"),
        new AttachmentKey(json.string("containerId"), json.string("ifname")),
        json.string("netns"),
        json.string("namespace"),
        json.string("pod"),
        json.string("podUid"),
        MacAddress.parse(json.string("mac")),
        Inet4Address.ofLiteral(json.string("address")),
        (int) json.integer("mtu"),
        (int) json.integer("identity"),
        Labels.fromSecurityLabels(json.stringMap("labels")),
        NamedPorts.of(ports),
        json.bool("audit"));
  }
}
