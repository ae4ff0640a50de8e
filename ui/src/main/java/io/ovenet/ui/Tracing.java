package io.ovenet.ui;

import io.ovenet.kubernetes.KubernetesApi;
import io.ovenet.kubernetes.question.Target;
import io.ovenet.trace.TraceAnswer;
import io.ovenet.trace.TraceEnds;
import io.ovenet.trace.TraceText;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Sends packets in pods' places, as {@code ovenet trace} does. */
final class Tracing {
  private final RelayClient relay;
  private final @Nullable Path kubeconfig;

  /**
   * Sends nothing so far.
   *
   * @param kubeconfig of the cluster whose names they are; null: as a pod
   */
  Tracing(RelayClient relay, @Nullable Path kubeconfig) {
    this.relay = relay;
    this.kubeconfig = kubeconfig;
  }

  /**
   * Each hop of the way.
   *
   * @throws IllegalArgumentException if that is no way, or nothing has such a name
   */
  Map<String, Object> trace(String from, String to) throws IOException {
    Target target = Target.parse(to);
    TraceText text;
    try (TraceEnds ends = new TraceEnds(() -> KubernetesApi.open(kubeconfig), "")) {
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
