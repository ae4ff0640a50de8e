package io.ovenet.cli.policy;

import io.ovenet.api.flow.TrafficDirection;
import io.ovenet.api.ledger.LedgerEntry;
import io.ovenet.cli.hubble.LedgerCommand;
import io.ovenet.kubernetes.world.ClusterState;
import io.ovenet.policy.question.Judge;
import io.ovenet.policy.question.Party;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What a change of policies would have meant for connections that there were.
 *
 * @param connections all that could be judged
 * @param unknown those whose ends nobody knows any more
 * @param closed would have been denied and pass today, most connections first
 * @param opened the other way round
 */
record Replay(long connections, long unknown, List<Line> closed, List<Line> opened) {
  /**
   * Connections that are alike.
   *
   * @param from as people know it
   * @param count how many; where they are denied, attempts
   */
  record Line(String from, String to, String port, long count) {}

  /** What entries of both sides, and of several rules, have in common. */
  private record Connection(
      io.ovenet.api.ledger.Party source,
      io.ovenet.api.ledger.Party destination,
      int protocol,
      int port) {}

  /** Seen by the source's node and by the destination's: a connection is one all the same. */
  private static final class Seen {
    private final LedgerEntry one;
    private long egress;
    private long ingress;

    Seen(LedgerEntry one) {
      this.one = one;
    }

    void add(LedgerEntry entry) {
      if (entry.getDirection() == TrafficDirection.INGRESS) {
        ingress += entry.getConnections();
      } else {
        egress += entry.getConnections();
      }
    }

    long count() {
      return Math.max(egress, ingress);
    }
  }

  static Replay of(List<LedgerEntry> entries, ClusterState before, ClusterState after) {
    var seen = new LinkedHashMap<Connection, Seen>();
    for (LedgerEntry entry : entries) {
      var key =
          new Connection(
              entry.getSource(), entry.getDestination(), entry.getProtocol(), entry.getPort());
      seen.computeIfAbsent(key, _ -> new Seen(entry)).add(entry);
    }
    var parties = new Parties(after.pods());
    var subjects = new ArrayList<Party>(after.pods());
    for (Connection connection : seen.keySet()) {
      addSubject(parties.of(connection.source, LedgerCommand.text(connection.source)), subjects);
      addSubject(
          parties.of(connection.destination, LedgerCommand.text(connection.destination)), subjects);
    }
    Judge now = before.judge(subjects);
    Judge then = after.judge(subjects);
    var closed = new ArrayList<Line>();
    var opened = new ArrayList<Line>();
    long connections = 0;
    long unknown = 0;
    for (var each : seen.entrySet()) {
      Connection connection = each.getKey();
      String from = LedgerCommand.text(connection.source);
      String to = LedgerCommand.text(connection.destination);
      Party source = parties.of(connection.source, from);
      Party destination = parties.of(connection.destination, to);
      if (source == null || destination == null) {
        unknown += each.getValue().count();
        continue;
      }
      connections += each.getValue().count();
      boolean passes = passes(now, source, destination, connection);
      boolean wouldPass = passes(then, source, destination, connection);
      var line =
          new Line(from, to, LedgerCommand.port(each.getValue().one), each.getValue().count());
      if (passes && !wouldPass) {
        closed.add(line);
      } else if (!passes && wouldPass) {
        opened.add(line);
      }
    }
    return new Replay(connections, unknown, List.copyOf(closed), List.copyOf(opened));
  }

  private static void addSubject(@Nullable Party party, List<Party> subjects) {
    if (party != null && party.isEndpoint()) {
      subjects.add(party);
    }
  }

  private static boolean passes(
      Judge judge, Party source, Party destination, Connection connection) {
    return (!source.isEndpoint()
            || judge
                .ask(
                    source,
                    io.ovenet.policy.TrafficDirection.EGRESS,
                    destination,
                    connection.protocol,
                    connection.port)
                .passes())
        && (!destination.isEndpoint()
            || judge
                .ask(
                    destination,
                    io.ovenet.policy.TrafficDirection.INGRESS,
                    source,
                    connection.protocol,
                    connection.port)
                .passes());
  }

  private static long sum(List<Line> lines) {
    return lines.stream().mapToLong(Line::count).sum();
  }

  /** {@code 3 of the 1,204 connections since 1h ago would be denied}, and which. */
  List<String> text(String since) {
    var text = new ArrayList<String>();
    text.add(
        String.format(
            Locale.ROOT,
            "%s%,d of the %,d connections since %s would be denied%s",
            closed.isEmpty() ? "" : "! ",
            sum(closed),
            connections,
            since,
            closed.isEmpty() ? "." : ":"));
    closed.forEach(line -> text.add("  " + line(line)));
    if (!opened.isEmpty()) {
      text.add(String.format(Locale.ROOT, "%,d that are denied today would pass:", sum(opened)));
      opened.forEach(line -> text.add("  " + line(line)));
    }
    if (unknown > 0) {
      text.add(
          String.format(
              Locale.ROOT, "%,d more could not be judged: who they were is not known.", unknown));
    }
    return text;
  }

  private static String line(Line line) {
    return String.format(
        Locale.ROOT, "%s → %s %s  %,d×", line.from, line.to, line.port, line.count);
  }

  Map<String, Object> json() {
    var object = new LinkedHashMap<String, Object>();
    object.put("connections", connections);
    object.put("unknown", unknown);
    object.put("denied", lines(closed));
    object.put("allowed", lines(opened));
    return object;
  }

  private static List<Object> lines(List<Line> lines) {
    var list = new ArrayList<Object>();
    for (Line line : lines) {
      var object = new LinkedHashMap<String, @Nullable Object>();
      object.put("from", line.from);
      object.put("to", line.to);
      object.put("port", line.port);
      object.put("connections", line.count);
      list.add(object);
    }
    return list;
  }
}
