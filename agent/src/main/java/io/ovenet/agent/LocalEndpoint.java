package io.ovenet.agent;

import io.ovenet.bpf.MacAddress;
import io.ovenet.datapath.Endpoint;
import io.ovenet.kubernetes.Json;
import io.ovenet.kubernetes.JsonObject;
import io.ovenet.policy.Labels;
import java.net.Inet4Address;
import java.util.LinkedHashMap;

/**
 * An endpoint of this node, as it is remembered on disk.
 *
 * @param id from 1 to 4095
 * @param generation tells it from who had the id before
 * @param netns where the container's network namespace was when it was added
 * @param identity number that {@code labels} had last
 * @param mtu bytes
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
    Labels labels) {

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
        newLabels);
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
        Labels.fromSecurityLabels(json.stringMap("labels")));
  }
}
