package io.ovenet.agent;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What ADD answers, in the shape of the version asked. CNI specification, "Success", of each
 * version: 0.1.0 and 0.2.0 have ip4 and no interfaces; before 1.0.0 an address says its version.
 *
 * @param address IPv4 address of the interface in the container; its prefix is /32
 * @param mtu bytes
 */
public record CniResult(
    String hostInterface,
    String hostMac,
    String ifname,
    String mac,
    String netns,
    String address,
    String gateway,
    int mtu) {

  /** As {@link io.ovenet.kubernetes.Json} writes it. */
  public Map<String, Object> toJson(CniVersion version) {
    var result = new LinkedHashMap<String, Object>();
    result.put("cniVersion", version.toString());
    var routes = List.of(Map.of("dst", "0.0.0.0/0", "gw", gateway));
    if (!version.atLeast(CniVersion.V0_3_0)) {
      result.put("ip4", Map.of("ip", address + "/32", "gateway", gateway, "routes", routes));
      result.put("dns", Map.of());
      return result;
    }
    var inside = link(version, ifname, mac);
    inside.put("sandbox", netns);
    result.put("interfaces", List.of(link(version, hostInterface, hostMac), inside));
    var ip = new LinkedHashMap<String, Object>();
    if (!version.atLeast(CniVersion.V1_0_0)) {
      ip.put("version", "4");
    }
    ip.put("address", address + "/32");
    ip.put("gateway", gateway);
    ip.put("interface", 1);
    result.put("ips", List.of(ip));
    result.put("routes", routes);
    result.put("dns", Map.of());
    return result;
  }

  private Map<String, Object> link(CniVersion version, String name, String linkMac) {
    var link = new LinkedHashMap<String, Object>();
    link.put("name", name);
    link.put("mac", linkMac);
    if (version.atLeast(CniVersion.V1_1_0)) {
      link.put("mtu", mtu);
    }
    return link;
  }

  /** An error answer. CNI specification, "Error". */
  public static Map<String, Object> error(CniVersion version, CniException error) {
    var answer = new LinkedHashMap<String, Object>();
    answer.put("cniVersion", version.toString());
    answer.put("code", error.code());
    answer.put("msg", String.valueOf(error.getMessage()));
    answer.put("details", error.details());
    return answer;
  }
}
