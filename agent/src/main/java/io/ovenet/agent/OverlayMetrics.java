package io.ovenet.agent;

import io.ovenet.datapath.Datapath;
import io.ovenet.datapath.Disagreement;
import io.ovenet.metrics.MetricsText;
import java.util.List;
import java.util.Locale;

/** What packets of other nodes claimed and this node knows better, for Prometheus. */
final class OverlayMetrics {
  private static final List<String> ABOUT = List.of("about");

  private final Datapath datapath;

  OverlayMetrics(Datapath datapath) {
    this.datapath = datapath;
  }

  void write(MetricsText to) {
    to.counter(
        "ovenet_overlay_disagreements",
        "Packets from the overlay whose header contradicts what this node knows of their sender, or"
            + " of the pod, node or identity that they claim; all but those about identity were"
            + " dropped.");
    datapath
        .disagreements()
        .forEach(
            (about, packets) ->
                to.sample(
                    "ovenet_overlay_disagreements_total",
                    ABOUT,
                    new String[] {name(about)},
                    (double) packets));
  }

  private static String name(Disagreement about) {
    return about.name().toLowerCase(Locale.ROOT);
  }
}
