package io.ovenet.policy.lint;

import io.ovenet.policy.ClassTables;
import io.ovenet.policy.CompiledPolicy;
import io.ovenet.policy.Label;
import io.ovenet.policy.Labels;
import io.ovenet.policy.PolicyTable;
import io.ovenet.policy.PortRange;
import io.ovenet.policy.RuleOrigin;
import io.ovenet.policy.TrafficDirection;
import io.ovenet.policy.question.Judge;
import io.ovenet.policy.question.Party;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/** Finds pods that can't ask a DNS server, and which policies keep them from it. */
public final class DnsReach {
  private static final int DNS = 53;
  private static final Set<String> SERVERS = Set.of("kube-dns", "coredns", "node-local-dns");

  private DnsReach() {}

  /**
   * Who is cut off.
   *
   * @param judge made with all pods as subjects
   * @param pods all of them; DNS servers among them are known by their label k8s-app
   */
  public static List<Finding> of(Judge judge, Collection<Party> pods) {
    List<Party> servers = new ArrayList<>();
    for (Party pod : pods) {
      if (isServer(pod.labels())) {
        servers.add(pod);
      }
    }
    Map<CompiledPolicy, Boolean> known = new HashMap<>();
    Map<RuleOrigin, TreeSet<String>> cutOff = new HashMap<>();
    for (Party pod : pods) {
      CompiledPolicy policy = judge.policyOf(pod);
      if (known.computeIfAbsent(policy, p -> asks(judge, p, servers))) {
        continue;
      }
      PolicyTable any = policy.tables(TrafficDirection.EGRESS).get(CompiledPolicy.CLASS_ANY);
      if (any != null) {
        for (RuleOrigin origin : any.lookup(PortRange.UDP, DNS).origins().asList()) {
          cutOff.computeIfAbsent(origin, _ -> new TreeSet<>()).add(pod.name());
        }
      }
    }
    List<Finding> findings = new ArrayList<>();
    cutOff.forEach(
        (origin, names) ->
            findings.add(
                new Finding(
                    Check.NO_DNS,
                    origin,
                    "no rule lets "
                        + names.first()
                        + (names.size() > 1 ? " and " + (names.size() - 1) + " more" : "")
                        + (servers.isEmpty()
                            ? " out to port 53: names can't be looked up"
                            : " out to port 53 of "
                                + servers.getFirst().name()
                                + ": names can't be looked up"),
                    "allow egress to 53/UDP and 53/TCP of the DNS servers, unless addresses are"
                        + " all that is needed")));
    return findings;
  }

  private static boolean isServer(Labels labels) {
    String app = labels.get(Label.K8S, "k8s-app");
    return app != null && SERVERS.contains(app);
  }

  /** Whether UDP to port 53 passes: of the servers, or of anybody where none is known. */
  private static boolean asks(Judge judge, CompiledPolicy policy, List<Party> servers) {
    ClassTables tables = policy.tables(TrafficDirection.EGRESS);
    if (tables.size() == 0) {
      return true;
    }
    for (Party server : servers) {
      int peer = judge.snapshot().classes().classOf(judge.peerOf(server));
      PolicyTable table = tables.get(peer);
      table = table == null ? tables.get(CompiledPolicy.CLASS_ANY) : table;
      if (table != null && table.lookup(PortRange.UDP, DNS).verdict().passes()) {
        return true;
      }
    }
    for (int i = 0; i < tables.size() && servers.isEmpty(); i++) {
      if (tables.table(i).lookup(PortRange.UDP, DNS).verdict().passes()) {
        return true;
      }
    }
    return false;
  }
}
