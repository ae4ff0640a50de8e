package io.ovenet.agent;

import io.ovenet.flow.Addresses;
import io.ovenet.flow.FlowEndpoint;
import io.ovenet.flow.FlowLabels;
import io.ovenet.flow.FlowNames;
import io.ovenet.flow.PolicyRef;
import io.ovenet.flow.RuleOrigin;
import io.ovenet.kubernetes.PodRecord;
import io.ovenet.policy.Labels;
import io.ovenet.policy.ReservedIdentity;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * What the numbers in flow events mean now. Written by watches and CNI calls, read by any thread.
 */
public final class Names implements FlowNames {
  private record Address(long high, long low) {
    static Address of(InetAddress address) {
      var halves = Addresses.halves(address);
      return new Address(halves[0], halves[1]);
    }

    // Written out: generated ones are many times slower in what the agent's compiler makes.
    @Override
    public boolean equals(@Nullable Object other) {
      return other instanceof Address that && low == that.low && high == that.high;
    }

    @Override
    public int hashCode() {
      return Long.hashCode((low ^ high * 31) * 0x9e3779b97f4a7c15L);
    }
  }

  private final String cluster;
  private final String node;
  private final RuleNumbers rules;
  private final Tenures<Integer> endpoints = new Tenures<>();
  private final Tenures<Address> addresses = new Tenures<>();
  private final Workloads workloads = new Workloads();
  private final Map<Integer, FlowEndpoint> identities = new ConcurrentHashMap<>();
  private final Map<Integer, String> interfaces = new ConcurrentHashMap<>();
  private final Map<Integer, RuleOrigin> origins = new ConcurrentHashMap<>();
  private final ServiceNames services = new ServiceNames();
  private volatile long revision = 1;

  public Names(String cluster, String node, RuleNumbers rules) {
    this.cluster = cluster;
    this.node = node;
    this.rules = rules;
    for (var identity : ReservedIdentity.values()) {
      identity(identity.number(), identity.labels());
    }
  }

  /** The revision of policy in force, for the rules that flows will name. */
  void revision(long inForce) {
    revision = inForce;
  }

  /** The revision of policy in force. */
  long revision() {
    return revision;
  }

  void identity(int number, Labels labels) {
    identities.put(number, FlowEndpoint.identity(number, FlowLabels.of(labels)));
  }

  void interfaceName(int ifindex, String name) {
    interfaces.put(ifindex, name);
  }

  /** An endpoint of this node, as it is named from now on. */
  public void local(LocalEndpoint endpoint) {
    var named =
        FlowEndpoint.pod(
            endpoint.id(),
            endpoint.identity(),
            cluster,
            endpoint.namespace(),
            endpoint.pod(),
            FlowLabels.of(endpoint.labels()),
            workloads.of(endpoint));
    identity(endpoint.identity(), endpoint.labels());
    endpoints.put(endpoint.id(), named);
    addresses.put(Address.of(endpoint.address()), named);
    interfaces.put(endpoint.hostIfindex(), endpoint.hostInterface());
  }

  void localGone(LocalEndpoint endpoint) {
    endpoints.remove(endpoint.id());
    addresses.remove(Address.of(endpoint.address()));
    interfaces.remove(endpoint.hostIfindex());
  }

  /**
   * What a pod of this node belongs to.
   *
   * @return whether that was not known before, so that its endpoints are to be named again
   */
  boolean pod(PodRecord pod) {
    return workloads.add(pod);
  }

  void podGone(String namespace, String name) {
    workloads.remove(namespace, name);
  }

  /** What an endpoint's pod belongs to, {@code kind/name}; empty where nothing is known. */
  String workload(LocalEndpoint endpoint) {
    return workloads.text(endpoint);
  }

  /** An address of a node, with labels of its own. */
  void node(InetAddress address, int identity, String name, Labels labels) {
    addresses.put(Address.of(address), FlowEndpoint.node(identity, name, FlowLabels.of(labels)));
  }

  /** A pod of another node. Its labels are those of its identity, which may become known later. */
  void remote(InetAddress address, int identity, String namespace, String pod, String workload) {
    addresses.put(
        Address.of(address),
        FlowEndpoint.pod(
            0, identity, cluster, namespace, pod, labels(identity), workloads.named(workload)));
  }

  private FlowLabels labels(int identity) {
    var known = identities.get(identity);
    return known == null ? FlowLabels.NONE : known.labels();
  }

  /** An address that a pod of another node, or a node, no longer has. */
  void remoteGone(InetAddress address) {
    addresses.remove(Address.of(address));
  }

  /** A service, {@code namespace/name}, by the number of one of its frontends. */
  void service(int number, String name) {
    services.named(number, name);
  }

  /** The frontend is gone; flows of what is left of its connections name it for a while. */
  void serviceGone(int number) {
    services.gone(number);
  }

  @Override
  public String clusterName() {
    return cluster;
  }

  @Override
  public String nodeName() {
    return node;
  }

  @Override
  public @Nullable FlowEndpoint endpoint(int id, long time) {
    return endpoints.get(id, time);
  }

  @Override
  public @Nullable FlowEndpoint address(int network, long high, long low, long time) {
    if (network != 0) {
      return null;
    }
    var address = new Address(high, low);
    var named = addresses.get(address, time);
    if (named == null || !named.labels().isEmpty()) {
      return named;
    }
    // Pods of other nodes and identities come by two watches, in any order.
    var labels = labels(named.identity());
    if (labels.isEmpty()) {
      return named;
    }
    var labelled = named.withIdentity(named.identity(), labels);
    addresses.tell(address, named, labelled);
    return labelled;
  }

  @Override
  public @Nullable FlowEndpoint identity(int identity) {
    return identities.get(identity);
  }

  @Override
  public List<String> dnsNames(int network, long high, long low) {
    return List.of();
  }

  @Override
  public @Nullable RuleOrigin rule(int id) {
    var origin = origins.get(id);
    if (origin != null) {
      return origin;
    }
    var decidedBy = rules.rule(id);
    if (decidedBy == null) {
      return null;
    }
    var policies = new ArrayList<PolicyRef>();
    for (var rule : decidedBy.origins().asList()) {
      policies.add(
          new PolicyRef(
              rule.kind().toString(),
              rule.namespace(),
              rule.name(),
              rule.fieldPath(),
              revision,
              List.of()));
    }
    origin = RuleOrigin.of(policies);
    // What rules no longer knows is forgotten here by the same measure: never more than it gave.
    origins.put(id, origin);
    return origin;
  }

  @Override
  public @Nullable String service(int number) {
    return services.name(number);
  }

  @Override
  public String interfaceName(int ifindex) {
    return interfaces.getOrDefault(ifindex, "");
  }
}
