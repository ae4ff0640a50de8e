package io.ovenet.ui;

import io.ovenet.kubernetes.world.ClusterState;
import io.ovenet.kubernetes.world.Workload;
import io.ovenet.policy.Label;
import io.ovenet.policy.Labels;
import io.ovenet.policy.NamedPorts;
import io.ovenet.policy.TrafficDirection;
import io.ovenet.policy.question.Judge;
import io.ovenet.policy.question.Party;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Which connections of a time gone by a change of policies would have stopped. */
final class Broken {
  private static final int MOST = 200;

  private final Judge before;
  private final Judge after;
  private final Map<Labels, Party> parties = new HashMap<>();

  /**
   * Asks two judges.
   *
   * @param state who there is: a pod's named ports are not in the ledger
   */
  Broken(ClusterState state, Judge before, Judge after) {
    this.before = before;
    this.after = after;
    for (Workload workload : state.workloads()) {
      parties.putIfAbsent(workload.party().labels(), workload.party());
    }
  }

  /** What the page shows of it. */
  Map<String, Object> json(Past past) {
    List<Past.Connection> broken = new ArrayList<>();
    long seen = 0;
    long unknown = 0;
    for (Past.Connection connection : past.connections()) {
      if (connection.passed() == 0) {
        continue;
      }
      seen++;
      Party from = party(connection.source());
      Party to = party(connection.destination());
      if (from == null || to == null || !passes(before, from, to, connection)) {
        // The policies of now don't let it pass either, or an address decides, which the ledger
        // doesn't keep: nothing can be said of the change alone.
        unknown++;
      } else if (!passes(after, from, to, connection)) {
        broken.add(connection);
      }
    }
    broken.sort(Comparator.comparingLong(Past.Connection::passed).reversed());
    List<Object> rows = new ArrayList<>();
    broken.stream().limit(MOST).forEach(connection -> rows.add(row(connection)));
    Map<String, Object> object = new LinkedHashMap<>();
    object.put("since", past.sinceMillis());
    object.put("until", past.untilMillis());
    object.put("seen", seen);
    object.put("unknown", unknown);
    object.put("brokenCount", (long) broken.size());
    object.put("connections", broken.stream().mapToLong(Past.Connection::passed).sum());
    object.put("broken", rows);
    object.put("notes", past.notes());
    return object;
  }

  private static Map<String, Object> row(Past.Connection connection) {
    Map<String, Object> row = new LinkedHashMap<>();
    row.put("from", name(connection.source()));
    row.put("to", name(connection.destination()));
    row.put("protocol", Past.protocol(connection.protocol()));
    row.put("port", (long) connection.port());
    row.put("connections", connection.passed());
    row.put("last", connection.lastMillis());
    return row;
  }

  /** As the map calls it; of what is outside the name, where DNS told one. */
  private static String name(io.ovenet.api.ledger.Party party) {
    End end = Past.end(party);
    return end.isPod() || party.getName().isEmpty() ? end.id(End.Level.POD) : party.getName();
  }

  private @Nullable Party party(io.ovenet.api.ledger.Party told) {
    List<Label> labels = new ArrayList<>();
    try {
      for (String text : told.getLabelsList()) {
        labels.add(Label.parse(text));
      }
    } catch (IllegalArgumentException e) {
      return null;
    }
    Labels of = Labels.of(labels);
    Party known = parties.get(of);
    return known != null ? known : new Party(name(told), of, null, NamedPorts.NONE, false);
  }

  private static boolean passes(Judge judge, Party from, Party to, Past.Connection connection) {
    int protocol = connection.protocol();
    int port = connection.port();
    return (!from.isEndpoint()
            || judge.ask(from, TrafficDirection.EGRESS, to, protocol, port).passes())
        && (!to.isEndpoint()
            || judge.ask(to, TrafficDirection.INGRESS, from, protocol, port).passes());
  }
}
