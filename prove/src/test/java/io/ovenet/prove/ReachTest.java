package io.ovenet.prove;

import static org.assertj.core.api.Assertions.assertThat;

import io.ovenet.policy.Cidr;
import io.ovenet.policy.Labels;
import io.ovenet.policy.NamedPorts;
import io.ovenet.policy.PolicyObject;
import io.ovenet.policy.PolicySettings;
import io.ovenet.policy.PortRange;
import io.ovenet.policy.TrafficDirection;
import io.ovenet.policy.question.Difference;
import io.ovenet.policy.question.Judge;
import io.ovenet.policy.question.Matrix;
import io.ovenet.policy.question.Party;
import io.ovenet.policy.question.PortSet;
import io.ovenet.policy.question.Reach;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

/** What is told of many pairs at once is what each pair is told. */
class ReachTest {
  private static final int WORLDS = 40;

  @Test
  void matricesAndDifferencesSayWhatEachQuestionSays() {
    long first = System.nanoTime();
    int changes = 0;
    for (long seed = first; seed < first + WORLDS; seed++) {
      RandomWorld world = new RandomWorld(seed);
      for (int i = 0; i < 8; i++) {
        world.change();
      }
      Map<String, List<Party>> parties = parties(world);
      List<Party> all = new ArrayList<>();
      parties.values().forEach(all::addAll);
      Judge before = judge(world, all);
      for (Matrix.Cell cell : Matrix.of(new Reach(before), parties, parties)) {
        Party from = one(parties, cell.from());
        Party to = one(parties, cell.to());
        assertThat(cell.pairs()).isEqualTo(1);
        assertThat(cell.open()).isEqualTo(cell.everywhere());
        expect(before, from, to, cell.open(), world, "seed " + seed);
      }
      world.change();
      Judge after = judge(world, all);
      for (Difference.Change change : Difference.of(before, after, parties)) {
        changes++;
        Reach was = new Reach(before);
        Reach is = new Reach(after);
        Party from = one(parties, change.from());
        Party to = one(parties, change.to());
        assertThat(was.between(from, to).or(change.opened()).minus(change.closed()))
            .as("seed %d", seed)
            .isEqualTo(is.between(from, to));
        assertThat(change.opened().and(was.between(from, to)).isEmpty()).isTrue();
        assertThat(change.closed().minus(was.between(from, to)).isEmpty()).isTrue();
      }
    }
    assertThat(changes).as("first seed %d", first).isPositive();
  }

  private static void expect(
      Judge judge, Party from, Party to, PortSet open, RandomWorld world, String about) {
    for (int i = 0; i < 12; i++) {
      int protocol = world.protocol();
      int port = world.port(protocol);
      boolean icmp = protocol == PortRange.ICMP || protocol == PortRange.ICMPV6;
      boolean passes =
          passes(judge, from, TrafficDirection.EGRESS, to, protocol, port)
              && passes(judge, to, TrafficDirection.INGRESS, from, protocol, port);
      assertThat(open.contains(protocol, icmp ? port << 8 : port))
          .as("%s: %s to %s, protocol %d port %d of %s", about, from, to, protocol, port, open)
          .isEqualTo(passes);
    }
  }

  private static boolean passes(
      Judge judge, Party subject, TrafficDirection direction, Party peer, int protocol, int port) {
    return !subject.isEndpoint() || judge.ask(subject, direction, peer, protocol, port).passes();
  }

  private static Judge judge(RandomWorld world, List<Party> all) {
    List<PolicyObject> policies = new ArrayList<>();
    world.documents.values().forEach(document -> policies.add(world.parse(document).object()));
    Judge judge = new Judge(PolicySettings.defaults(RandomWorld.CLUSTER), policies, all, all);
    world.peerGroups().forEach(judge::apply);
    return judge;
  }

  private static Map<String, List<Party>> parties(RandomWorld world) {
    Map<String, List<Party>> parties = new TreeMap<>();
    world.subjects.forEach(
        subject ->
            add(parties, new Party("", subject.labels(), null, subject.ports(), subject.audit())));
    world.pods.forEach(
        (address, pod) -> {
          Labels labels = world.identities.get(pod.identity());
          if (labels != null) {
            add(parties, new Party("", labels, Cidr.parse(address), pod.ports(), false));
          }
        });
    for (int i = 0; i < 8; i++) {
      RandomWorld.Peer peer = world.peer();
      boolean outside =
          peer.address() != null && !peer.labels().has("k8s", "io.kubernetes.pod.namespace");
      add(
          parties,
          new Party(
              "",
              peer.labels(),
              outside ? Cidr.parse(String.valueOf(peer.address())) : null,
              NamedPorts.NONE,
              false));
    }
    return parties;
  }

  private static Party one(Map<String, List<Party>> parties, String group) {
    return Objects.requireNonNull(parties.get(group)).getFirst();
  }

  private static void add(Map<String, List<Party>> parties, Party party) {
    parties.put("p" + parties.size(), List.of(party));
  }
}
