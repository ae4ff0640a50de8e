package io.ovenet.prove;

import static org.assertj.core.api.Assertions.assertThat;

import io.ovenet.policy.Cidr;
import io.ovenet.policy.Labels;
import io.ovenet.policy.NamedPorts;
import io.ovenet.policy.PolicyObject;
import io.ovenet.policy.PolicySettings;
import io.ovenet.policy.PolicySubject;
import io.ovenet.policy.PortRange;
import io.ovenet.policy.ReservedIdentity;
import io.ovenet.policy.TrafficDirection;
import io.ovenet.policy.naive.NaiveEvaluator;
import io.ovenet.policy.question.Answer;
import io.ovenet.policy.question.Judge;
import io.ovenet.policy.question.Party;
import io.ovenet.policy.question.Proposal;
import io.ovenet.policy.question.Reason;
import io.ovenet.policy.question.Why;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Test;

/** Proposals for connections denied in random worlds, judged by the naive evaluator. */
class WhyProposalTest {
  private static final int DENIED = 10_000;
  private static final int OTHERS = 25;

  private record Asked(
      PolicySubject subject, boolean ingress, RandomWorld.Peer peer, int protocol, int port) {
    boolean ask(NaiveEvaluator naive) {
      return naive
          .ask(
              RandomWorld.map(subject.labels()),
              RandomWorld.named(subject.ports()),
              ingress,
              peer.naive(),
              protocol,
              port)
          .outcome()
          .passes();
    }
  }

  @Test
  void eachLetsExactlyThatPass() {
    long first = System.nanoTime();
    int proposed = 0;
    int overruled = 0;
    int withheld = 0;
    int nameless = 0;
    int nearMisses = 0;
    for (long seed = first; proposed + overruled + withheld + nameless < DENIED; seed++) {
      RandomWorld world = new RandomWorld(seed);
      for (int i = 0; i < 12; i++) {
        world.change();
      }
      List<PolicyObject> policies = new ArrayList<>();
      world.documents.values().forEach(document -> policies.add(world.parse(document).object()));
      List<Party> pods = pods(world);
      Judge judge =
          new Judge(PolicySettings.defaults(RandomWorld.CLUSTER), policies, pods, List.of());
      world.peerGroups().forEach(judge::apply);
      Why why =
          new Why(
              judge,
              RandomWorld.CLUSTER,
              policies,
              pods,
              document -> world.parse(document).object());
      NaiveEvaluator before = world.naive();
      for (int i = 0; i < 60; i++) {
        Asked asked = ask(world);
        if (asked.ask(before)) {
          continue;
        }
        String about = "seed " + seed + ": " + asked;
        Why.Side side =
            why.side(
                party(asked.subject),
                asked.ingress ? TrafficDirection.INGRESS : TrafficDirection.EGRESS,
                party(asked.peer),
                asked.protocol,
                asked.port);
        Answer answer = Objects.requireNonNull(side.answer(), about);
        assertThat(side.passes()).as(about).isFalse();
        nearMisses += side.nearMisses().size();
        Proposal proposal = side.proposal();
        if (proposal != null) {
          proposed++;
          opensNoMore(world, before, asked, proposal, about);
        } else if (answer.reason() == Reason.RULE) {
          overruled++;
          assertThat(asked.ask(with(world, allowAll(asked)))).as(about).isFalse();
        } else if (answer.reason() == Reason.WITHHELD) {
          withheld++;
        } else {
          nameless++;
          boolean ports = asked.protocol == 6 || asked.protocol == 17 || asked.protocol == 132;
          boolean icmp = asked.protocol == PortRange.ICMP || asked.protocol == PortRange.ICMPV6;
          assertThat((ports && asked.port == 0) || (!ports && !icmp)).as(about).isTrue();
        }
      }
    }
    String counts =
        proposed
            + " proposed, "
            + overruled
            + " overruled, "
            + withheld
            + " withheld, "
            + nameless
            + " that no rule can name, "
            + nearMisses
            + " near misses; first seed "
            + first;
    System.out.println(counts);
    assertThat(proposed).as(counts).isGreaterThan(DENIED / 3);
    assertThat(overruled).as(counts).isPositive();
    assertThat(nearMisses).as(counts).isPositive();
  }

