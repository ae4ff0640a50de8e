package io.ovenet.cli.status;

import io.ovenet.kubernetes.JsonObject;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What a node's agent says of itself, as {@code StatusQuestion} has it.
 *
 * @param answer empty where the agent could not be asked
 * @param failure why it could not; empty: it could
 */
record NodeView(String node, JsonObject answer, String failure) {
  /** Sentences that say what is wrong and what to do; none: all is well. */
  List<String> problems() {
    if (!failure.isEmpty()) {
      return List.of(failure);
    }
    return answer.strings("problems");
  }

  /** Other nodes that it asks, each once, in its order. */
  List<String> others() {
    List<String> others = new ArrayList<>();
    for (JsonObject probe : answer.objects("nodes")) {
      if (!others.contains(probe.string("node"))) {
        others.add(probe.string("node"));
      }
    }
    return others;
  }

  /** The last question to another node one way; null: none. */
  @Nullable JsonObject probe(String other, String way) {
    for (JsonObject probe : answer.objects("nodes")) {
      if (probe.string("node").equals(other) && probe.string("way").equals(way)) {
        return probe;
      }
    }
    return null;
  }

  /** Whether another node was reached every way that was tried. */
  boolean reaches(String other) {
    for (JsonObject probe : answer.objects("nodes")) {
      if (probe.string("node").equals(other) && !probe.bool("reached")) {
        return false;
      }
    }
    return true;
  }

  /** For JSON. */
  Map<String, ?> fields() {
    return failure.isEmpty() ? answer.fields() : Map.of("node", node, "failure", failure);
  }
}
