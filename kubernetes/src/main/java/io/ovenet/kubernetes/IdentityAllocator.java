package io.ovenet.kubernetes;

import io.ovenet.policy.IdentityHash;
import io.ovenet.policy.LabelKeys;
import io.ovenet.policy.Labels;
import java.io.IOException;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * Finds the number of a set of labels, the same on every node, without anybody who hands numbers
 * out: each agent tries to create the CiliumIdentity of the number that the labels hash to, then of
 * the following ones. Thread-safe; calls block for the API server only where labels are new.
 *
 * <p>A number before the one in use may become free, and somebody who hasn't heard of the one in
 * use takes it. So whoever has created an identity looks whether the labels had one already, and
 * then withdraws: the identity that was written first stays.
 *
 * <p>Must be told what a watch of CiliumIdentities tells.
 */
public final class IdentityAllocator implements RecordHandler<IdentityRecord> {
  /** Label by which all identities of one set of labels are found. */
  static final String HASH_LABEL = "ovenet.io/labels-hash";

  private static final int ATTEMPTS = 256;

  private final KubernetesApi api;
  private final Map<Integer, IdentityRecord> byNumber = new HashMap<>();
  private final Map<Labels, Integer> numbers = new ConcurrentHashMap<>();

  public IdentityAllocator(KubernetesApi api) {
    this.api = api;
  }

  /** The number of the labels if it is known and in use, 0 otherwise; asks nobody. */
  public int known(Labels labels) {
    var number = numbers.get(labels);
    return number == null ? 0 : number;
  }

  /** Whether the number is known to mean these labels, though another may mean them as well. */
  public synchronized boolean means(int number, Labels labels) {
    var identity = byNumber.get(number);
    return identity != null && sameLabels(identity, labels);
  }

  /**
   * Whether the number was told to mean other labels. It may have become free meanwhile: then a
   * later one is taken, as by whoever came while it was in use.
   */
  private synchronized boolean meansOther(int number, Labels labels) {
    var identity = byNumber.get(number);
    return identity != null && !sameLabels(identity, labels);
  }

  /**
   * The number of the labels, made where nobody has yet.
   *
   * @throws IOException if the API server could not be asked or all numbers to try are taken
   */
  public int allocate(Labels labels) throws IOException {
    var known = known(labels);
    return known != 0 ? known : find(labels);
  }

  private int find(Labels labels) throws IOException {
    var hash = IdentityHash.of(labels);
    var asked = 0;
    for (var attempt = 0; attempt < IdentityHash.NUMBERS && asked < ATTEMPTS; attempt++) {
      var number = hash.candidate(attempt);
      // In a cluster of 60,000 identities a dozen numbers are taken before one is free.
      if (meansOther(number, labels)) {
        continue;
      }
      asked++;
      var found = at(number, labels);
      if (found != null) {
        upserted(found);
        return found.number();
      }
    }
    throw new IOException(
        "no identity for "
            + labels
            + ": all numbers, or the "
            + ATTEMPTS
            + " that were asked for, have other labels;"
            + " see whether the operator collects unused CiliumIdentities");
  }

  /** The identity of the number if its labels are these, made if there is none; else null. */
  private @Nullable IdentityRecord at(int number, Labels labels) throws IOException {
    var path = RecordKind.CILIUM_IDENTITIES.path("", Integer.toString(number));
    while (true) {
      try {
        var created =
            api.create(RecordKind.CILIUM_IDENTITIES.collectionPath(), object(number, labels));
        return first(CiliumRecords.identity(created), labels);
      } catch (ApiException e) {
        if (!e.alreadyExists()) {
          throw e;
        }
      }
      try {
        var present = readable(api.get(path));
        if (present == null || !sameLabels(present, labels)) {
          return null;
        }
        return present.unusedSince().isEmpty() ? present : taken(present);
      } catch (ApiException e) {
        // Deleted or changed since: look again.
        if (!e.notFound() && !e.conflict()) {
          throw e;
        }
      }
    }
  }

