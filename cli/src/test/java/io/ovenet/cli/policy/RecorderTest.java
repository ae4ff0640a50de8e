package io.ovenet.cli.policy;

import static org.assertj.core.api.Assertions.assertThat;

import io.ovenet.api.flow.TrafficDirection;
import io.ovenet.api.flow.Verdict;
import io.ovenet.api.ledger.LedgerEntry;
import io.ovenet.api.ledger.Party;
import io.ovenet.kubernetes.JsonObject;
import io.ovenet.kubernetes.question.YamlText;
import io.ovenet.kubernetes.world.ClusterState;
import io.ovenet.kubernetes.world.StateReader;
import io.ovenet.policy.PolicySettings;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** Policies from what was seen, and what a change would have meant for it. */
class RecorderTest {
  private static final Party WORLD = Party.newBuilder().addLabels("reserved:world").build();
  private static final Party HOST = Party.newBuilder().addLabels("reserved:host").build();

  private static Party pod(String namespace, String app) {
    return Party.newBuilder()
        .setCluster("default")
        .setNamespace(namespace)
        .setKind("Deployment")
        .setName(app)
        .addLabels("k8s:app=" + app)
        .addLabels("k8s:io.cilium.k8s.namespace.labels.kubernetes.io/metadata.name=" + namespace)
        .addLabels("k8s:io.cilium.k8s.policy.cluster=default")
        .addLabels("k8s:io.cilium.k8s.policy.serviceaccount=default")
        .addLabels("k8s:io.kubernetes.pod.namespace=" + namespace)
        .build();
  }

  private static LedgerEntry entry(
      Party source, Party destination, int protocol, int port, Verdict verdict, int connections) {
    return LedgerEntry.newBuilder()
        .setSource(source)
        .setDestination(destination)
        .setProtocol(protocol)
        .setPort(port)
        .setVerdict(verdict)
        .setDirection(TrafficDirection.INGRESS)
        .setConnections(connections)
        .build();
  }

  private static ClusterState state(Recorder recorder) {
    var reader = new StateReader(PolicySettings.defaults("default"));
    recorder.policies().forEach(policy -> reader.add(new JsonObject(policy), null));
    return reader.state();
  }

  private static ClusterState nothing() {
    return new StateReader(PolicySettings.defaults("default")).state();
  }

  @Test
  void aPolicyForEachWorkloadInTheLeastWords() {
    var recorder = new Recorder(Set.of("shop"));
    recorder.add(entry(pod("front", "web"), pod("shop", "db"), 6, 5432, Verdict.FORWARDED, 7));
    recorder.add(entry(pod("shop", "api"), pod("shop", "db"), 6, 5432, Verdict.AUDIT, 1));
    recorder.add(entry(pod("shop", "thief"), pod("shop", "db"), 6, 22, Verdict.DROPPED, 9));
    recorder.add(entry(HOST, pod("shop", "db"), 1, 8, Verdict.FORWARDED, 1));
    assertThat(recorder.policies()).hasSize(2);
    assertThat(YamlText.write(recorder.policies().get(1)))
        .isEqualTo(
            """
            apiVersion: cilium.io/v2
            kind: CiliumNetworkPolicy
            metadata:
              name: recorded-db
              namespace: shop
            spec:
              endpointSelector:
                matchLabels:
                  app: db
              ingress:
              - fromEndpoints:
                - matchLabels:
                    app: api
                toPorts:
                - ports:
                  - port: '5432'
                    protocol: TCP
              - fromEndpoints:
                - matchLabels:
                    app: web
                    k8s:io.kubernetes.pod.namespace: front
                toPorts:
                - ports:
                  - port: '5432'
                    protocol: TCP
              - fromEntities:
                - host
                icmps:
                - fields:
                  - family: IPv4
                    type: 8
            """);
    assertThat(recorder.leftOut()).isEmpty();
  }

  /** Whatever was seen passes by what is recorded, and nothing else between the same does. */
  @Test
  void whatWasSeenPassesAndNothingElse() {
    long seed = Long.getLong("ovenet.seed", System.nanoTime());
    var random = new Random(seed);
    for (int world = 0; world < 30; world++) {
      var ends = new ArrayList<Party>(List.of(WORLD, HOST));
      for (int i = 0; i < 6; i++) {
        ends.add(pod("ns" + i % 3, "app" + i));
      }
      var seen = new ArrayList<LedgerEntry>();
      var others = new ArrayList<LedgerEntry>();
      for (Party source : ends) {
        for (Party destination : ends) {
          if (source.getNamespace().isEmpty() && destination.getNamespace().isEmpty()) {
            continue;
          }
          for (int port : new int[] {80, 443}) {
            int protocol = random.nextBoolean() ? 6 : 17;
            (random.nextInt(3) == 0 ? seen : others)
                .add(entry(source, destination, protocol, port, Verdict.FORWARDED, 1));
          }
        }
      }
      var recorder = new Recorder(Set.of());
      seen.forEach(recorder::add);
      ClusterState recorded = state(recorder);
      assertThat(Replay.of(seen, nothing(), recorded).closed()).as("seed %d", seed).isEmpty();
      Replay rest = Replay.of(others, nothing(), recorded);
      long expected = others.stream().filter(entry -> isDenied(entry, seen)).count();
      assertThat((long) rest.closed().size()).as("seed %d", seed).isEqualTo(expected);
    }
  }

  /** One of its ends has a policy about that direction; but a node always reaches its pods. */
  private static boolean isDenied(LedgerEntry entry, List<LedgerEntry> seen) {
    boolean source =
        !entry.getSource().getNamespace().isEmpty()
            && seen.stream().anyMatch(s -> s.getSource().equals(entry.getSource()));
    boolean destination =
        !entry.getDestination().getNamespace().isEmpty()
            && !entry.getSource().equals(HOST)
            && seen.stream().anyMatch(s -> s.getDestination().equals(entry.getDestination()));
    return source || destination;
  }

  @Test
  void aReplayCountsConnectionsOnceAndNamesThem() {
    var recorder = new Recorder(Set.of());
    LedgerEntry allowed = entry(pod("a", "web"), pod("a", "db"), 6, 5432, Verdict.FORWARDED, 1201);
    recorder.add(allowed);
    LedgerEntry closed = entry(pod("a", "job"), pod("a", "db"), 6, 5432, Verdict.FORWARDED, 3);
    LedgerEntry otherSide = closed.toBuilder().setDirection(TrafficDirection.EGRESS).build();
    Replay replay = Replay.of(List.of(allowed, closed, otherSide), nothing(), state(recorder));
    assertThat(replay.text("1h"))
        .containsExactly(
            "! 3 of the 1,204 connections since 1h would be denied:",
            "  a/Deployment/job → a/Deployment/db 5432/TCP  3×");
    assertThat(Replay.of(List.of(closed), state(recorder), nothing()).opened()).hasSize(1);
    Party nobody = Party.newBuilder().setName("gone").build();
    assertThat(
            Replay.of(
                    List.of(entry(nobody, pod("a", "db"), 6, 1, Verdict.FORWARDED, 4)),
                    nothing(),
                    nothing())
                .unknown())
        .isEqualTo(4);
  }
}
