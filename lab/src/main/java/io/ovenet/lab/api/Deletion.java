package io.ovenet.lab.api;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Set;

/** Marks objects that somebody has to finish before they can go. Immutable. */
final class Deletion {
  private final boolean gracefulPods;

  /**
   * @param gracefulPods whether a pod on a node is only marked, for the node to end it
   */
  Deletion(boolean gracefulPods) {
    this.gracefulPods = gracefulPods;
  }

  /** Writes into an object that it is to go; false if nothing keeps it. */
  boolean mark(Resource resource, ObjectNode object, DeleteOptions options) {
    ObjectNode metadata = Json.child(object, "metadata");
    boolean namespace = resource.is("", "namespaces");
    boolean held = !metadata.path("finalizers").isEmpty() || namespace;
    long grace = grace(resource, object, options);
    if (options.orphan()) {
      metadata.withArray("finalizers");
      if (!Json.strings(metadata.get("finalizers")).contains(Collector.ORPHAN)) {
        metadata.withArray("finalizers").add(Collector.ORPHAN);
      }
      held = true;
    }
    if (!held && grace == 0) {
      return false;
    }
    if (!metadata.has("deletionTimestamp")) {
      metadata.put(
          "deletionTimestamp",
          Instant.now().plusSeconds(grace).truncatedTo(ChronoUnit.SECONDS).toString());
      metadata.put("generation", metadata.path("generation").asLong() + 1);
      metadata.put("deletionGracePeriodSeconds", grace);
    } else if (grace < metadata.path("deletionGracePeriodSeconds").asLong()) {
      metadata.put("deletionGracePeriodSeconds", grace);
    }
    if (namespace) {
      Json.child(object, "status").put("phase", "Terminating");
    }
    return true;
  }

  private long grace(Resource resource, ObjectNode pod, DeleteOptions options) {
    boolean runs =
        gracefulPods
            && resource.is("", "pods")
            && !Json.text(pod, "spec.nodeName").isEmpty()
            && !Set.of("Succeeded", "Failed").contains(Json.text(pod, "status.phase"));
    if (!runs) {
      return 0;
    }
    Long asked = options.graceSeconds();
    JsonNode own = Json.at(pod, "spec.terminationGracePeriodSeconds");
    return asked != null ? Math.max(0, asked) : own == null ? 30 : own.asLong();
  }
}