  /** Null for what cannot be read, as with a label that has no key: it is no endpoint's. */
  private static @Nullable IdentityRecord readable(JsonObject object) {
    try {
      return CiliumRecords.identity(object);
    } catch (IllegalArgumentException e) {
      return null;
    }
  }

  /** Removes the operator's mark from an identity, which fails if it was deleted meanwhile. */
  private IdentityRecord taken(IdentityRecord marked) throws IOException {
    var annotations = new HashMap<String, @Nullable Object>();
    annotations.put(IdentityRecord.UNUSED_SINCE, null);
    var metadata = new HashMap<String, Object>();
    metadata.put("annotations", annotations);
    metadata.put("uid", marked.key().uid());
    var path = RecordKind.CILIUM_IDENTITIES.path("", marked.key().name());
    return CiliumRecords.identity(api.patch(path, Map.of("metadata", metadata)));
  }

  /**
   * Keeps an identity that local endpoints have and that the operator took for unused.
   *
   * @throws IOException if it could not be kept; a deleted one has to be allocated again
   */
  public void keep(IdentityRecord marked) throws IOException {
    upserted(taken(marked));
  }

  /** What was just created, or what the labels had before, in favour of which it is withdrawn. */
  private IdentityRecord first(IdentityRecord created, Labels labels) throws IOException {
    var winner = created;
    var path =
        RecordKind.CILIUM_IDENTITIES.collectionPath()
            + "?labelSelector="
            + KubernetesApi.query(HASH_LABEL + "=" + hashLabel(labels));
    for (var object : api.get(path).objects("items")) {
      var other = readable(object);
      if (other != null && sameLabels(other, labels) && earlier(other, winner)) {
        winner = other;
      }
    }
    if (winner.number() != created.number()) {
      api.delete(
          RecordKind.CILIUM_IDENTITIES.path("", created.key().name()),
          Map.of("uid", created.key().uid()));
      return winner.unusedSince().isEmpty() ? winner : taken(winner);
    }
    return created;
  }

  /**
   * Versions grow with every write of the cluster, so of two new objects the older has the lower.
   */
  private static boolean earlier(IdentityRecord a, IdentityRecord b) {
    return Reflector.older(a.resourceVersion(), b.resourceVersion());
  }

  private static boolean sameLabels(IdentityRecord identity, Labels labels) {
    return identity.labels().equals(labels);
  }

  private static Map<String, Object> object(int number, Labels labels) {
    var metadataLabels = new HashMap<String, String>();
    metadataLabels.put(HASH_LABEL, hashLabel(labels));
    var namespace = labels.get("k8s", LabelKeys.NAMESPACE);
    if (namespace != null) {
      metadataLabels.put(LabelKeys.NAMESPACE, namespace);
    }
    return Map.of(
        "apiVersion",
        "cilium.io/v2",
        "kind",
        "CiliumIdentity",
        "metadata",
        Map.of("name", Integer.toString(number), "labels", metadataLabels),
        "security-labels",
        labels.toSecurityLabels());
  }

  private static String hashLabel(Labels labels) {
    var hash = IdentityHash.of(labels);
    return hash.candidate(0) + "-" + hash.candidate(1);
  }

  @Override
  public synchronized void upserted(IdentityRecord identity) {
    var before = byNumber.get(identity.number());
    if (before != null && earlier(identity, before)) {
      // The watch has told more than the answer to a call that was under way.
      return;
    }
    byNumber.put(identity.number(), identity);
    if (before != null) {
      unname(before);
    }
    // A marked identity is as good as deleted until somebody removes the mark.
    if (identity.unusedSince().isEmpty()) {
      numbers.put(identity.labels(), identity.number());
    }
  }

  @Override
  public synchronized void deleted(ObjectKey key) {
    try {
      var before = byNumber.remove(Integer.parseInt(key.name()));
      if (before != null) {
        unname(before);
      }
    } catch (NumberFormatException e) {
      // No number, so never upserted.
      return;
    }
  }

  private void unname(IdentityRecord identity) {
    numbers.remove(identity.labels(), identity.number());
  }

  @Override
  public void synced() {}
}
