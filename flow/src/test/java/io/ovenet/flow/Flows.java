package io.ovenet.flow;

import io.ovenet.api.flow.Flow;
import io.ovenet.api.flow.Workload;
import io.ovenet.datapath.EventKind;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/** A node with two pods, and records of what went on between them. */
final class Flows {
  /** 2026-01-02T03:04:05.000001Z is the events' default time of 1,000 ns. */
  static final long BOOT = 1_767_323_045_000_000_000L;

  static final FlowEndpoint WEB =
      FlowEndpoint.pod(
          1,
          1001,
          "default",
          "app-web-prod",
          "web-7d9f-abcde",
          FlowLabels.of(
              "k8s:app=web", "k8s:tier=front", "k8s:io.kubernetes.pod.namespace=app-web-prod"),
          List.of(Workload.newBuilder().setName("web").setKind("Deployment").build()));
  static final FlowEndpoint DATABASE =
      FlowEndpoint.pod(
          2,
          1002,
          "default",
          "app-database-prod",
          "virt-launcher-database-vm-x7k2p",
          FlowLabels.of("k8s:app=database-vm"),
          List.of(
              Workload.newBuilder()
                  .setName("database-vm")
                  .setKind("VirtualMachineInstance")
                  .build()));
  static final FlowEndpoint WORLD = FlowEndpoint.identity(2, FlowLabels.of("reserved:world"));
  static final PolicyRef POLICY =
      new PolicyRef(
          "CiliumNetworkPolicy",
          "app-web-prod",
          "vm-web-policy",
          "spec.ingress[0].toPorts[0]",
          7,
          List.of("k8s:io.cilium.k8s.policy.name=vm-web-policy"));
  static final NameTable NAMES =
      new NameTable(
          "default",
          "node1",
          Map.of(1, WEB, 2, DATABASE),
          Map.of(),
          Map.of(
              2,
              WORLD,
              1001,
              FlowEndpoint.identity(1001, WEB.labels()),
              1002,
              FlowEndpoint.identity(1002, DATABASE.labels())),
          Map.of(
              new NameTable.Address(0, 0, Addresses.MAPPED | 0x08080808L), List.of("dns.google")),
          Map.of(
              9,
              RuleOrigin.of(List.of(POLICY)),
              10,
              RuleOrigin.of(
                  List.of(
                      new PolicyRef(
                          "NetworkPolicy", "shop", "web", "spec.ingress[0]", 7, List.of()),
                      new PolicyRef("CiliumClusterwideNetworkPolicy", "", "all", "", 7, List.of()),
                      new PolicyRef(
                          "NetworkPolicy", "shop", "web", "spec.ingress[1]", 7, List.of())))),
          Map.of(0x100001, "ovt1"),
          Map.of(5, "app-web-prod/vm-web-service"));

  static final FlowUuids UUIDS = new FlowUuids(1, 2);

  private Flows() {}

  static FlowDecoder decoder(FlowNames names) {
    return new FlowDecoder(() -> names, new MonotonicClock(() -> 0, () -> BOOT));
  }

  static FlowRecord record(Event event) {
    return record(event, 0);
  }

  static FlowRecord record(Event event, long sequence) {
    return Objects.requireNonNull(decoder(NAMES).decode(event.view(), sequence));
  }

  static Flow flow(Event event) {
    return new FlowEncoder("default/node1", UUIDS, FlowMask.EVERYTHING).flow(record(event));
  }

  static Event drop() {
    return new Event(EventKind.DROP, 133);
  }

  static Event trace() {
    return new Event(EventKind.TRACE, 101);
  }

  static Event verdict(io.ovenet.datapath.Verdict verdict) {
    return new Event(EventKind.POLICY_VERDICT, verdict.number());
  }
}
