package io.ovenet.cli.policy;

import io.ovenet.policy.Cidr;
import io.ovenet.policy.Label;
import io.ovenet.policy.Labels;
import io.ovenet.policy.NamedPorts;
import io.ovenet.policy.question.Party;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Ends of the ledger's connections as those that policies are about: by their labels, and, where a
 * pod with these labels is there still, with its named ports. For one thread.
 */
final class Parties {
  private final Map<Labels, Party> pods = new HashMap<>();
  private final Map<io.ovenet.api.ledger.Party, Party> known = new HashMap<>();

  Parties(List<Party> present) {
    present.forEach(pod -> pods.putIfAbsent(pod.labels(), pod));
  }

  /** Null: it has no labels, so nobody knows who it was. */
  @Nullable Party of(io.ovenet.api.ledger.Party end, String name) {
    if (end.getLabelsCount() == 0) {
      return null;
    }
    return known.computeIfAbsent(end, _ -> make(end, name));
  }

  private Party make(io.ovenet.api.ledger.Party end, String name) {
    Labels labels = labels(end);
    Cidr prefix = prefix(labels);
    if (prefix != null) {
      return Party.outside(name, prefix);
    }
    Party pod = pods.get(labels);
    return pod == null
        ? new Party(name, labels, null, NamedPorts.NONE, false)
        : new Party(name, labels, null, pod.ports(), pod.audit());
  }

  static Labels labels(io.ovenet.api.ledger.Party end) {
    var labels = new ArrayList<Label>();
    end.getLabelsList().forEach(text -> labels.add(Label.parse(text)));
    return Labels.of(labels);
  }

  /** The longest prefix that rules named when it was seen; null of whoever is no prefix. */
  static @Nullable Cidr prefix(Labels labels) {
    Cidr longest = null;
    for (Label label : labels.asList()) {
      if (label.source().equals(Label.CIDR)) {
        Cidr prefix = Cidr.parse(label.key());
        longest = longest == null || prefix.length() > longest.length() ? prefix : longest;
      }
    }
    return longest;
  }
}
