package io.ovenet.kubernetes;

import java.io.IOException;
import java.net.Inet4Address;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The Leases by which nodes agree on who announces which address: each node writes its own, with
 * what it could announce and what it does, as annotations. For one thread.
 */
public final class AnnouncerLeases {
  private static final Logger LOG = LoggerFactory.getLogger(AnnouncerLeases.class);
  private static final String COLLECTION =
      "/apis/coordination.k8s.io/v1/namespaces/kube-system/leases";
  private static final String PREFIX = "ovenet-l2-";
  private static final String LABEL = "ovenet.io/announcer";
  private static final String OFFERS = "ovenet.io/offers";
  private static final String ANNOUNCES = "ovenet.io/announces";

  /** metav1.MicroTime: six digits after the second. */
  private static final DateTimeFormatter MICRO_TIME =
      DateTimeFormatter.ofPattern("yyyy-MM-dd'T'HH:mm:ss.SSSSSS'Z'").withZone(ZoneOffset.UTC);

  private final KubernetesApi api;
  private final String node;
  private final long seconds;

  /** Of this node's own as last seen; empty: there is none. */
  private String version = "";

  /**
   * Those of a cluster.
   *
   * @param node whose Lease is written here
   * @param lasting of that Lease; whole seconds
   */
  public AnnouncerLeases(KubernetesApi api, String node, Duration lasting) {
    this.api = api;
    this.node = node;
    this.seconds = lasting.toSeconds();
  }

  /** All of them, as they are when the API server is asked. */
  public List<AnnouncerLease> list() throws IOException {
    var leases = new ArrayList<AnnouncerLease>();
    version = "";
    var all = api.get(COLLECTION + "?labelSelector=" + KubernetesApi.query(LABEL));
    for (var lease : all.objects("items")) {
      var metadata = lease.object("metadata");
      var spec = lease.object("spec");
      var annotations = metadata.stringMap("annotations");
      if (metadata.string("name").equals(PREFIX + node)) {
        version = metadata.string("resourceVersion");
      }
      leases.add(
          new AnnouncerLease(
              spec.string("holderIdentity"),
              metadata.string("resourceVersion"),
              Duration.ofSeconds(Math.clamp(spec.integer("leaseDurationSeconds"), 1, 3600)),
              addresses(metadata, annotations.getOrDefault(OFFERS, "")),
              addresses(metadata, annotations.getOrDefault(ANNOUNCES, ""))));
    }
    return leases;
  }

  private static Set<Inet4Address> addresses(JsonObject metadata, String text) {
    try {
      return Ipv4Ranges.read(text);
    } catch (IllegalArgumentException e) {
      LOG.warn("Lease {}: {}; it counts as none", metadata.string("name"), e.getMessage());
      return Set.of();
    }
  }

  /**
   * Renews this node's own, which says nothing any more where both are empty.
   *
   * @throws IOException also if somebody wrote or deleted it since {@link #list}; it may have been
   *     written nevertheless
   */
  public void write(Collection<Inet4Address> offers, Collection<Inet4Address> announces)
      throws IOException {
    var metadata = new HashMap<String, Object>();
    metadata.put("name", PREFIX + node);
    metadata.put("labels", Map.of(LABEL, "true"));
    metadata.put(
        "annotations",
        Map.of(OFFERS, Ipv4Ranges.write(offers), ANNOUNCES, Ipv4Ranges.write(announces)));
    var spec =
        Map.of(
            "holderIdentity", node,
            "leaseDurationSeconds", seconds,
            "renewTime", MICRO_TIME.format(Instant.now()));
    var lease = new HashMap<String, Object>();
    lease.put("metadata", metadata);
    lease.put("spec", spec);
    if (version.isEmpty()) {
      lease.put("apiVersion", "coordination.k8s.io/v1");
      lease.put("kind", "Lease");
      version = versionOf(api.create(COLLECTION, lease));
    } else {
      // An earlier write that was thought lost must not come after this one.
      metadata.put("resourceVersion", version);
      version = versionOf(api.patch(COLLECTION + "/" + PREFIX + node, lease));
    }
  }

  private static String versionOf(JsonObject lease) {
    return lease.object("metadata").string("resourceVersion");
  }
}
