package io.ovenet.cli.hubble;

import com.google.protobuf.Timestamp;
import io.ovenet.api.flow.Flow;
import io.ovenet.api.flow.TraceReason;
import io.ovenet.api.flow.TrafficDirection;
import io.ovenet.api.flow.Verdict;
import io.ovenet.api.ledger.LedgerEntry;
import io.ovenet.api.ledger.Party;
import io.ovenet.api.observer.GetFlowsResponse;
import java.time.Instant;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What many flows come to: who connected to whom how often, how much that carried, and what was
 * dropped by which rule. For one thread.
 */
final class FlowSummary {
  /**
   * Connections that are alike.
   *
   * @param bytes both ways; -1: not known
   */
  record Talker(String source, String destination, String port, long connections, long bytes) {}

  /** Drops that are alike; the ends are those that had most of them. */
  record Drops(String reason, String rule, long count, String source, String destination) {}

  private record Pair(Party source, Party destination, int protocol, int port) {}

  /** A connection is told of by each side's verdict, and by a trace at each place. */
  private static final class Seen {
    private long egress;
    private long ingress;
    private long traces;
    private long egressBytes;
    private long ingressBytes;

    long connections() {
      return Math.max(Math.max(egress, ingress), traces);
    }
  }

  private record Cause(String reason, String rule) {}

  private static final class Dropped {
    private long drops;
    private long verdicts;
    private final Map<Pair, Long> pairs = new HashMap<>();

    long count() {
      return Math.max(drops, verdicts);
    }
  }

  private final Map<Pair, Seen> pairs = new LinkedHashMap<>();
  private final Map<Cause, Dropped> causes = new LinkedHashMap<>();
  private long flows;
  private long lost;
  private boolean bytesKnown;
  private @Nullable Instant first;
  private @Nullable Instant last;

  void add(GetFlowsResponse response) {
    if (response.hasLostEvents()) {
      lost += response.getLostEvents().getNumEventsLost();
    } else if (response.hasFlow()) {
      add(response.getFlow());
    }
  }

  private void add(Flow flow) {
    flows++;
    Timestamp at = flow.getTime();
    Instant time = Instant.ofEpochSecond(at.getSeconds(), at.getNanos());
    first = first == null || time.isBefore(first) ? time : first;
    last = last == null || time.isAfter(last) ? time : last;
    boolean reply = flow.hasIsReply() && flow.getIsReply().getValue();
    if (flow.getVerdict() == Verdict.DROPPED) {
      dropped(flow);
    } else if (flow.hasL4() && !reply) {
      Seen seen = pairs.computeIfAbsent(pair(flow), _ -> new Seen());
      if (flow.getEventType().getType() == FlowWords.POLICY_VERDICT) {
        if (flow.getTrafficDirection() == TrafficDirection.INGRESS) {
          seen.ingress++;
        } else {
          seen.egress++;
        }
      } else if (flow.getTraceReason() == TraceReason.NEW) {
        seen.traces++;
      }
    }
  }

  private void dropped(Flow flow) {
    var cause = new Cause(reason(flow), String.join(", ", FlowEnds.rules(flow)));
    Dropped dropped = causes.computeIfAbsent(cause, _ -> new Dropped());
    if (flow.getEventType().getType() == FlowWords.POLICY_VERDICT) {
      dropped.verdicts++;
    } else {
      dropped.drops++;
    }
    dropped.pairs.merge(pair(flow), 1L, Long::sum);
  }

  private static String reason(Flow flow) {
    return flow.getDropReasonDescValue() == 0
        ? "denied at layer 7"
        : FlowWords.dropReason(flow.getDropReasonDescValue());
  }

  private static Pair pair(Flow flow) {
    return new Pair(
        FlowEnds.party(flow, true),
        FlowEnds.party(flow, false),
        FlowEnds.protocol(flow),
        FlowEnds.port(flow));
  }

  /** The time of the oldest flow; null: there was none. */
  @Nullable Instant first() {
    return first;
  }

  @Nullable Instant last() {
    return last;
  }

  long flows() {
    return flows;
  }

  /** Events that are missing. */
  long lost() {
    return lost;
  }

  /** Adds what the ledger says that these connections carried. */
  void carried(List<LedgerEntry> entries) {
    bytesKnown = true;
    for (LedgerEntry entry : entries) {
      var pair =
          new Pair(entry.getSource(), entry.getDestination(), entry.getProtocol(), entry.getPort());
      Seen seen = pairs.get(pair);
      if (seen != null && entry.getDirection() == TrafficDirection.INGRESS) {
        seen.ingressBytes += entry.getBytes();
      } else if (seen != null) {
        seen.egressBytes += entry.getBytes();
      }
    }
  }

  /** All that passed, most connections first. */
  List<Talker> byConnections() {
    return talkers(Comparator.comparingLong(Talker::connections).thenComparingLong(Talker::bytes));
  }

  /** All that passed, most bytes first; none where nobody knows bytes. */
  List<Talker> byBytes() {
    return bytesKnown
        ? talkers(Comparator.comparingLong(Talker::bytes).thenComparingLong(Talker::connections))
        : List.of();
  }

  private List<Talker> talkers(Comparator<Talker> order) {
    return pairs.entrySet().stream()
        .map(each -> talker(each.getKey(), each.getValue()))
        .sorted(
            order
                .reversed()
                .thenComparing(Talker::source)
                .thenComparing(Talker::destination)
                .thenComparing(Talker::port))
        .toList();
  }

  private Talker talker(Pair pair, Seen seen) {
    return new Talker(
        LedgerCommand.text(pair.source),
        LedgerCommand.text(pair.destination),
        port(pair),
        seen.connections(),
        bytesKnown ? Math.max(seen.egressBytes, seen.ingressBytes) : -1);
  }

  private static String port(Pair pair) {
    return LedgerCommand.port(
        LedgerEntry.newBuilder().setProtocol(pair.protocol).setPort(pair.port).build());
  }

  /** Most first. */
  List<Drops> drops() {
    return causes.entrySet().stream()
        .map(each -> drops(each.getKey(), each.getValue()))
        .sorted(
            Comparator.comparingLong(Drops::count)
                .reversed()
                .thenComparing(Drops::reason)
                .thenComparing(Drops::rule))
        .toList();
  }

  private static Drops drops(Cause cause, Dropped dropped) {
    Pair most =
        dropped.pairs.entrySet().stream()
            .max(Map.Entry.comparingByValue())
            .map(Map.Entry::getKey)
            .orElseThrow();
    return new Drops(
        cause.reason,
        cause.rule,
        dropped.count(),
        LedgerCommand.text(most.source),
        LedgerCommand.text(most.destination) + " " + port(most));
  }
}
