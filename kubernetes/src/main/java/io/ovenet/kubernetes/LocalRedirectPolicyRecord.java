package io.ovenet.kubernetes;

import java.util.List;

/**
 * A CiliumLocalRedirectPolicy, as it was written.
 *
 * @param created RFC 3339, so sorted as text
 * @param ok {@code status.ok}
 */
public record LocalRedirectPolicyRecord(
    ObjectKey key,
    String resourceVersion,
    long generation,
    String created,
    JsonObject spec,
    boolean ok,
    List<Condition> conditions)
    implements KubernetesRecord {
  public LocalRedirectPolicyRecord {
    conditions = List.copyOf(conditions);
  }

  static LocalRedirectPolicyRecord read(JsonObject object) {
    var metadata = object.object("metadata");
    return new LocalRedirectPolicyRecord(
        CoreRecords.key(object),
        metadata.string("resourceVersion"),
        metadata.integer("generation"),
        metadata.string("creationTimestamp"),
        object.object("spec"),
        object.object("status").bool("ok"),
        Condition.read(object.object("status")));
  }
}
