package io.ovenet.kubernetes.question;

import io.ovenet.kubernetes.world.ClusterState;
import io.ovenet.kubernetes.world.Workload;
import io.ovenet.policy.Cidr;
import io.ovenet.policy.EndpointSelector;
import io.ovenet.policy.LabelRequirement;
import io.ovenet.policy.ReservedIdentity;
import io.ovenet.policy.question.Party;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Who is meant by an end of a connection as people write it: {@code shop/web-1}, {@code web-1},
 * {@code vm/shop/db}, {@code app=web,tier=front}, {@code node/worker-1}, {@code 10.0.0.7}, {@code
 * 10.0.0.0/8}, {@code host}.
 */
public final class EndExpression {
  private final ClusterState state;
  private final String namespace;

  /**
   * For one state.
   *
   * @param namespace of names without one, and of label selectors; empty for any
   */
  public EndExpression(ClusterState state, String namespace) {
    this.state = state;
    this.namespace = namespace;
  }

  /**
   * Who is meant; one for all that policies can't tell apart.
   *
   * @throws IllegalArgumentException saying why it is nobody
   */
  public List<Party> parties(String text) {
    if (text.indexOf('=') > 0) {
      return ofLabels(text);
    }
    for (ReservedIdentity identity : ReservedIdentity.values()) {
      if (text.equals(identity.labelName()) || text.equals("reserved:" + identity.labelName())) {
        return List.of(Party.reserved(identity));
      }
    }
    if (text.matches("[0-9.]+(/[0-9]+)?")
        || text.matches("[0-9a-fA-F:]*:[0-9a-fA-F:.]*(/[0-9]+)?")) {
      return ofAddress(text);
    }
    if (text.startsWith("node/")) {
      return List.of(node(text));
    }
    boolean machine = text.startsWith("vm/");
    String name = machine ? text.substring(3) : text.startsWith("pod/") ? text.substring(4) : text;
    int slash = name.indexOf('/');
    String in = slash < 0 ? namespace : name.substring(0, slash);
    String bare = name.substring(slash + 1);
    Map<Object, Party> found = new LinkedHashMap<>();
    for (Workload workload : state.workloads()) {
      boolean named = machine ? workload.machine().equals(bare) : workload.name().equals(bare);
      if (named && (in.isEmpty() || workload.namespace().equals(in))) {
        found.putIfAbsent(workload.party().subject(), titled(workload));
      }
    }
    if (found.isEmpty()) {
      throw new IllegalArgumentException(
          "no "
              + (machine ? "virtual machine" : "pod")
              + " is called '"
              + name
              + "'"
              + (in.isEmpty() ? "" : " in namespace " + in)
              + ": name it as namespace/name, vm/namespace/name, by labels (app=web), node/name, an"
              + " address, or an entity (host, world, …)");
    }
    return List.copyOf(found.values());
  }

  private Party node(String text) {
    for (Party node : state.nodes()) {
      if (node.name().equals(text)) {
        return node;
      }
    }
    throw new IllegalArgumentException(
        "no node is called '" + text.substring(5) + "': see `kubectl get nodes`");
  }

  private static Party titled(Workload workload) {
    Party party = workload.party();
    return new Party(
        workload.title(), party.labels(), party.address(), party.ports(), party.audit());
  }

  private List<Party> ofLabels(String text) {
    List<LabelRequirement> requirements = new ArrayList<>();
    for (String part : text.split(",", -1)) {
      int equals = part.indexOf('=');
      if (equals <= 0) {
        throw new IllegalArgumentException(
            "'" + part + "' in '" + text + "' is no label: write key=value");
      }
      String key = part.substring(0, equals);
      int colon = key.indexOf(':');
      requirements.add(
          LabelRequirement.in(
              colon > 0 ? key.substring(0, colon) : LabelRequirement.ANY_SOURCE,
              key.substring(colon + 1),
              List.of(part.substring(equals + 1))));
    }
    EndpointSelector selector = EndpointSelector.of(requirements);
    Map<Object, Party> found = new LinkedHashMap<>();
    for (Workload workload : state.workloads()) {
      if (selector.matches(workload.party().labels())
          && (namespace.isEmpty() || workload.namespace().equals(namespace))) {
        found.putIfAbsent(workload.party().subject(), titled(workload));
      }
    }
    if (found.isEmpty()) {
      throw new IllegalArgumentException("no pod has the labels " + text);
    }
    return List.copyOf(found.values());
  }

  private List<Party> ofAddress(String text) {
    Cidr address = Cidr.parse(text);
    for (Workload workload : state.workloads()) {
      if (address.equals(workload.party().address())) {
        return List.of(titled(workload));
      }
    }
    for (Party node : state.nodes()) {
      if (address.equals(node.address())) {
        return List.of(node);
      }
    }
    List<Party> parties = new ArrayList<>();
    parties.add(Party.outside(text, address));
    // What rules say of parts of it may differ.
    for (Cidr part : prefixesOf()) {
      if (address.contains(part) && !part.equals(address)) {
        parties.add(Party.outside(part.toString(), part));
      }
    }
    return parties;
  }

  private List<Cidr> prefixesOf() {
    return state.judge(state.pods()).snapshot().prefixes();
  }
}
