package io.ovenet.kubernetes;

import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Leadership by a Lease: held by one at a time, taken over when its holder has not renewed it for
 * its whole duration by the clock of whoever waits, so clocks need not agree. Not thread-safe.
 */
public final class LeaderLease {
  private static final Logger LOG = LoggerFactory.getLogger(LeaderLease.class);

  private final KubernetesApi api;
  private final String namespace;
  private final String name;
  private final String holder;
  private final Duration duration;

  private String seenVersion = "";
  private long seenNanos;
  private String seenHolder = "";

  /**
   * A lease that is not held yet.
   *
   * @param holder unique among those who compete
   * @param duration how long it lasts without being renewed, whole seconds
   */
  public LeaderLease(
      KubernetesApi api, String namespace, String name, String holder, Duration duration) {
    this.api = api;
    this.namespace = namespace;
    this.name = name;
    this.holder = holder;
    this.duration = duration;
  }

  /**
   * Takes or renews the lease if that is possible now.
   *
   * @return whether it is held, for its duration from before this call
   * @throws IOException if the API server could not be asked: then a lease held before lasts no
   *     longer than it did
   */
  public boolean hold() throws IOException {
    try {
      var lease = read();
      if (lease == null) {
        api.create(collection(), object(null, true));
        LOG.info("lease {}/{}: made, held by {}", namespace, name, holder);
        return true;
      }
      var mine = observe(lease);
      if (!mine && !expired(lease)) {
        return false;
      }
      var written = api.replace(path(), object(lease, true));
      if (!mine) {
        LOG.info("lease {}/{}: taken over by {} from '{}'", namespace, name, holder, seenHolder);
      }
      observe(written);
      return true;
    } catch (ApiException e) {
      if (e.conflict() || e.alreadyExists()) {
        // Somebody else was quicker.
        return false;
      }
      throw e;
    }
  }

  /** Gives the lease up, so that another takes over at once. */
  public void release() throws IOException {
    var lease = read();
    if (lease != null && observe(lease)) {
      try {
        api.replace(path(), object(lease, false));
      } catch (ApiException e) {
        if (!e.conflict() && !e.notFound()) {
          throw e;
        }
        // Already another's, or gone.
      }
    }
  }

  private @Nullable JsonObject read() throws IOException {
    try {
      return api.get(path());
    } catch (ApiException e) {
      if (e.notFound()) {
        return null;
      }
      throw e;
    }
  }

  private boolean observe(JsonObject lease) {
    var version = lease.object("metadata").string("resourceVersion");
    if (!version.equals(seenVersion)) {
      seenVersion = version;
      seenNanos = System.nanoTime();
    }
    seenHolder = lease.object("spec").string("holderIdentity");
    return seenHolder.equals(holder);
  }

  private boolean expired(JsonObject lease) {
    if (seenHolder.isEmpty()) {
      return true;
    }
    var seconds = lease.object("spec").integer("leaseDurationSeconds");
    var lasts = Duration.ofSeconds(Math.clamp(seconds, 1, 3600));
    return System.nanoTime() - seenNanos > lasts.toNanos();
  }

  private String collection() {
    return "/apis/coordination.k8s.io/v1/namespaces/" + namespace + "/leases";
  }

  private String path() {
    return collection() + "/" + name;
  }

  private Map<String, Object> object(@Nullable JsonObject before, boolean held) {
    var now = Instant.now().truncatedTo(ChronoUnit.MICROS).toString();
    // MicroTime wants exactly six digits after the second.
    var time =
        now.contains(".") ? now.replaceFirst("Z$", "000000") : now.replaceFirst("Z$", ".000000");
    time = time.substring(0, time.indexOf('.') + 7) + "Z";
    var old = before == null ? JsonObject.EMPTY : before.object("spec");
    var mine = old.string("holderIdentity").equals(holder);
    var spec = new HashMap<String, Object>();
    spec.put("holderIdentity", held ? holder : "");
    spec.put("leaseDurationSeconds", held ? duration.toSeconds() : 1L);
    spec.put("renewTime", time);
    spec.put(
        "acquireTime",
        mine && !old.string("acquireTime").isEmpty() ? old.string("acquireTime") : time);
    spec.put(
        "leaseTransitions", old.integer("leaseTransitions") + (mine || before == null ? 0 : 1));
    var metadata = new HashMap<String, Object>();
    metadata.put("name", name);
    metadata.put("namespace", namespace);
    if (before != null) {
      metadata.put("resourceVersion", before.object("metadata").string("resourceVersion"));
    }
    return Map.of(
        "apiVersion",
        "coordination.k8s.io/v1",
        "kind",
        "Lease",
        "metadata",
        metadata,
        "spec",
        spec);
  }
}