  private static void opensNoMore(
      RandomWorld world, NaiveEvaluator before, Asked asked, Proposal proposal, String about) {
    NaiveEvaluator after = with(world, proposal.document());
    assertThat(asked.ask(after)).as("%s by %s", about, proposal.document()).isTrue();
    for (int i = 0; i < OTHERS; i++) {
      Asked random = ask(world);
      // Half of them differ in one thing only.
      Asked other =
          switch (i % 10) {
            case 0 ->
                new Asked(random.subject, asked.ingress, asked.peer, asked.protocol, asked.port);
            case 1 -> new Asked(asked.subject, asked.ingress, asked.peer, 6, random.port);
            case 2 ->
                new Asked(asked.subject, asked.ingress, random.peer, asked.protocol, asked.port);
            case 3 ->
                new Asked(asked.subject, !asked.ingress, asked.peer, asked.protocol, asked.port);
            case 4 ->
                new Asked(asked.subject, asked.ingress, asked.peer, asked.protocol, asked.port + 1);
            default -> random;
          };
      boolean said =
          other.ingress == asked.ingress
              && other.subject.labels().equals(asked.subject.labels())
              && isSaid(other.peer, asked.peer)
              && other.protocol == asked.protocol
              && other.port == asked.port;
      boolean passed = other.ask(before);
      boolean passes = other.ask(after);
      // What is said may be denied for another reason, but nothing is closed, and no more is
      // opened.
      assertThat(passes == passed || (said && passes))
          .as("%s by %s, asked %s", about, proposal.document(), other)
          .isTrue();
    }
  }

  /**
   * Of what lies outside the address is meant; the entity remote-node holds all other nodes, and
   * kube-apiserver every API server.
   */
  private static boolean isSaid(RandomWorld.Peer other, RandomWorld.Peer asked) {
    if (other.labels().equals(asked.labels())) {
      return !asked.labels().isReserved(ReservedIdentity.WORLD)
          || Objects.equals(other.address(), asked.address());
    }
    if (asked.labels().isReserved(ReservedIdentity.HOST)) {
      return other.labels().isReserved(ReservedIdentity.HOST);
    }
    var named =
        asked.labels().isReserved(ReservedIdentity.KUBE_APISERVER)
            ? ReservedIdentity.KUBE_APISERVER
            : ReservedIdentity.REMOTE_NODE;
    return asked.labels().isReserved(named) && other.labels().isReserved(named);
  }

  private static NaiveEvaluator with(RandomWorld world, Map<String, ?> document) {
    List<Map<String, ?>> documents = new ArrayList<>(world.documents.values());
    documents.add(document);
    return new NaiveEvaluator(RandomWorld.CLUSTER, documents, List.copyOf(world.groups.values()));
  }

  private static Map<String, ?> allowAll(Asked asked) {
    String direction = asked.ingress ? "ingress" : "egress";
    return Map.of(
        "kind",
        "CiliumClusterwideNetworkPolicy",
        "metadata",
        Map.of("name", "everything"),
        "spec",
        Map.of(
            "endpointSelector",
            Map.of(),
            direction,
            List.of(Map.of(asked.ingress ? "fromEntities" : "toEntities", List.of("all")))));
  }

  private static Asked ask(RandomWorld world) {
    int protocol = world.protocol();
    PolicySubject subject = world.pick(world.subjects);
    return new Asked(
        new PolicySubject(subject.labels(), subject.ports(), false),
        world.random.nextBoolean(),
        world.peer(),
        protocol,
        world.port(protocol));
  }

  private static List<Party> pods(RandomWorld world) {
    List<Party> pods = new ArrayList<>();
    world.identities.forEach(
        (number, labels) ->
            pods.add(new Party("n/i" + number, labels, null, NamedPorts.NONE, false)));
    world.pods.forEach(
        (address, pod) -> {
          Labels labels = world.identities.get(pod.identity());
          if (labels != null) {
            pods.add(new Party("n/a" + address, labels, Cidr.parse(address), pod.ports(), false));
          }
        });
    world.subjects.forEach(subject -> pods.add(party(subject)));
    return pods;
  }

  private static Party party(PolicySubject subject) {
    return new Party("n/subject", subject.labels(), null, subject.ports(), subject.audit());
  }

  private static Party party(RandomWorld.Peer peer) {
    Cidr address = peer.address() == null ? null : Cidr.parse(peer.address());
    return new Party("n/peer", peer.labels(), address, peer.ports(), false);
  }
}
