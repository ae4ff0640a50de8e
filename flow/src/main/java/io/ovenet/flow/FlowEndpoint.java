package io.ovenet.flow;

import io.ovenet.api.flow.Workload;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One side of a flow, named: an endpoint of this node, a pod elsewhere, or a mere identity.
 * Immutable, but for its serialized form, which is made when it is first asked for. Whoever names
 * flows makes one object for an endpoint and hands it out for each of its flows.
 */
public final class FlowEndpoint {
  /** Of whom not even the identity is known. */
  static final FlowEndpoint UNKNOWN = identity(0, FlowLabels.NONE);

  private final int id;
  private final int identity;
  private final FlowStatistics.Place place;
  private final String podName;
  private final boolean noPod;
  private final FlowLabels labels;
  private final List<Workload> workloads;

  /** Benign race: whoever comes second makes the same bytes. */
  private byte @Nullable [] encoded;

  private LedgerKey.@Nullable Party party;

  private FlowEndpoint(
      int id,
      int identity,
      String clusterName,
      String namespace,
      String podName,
      FlowLabels labels,
      List<Workload> workloads) {
    this.id = id;
    this.identity = identity;
    this.place = FlowStatistics.Place.of(clusterName, namespace);
    this.podName = podName;
    this.noPod = podName.isEmpty();
    this.labels = labels;
    this.workloads = List.copyOf(workloads);
  }

  /**
   * A pod.
   *
   * @param id of the endpoint, or 0 where it is another node's
   */
  public static FlowEndpoint pod(
      int id,
      int identity,
      String clusterName,
      String namespace,
      String podName,
      FlowLabels labels,
      List<Workload> workloads) {
    return new FlowEndpoint(id, identity, clusterName, namespace, podName, labels, workloads);
  }

  /** A node, which is no pod: its workload is itself. */
  public static FlowEndpoint node(int identity, String name, FlowLabels labels) {
    var node = Workload.newBuilder().setKind("Node").setName(name).build();
    return new FlowEndpoint(0, identity, "", "", "", labels, List.of(node));
  }

  /** Somebody who is known by identity alone: the world, a host, a prefix. */
  public static FlowEndpoint identity(int identity, FlowLabels labels) {
    return new FlowEndpoint(0, identity, "", "", "", labels, List.of());
  }

  /** The same pod under another identity, or with labels that were not known. */
  public FlowEndpoint withIdentity(int otherIdentity, FlowLabels otherLabels) {
    return new FlowEndpoint(
        id, otherIdentity, clusterName(), namespace(), podName, otherLabels, workloads);
  }

  /** 0: no endpoint of this node. */
  public int id() {
    return id;
  }

  public int identity() {
    return identity;
  }

  /** Empty where it is no pod, as are namespace and pod name. */
  public String clusterName() {
    return place.cluster();
  }

  public String namespace() {
    return place.namespace();
  }

  FlowStatistics.Place place() {
    return place;
  }

  public String podName() {
    return podName;
  }

  /** No pod: whoever it is has no better name than what DNS says. */
  boolean isNoPod() {
    return noPod;
  }

  public FlowLabels labels() {
    return labels;
  }

  public List<Workload> workloads() {
    return workloads;
  }

  /** As the ledger has it: one object for all connections of an endpoint. */
  LedgerKey.Party party() {
    LedgerKey.Party known = party;
    if (known == null) {
      known = LedgerKey.Party.of(this);
      party = known;
    }
    return known;
  }

  /** As a serialized flow.Endpoint. The caller must not change it. */
  byte[] encoded() {
    byte[] bytes = encoded;
    if (bytes == null) {
      bytes =
          io.ovenet.api.flow.Endpoint.newBuilder()
              .setID(id)
              .setIdentity(identity)
              .setClusterName(clusterName())
              .setNamespace(namespace())
              .addAllLabels(labels.texts())
              .setPodName(podName)
              .addAllWorkloads(workloads)
              .build()
              .toByteArray();
      encoded = bytes;
    }
    return bytes;
  }

  @Override
  public String toString() {
    return podName.isEmpty() ? labels + " (" + identity + ")" : namespace() + "/" + podName;
  }
}
