package io.ovenet.ui;

import com.google.protobuf.Timestamp;
import io.ovenet.api.flow.Endpoint;
import io.ovenet.api.flow.TrafficDirection;
import io.ovenet.api.flow.Workload;
import io.ovenet.api.ledger.GetLedgerRequest;
import io.ovenet.api.ledger.GetLedgerResponse;
import io.ovenet.api.ledger.LedgerAccount;
import io.ovenet.api.ledger.LedgerEntry;
import io.ovenet.api.ledger.LedgerGrpc;
import io.ovenet.api.ledger.Party;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What connections there were in a time gone by, from the ledgers of all nodes. Immutable.
 *
 * @param sinceMillis since 1970
 * @param untilMillis since 1970
 * @param connections each with the sides of its entries put together
 * @param notes what is missing, each a sentence
 */
record Past(long sinceMillis, long untilMillis, List<Connection> connections, List<String> notes) {
  /**
   * A workload's connections to another on one port.
   *
   * @param protocol IANA's number
   * @param passed connections; where only their leaving was seen, those that left
   * @param dropped attempts
   */
  record Connection(
      Party source,
      Party destination,
      int protocol,
      int port,
      long passed,
      long dropped,
      long audited,
      long lastMillis) {}

  private record Key(Party source, Party destination, int protocol, int port) {}

  private static final class Sum {
    long arrived;
    long left;
    long dropped;
    long audited;
    long lastMillis;

    void add(LedgerEntry entry) {
      lastMillis = Math.max(lastMillis, millis(entry.getLastSeen()));
      switch (entry.getVerdict()) {
        case DROPPED, ERROR -> dropped += entry.getConnections();
        case AUDIT -> audited += entry.getConnections();
        default -> {
          if (entry.getDirection() == TrafficDirection.EGRESS) {
            left += entry.getConnections();
          } else {
            arrived += entry.getConnections();
          }
        }
      }
    }

    /** Both sides of a connection have an entry; what its destination says of it counts. */
    long passed() {
      return arrived + dropped + audited > 0 ? arrived : left;
    }
  }

  /**
   * Asks all nodes.
   *
   * @throws io.grpc.StatusRuntimeException if the server does not answer, or has no ledger
   */
  static Past read(LedgerGrpc.LedgerBlockingStub ledger, long sinceMillis, long untilMillis) {
    GetLedgerRequest request =
        GetLedgerRequest.newBuilder()
            .setSince(timestamp(sinceMillis))
            .setUntil(timestamp(untilMillis))
            .build();
    Map<Key, Sum> sums = new LinkedHashMap<>();
    List<String> notes = new ArrayList<>();
    var answers = ledger.getLedger(request);
    while (answers.hasNext()) {
      GetLedgerResponse answer = answers.next();
      if (answer.hasAccount()) {
        note(answer.getNodeName(), answer.getAccount(), sinceMillis, notes);
      } else {
        LedgerEntry entry = answer.getEntry();
        sums.computeIfAbsent(
                new Key(
                    entry.getSource(),
                    entry.getDestination(),
                    entry.getProtocol(),
                    entry.getPort()),
                _ -> new Sum())
            .add(entry);
      }
    }
    List<Connection> connections = new ArrayList<>(sums.size());
    sums.forEach(
        (key, sum) ->
            connections.add(
                new Connection(
                    key.source(),
                    key.destination(),
                    key.protocol(),
                    key.port(),
                    sum.passed(),
                    sum.dropped,
                    sum.audited,
                    sum.lastMillis)));
    return new Past(sinceMillis, untilMillis, List.copyOf(connections), List.copyOf(notes));
  }

  private static void note(
      String node, LedgerAccount account, long sinceMillis, List<String> notes) {
    if (account.hasSince() && millis(account.getSince()) > sinceMillis) {
      notes.add(
          node + " remembers from " + Instant.ofEpochMilli(millis(account.getSince())) + " on");
    }
    if (account.getUncounted() > 0) {
      notes.add(node + " could not keep " + account.getUncounted() + " connections");
    }
    if (account.getDamagedFiles() > 0) {
      notes.add(node + " has " + account.getDamagedFiles() + " damaged files");
    }
    for (String missing : account.getUnavailableNodesList()) {
      notes.add(missing + " does not answer");
    }
  }

  /** The lines of a map of that time; rates are of the whole of it. */
  List<MapPicture.Line> lines() {
    double seconds = Math.max(1, (untilMillis - sinceMillis) / 1000.0);
    List<MapPicture.Line> lines = new ArrayList<>(connections.size());
    for (Connection connection : connections) {
      lines.add(
          new MapPicture.Line(
              new Edge.Key(
                  end(connection.source()),
                  end(connection.destination()),
                  protocol(connection.protocol()),
                  connection.port()),
              connection.passed(),
              connection.dropped(),
              connection.audited(),
              connection.lastMillis(),
              (connection.passed() + connection.audited()) / seconds,
              connection.dropped() / seconds,
              0,
              connection.dropped() > 0 ? "Policy denied" : ""));
    }
    return lines;
  }

  /** Who that is on the map; a Deployment's pods are one there. */
  static End end(Party party) {
    Endpoint.Builder endpoint =
        Endpoint.newBuilder()
            .setNamespace(party.getNamespace())
            .addAllLabels(party.getLabelsList());
    if (!party.getNamespace().isEmpty()) {
      endpoint
          .setPodName(party.getName())
          .addWorkloads(Workload.newBuilder().setKind(party.getKind()).setName(party.getName()));
    }
    return End.of(endpoint.build());
  }

  static String protocol(int number) {
    return switch (number) {
      case 1 -> "ICMP";
      case 2 -> "IGMP";
      case 6 -> "TCP";
      case 17 -> "UDP";
      case 58 -> "ICMPv6";
      case 112 -> "VRRP";
      case 132 -> "SCTP";
      default -> "protocol " + number;
    };
  }

  private static long millis(Timestamp time) {
    return FlowView.millis(time);
  }

  private static Timestamp timestamp(long millis) {
    return Timestamp.newBuilder()
        .setSeconds(Math.floorDiv(millis, 1000))
        .setNanos((int) Math.floorMod(millis, 1000L) * 1_000_000)
        .build();
  }
}
