package io.ovenet.ui;

import io.ovenet.kubernetes.question.Target;
import io.ovenet.trace.TraceAnswer;
import io.ovenet.trace.TraceEnds;
import io.ovenet.trace.TraceText;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** Sends packets in pods' places, as {@code ovenet trace} does. */
final class Tracing {
  private final RelayClient relay;
  private final ClusterView cluster;

  /**
   * Sends nothing so far.
   *
   * @param cluster whose names they are
   */
  Tracing(RelayClient relay, ClusterView cluster) {
    this.relay = relay;
    this.cluster = cluster;
  }

  /**
   * Each hop of the way.
   *
   * @throws IllegalArgumentException if that is no way, or nothing has such a name
   */
  Map<String, Object> trace(String from, String to) throws IOException {
    Target target = Target.parse(to);
    TraceText text;
    try (TraceEnds ends = new TraceEnds(cluster::open, "")) {
      TraceEnds.Pod source = ends.source(from);
      TraceEnds.Destination destination = ends.destination(target);
      TraceAnswer answer = TraceAnswer.ask(relay.channel(), source, destination, target.protocol());
      text = new TraceText(answer, source, destination, target);
    }
    List<Object> hops = new ArrayList<>();
    text.hops().forEach(hop -> hops.add(Map.of("where", hop.where(), "what", hop.what())));
    return Map.of(
        "outcome",
        text.outcome().name().toLowerCase(Locale.ROOT),
        "hops",
        hops,
        "notes",
        text.notes());
  }
}
