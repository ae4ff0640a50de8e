package io.ovenet.kubernetes;

import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * One condition of an object's status, as metav1.Condition has it.
 *
 * @param status True, False or Unknown
 * @param lastTransitionTime when {@code status} became what it is, RFC 3339 in whole seconds
 */
public record Condition(
    String type,
    String status,
    String reason,
    String message,
    String lastTransitionTime,
    long observedGeneration) {

  /** Those of a status object. */
  public static List<Condition> read(JsonObject status) {
    var conditions = new ArrayList<Condition>();
    for (var object : status.objects("conditions")) {
      conditions.add(
          new Condition(
              object.string("type"),
              object.string("status"),
              object.string("reason"),
              object.string("message"),
              object.string("lastTransitionTime"),
              object.integer("observedGeneration")));
    }
    return conditions;
  }

  /**
   * The list with this condition in the place of the one of its type. Its time is the old one's
   * unless the status changed.
   *
   * @return the same list if nothing changes
   */
  public static List<Condition> with(List<Condition> before, Condition condition) {
    var after = new ArrayList<Condition>(before.size() + 1);
    var added = condition;
    for (var old : before) {
      if (!old.type.equals(condition.type)) {
        after.add(old);
      } else if (old.status.equals(condition.status)) {
        added = condition.at(old.lastTransitionTime);
      }
    }
    after.add(added);
    return before.contains(added) ? before : after;
  }

  /** A condition that begins now. */
  public static Condition now(
      Instant now, String type, String status, String reason, String message, long generation) {
    return new Condition(
        type, status, reason, message, now.truncatedTo(ChronoUnit.SECONDS).toString(), generation);
  }

  private Condition at(String time) {
    return new Condition(type, status, reason, message, time, observedGeneration);
  }

  /** As it is written. */
  public Map<String, Object> fields() {
    return Map.of(
        "type", type,
        "status", status,
        "reason", reason,
        "message", message,
        "lastTransitionTime", lastTransitionTime,
        "observedGeneration", observedGeneration);
  }
}
