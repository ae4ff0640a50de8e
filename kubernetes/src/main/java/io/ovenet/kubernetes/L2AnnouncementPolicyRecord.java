package io.ovenet.kubernetes;

import java.util.List;

/**
 * A CiliumL2AnnouncementPolicy, as it was written.
 *
 * @param serviceSelector empty if there is none, which selects every service
 * @param nodeSelector likewise of nodes
 * @param interfaces regular expressions, of which one has to match in a device's name; none: all
 */
public record L2AnnouncementPolicyRecord(
    ObjectKey key,
    String resourceVersion,
    long generation,
    JsonObject serviceSelector,
    JsonObject nodeSelector,
    List<String> interfaces,
    boolean externalIps,
    boolean loadBalancerIps,
    List<Condition> conditions)
    implements KubernetesRecord {
  public L2AnnouncementPolicyRecord {
    interfaces = List.copyOf(interfaces);
    conditions = List.copyOf(conditions);
  }

  static L2AnnouncementPolicyRecord read(JsonObject object) {
    var metadata = object.object("metadata");
    var spec = object.object("spec");
    return new L2AnnouncementPolicyRecord(
        CoreRecords.key(object),
        metadata.string("resourceVersion"),
        metadata.integer("generation"),
        spec.object("serviceSelector"),
        spec.object("nodeSelector"),
        spec.strings("interfaces"),
        spec.bool("externalIPs"),
        spec.bool("loadBalancerIPs"),
        Condition.read(object.object("status")));
  }
}
