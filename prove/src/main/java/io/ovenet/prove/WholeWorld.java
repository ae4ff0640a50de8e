package io.ovenet.prove;

import io.ovenet.policy.Cidr;
import io.ovenet.policy.NamedPorts;
import io.ovenet.policy.PolicyObject;
import io.ovenet.policy.QuestionClasses;
import io.ovenet.policy.ReservedIdentity;
import io.ovenet.policy.TrafficDirection;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;

/**
 * One world decided whole: a question of each class that no rule tells apart, by documents and
 * compiled form, and by the kernel where a packet can put it.
 */
final class WholeWorld {
  /** Addresses that are nobody's outside: of no host at all, and those of nodes and endpoints. */
  private static final List<Cidr> INSIDE =
      List.of(
          Cidr.parse("0.0.0.0/8"),
          Cidr.parse("10.77.0.0/16"),
          Cidr.parse("127.0.0.0/8"),
          Cidr.parse("172.31.0.0/16"));

  private static final List<ReservedIdentity> RESERVED =
      List.of(
          ReservedIdentity.HEALTH, ReservedIdentity.REMOTE_NODE, ReservedIdentity.KUBE_APISERVER);

  private final Proof proof;
  private final RandomWorld world;
  private final QuestionClasses classes;

  WholeWorld(Proof proof, RandomWorld world) {
    this.proof = proof;
    this.world = world;
    List<PolicyObject> policies = new ArrayList<>();
    world.documents.values().forEach(document -> policies.add(world.parse(document).object()));
    classes = new QuestionClasses(policies, world.peerGroups());
  }

  /**
   * Decides it.
   *
   * @throws Disagreement with the world, made small, as YAML
   */
  QuestionClasses.Count decide(KernelNode node) {
    var naive = world.naive();
    return classes.forEach(
        world.subjects,
        subject -> subject,
        peers(),
        WholeWorld::peerOf,
        (subject, direction, peer, protocol, port) -> {
          var icmp = protocol == Packet.ICMP || protocol == 58;
          var ingress = direction == TrafficDirection.INGRESS;
          var question = new Question(subject, ingress, peer, protocol, icmp ? port >> 8 : port);
          proof.decide(world, naive, question, node);
        });
  }

  private List<RandomWorld.Peer> peers() {
    List<RandomWorld.Peer> peers = new ArrayList<>();
    List<Cidr> inside = new ArrayList<>(INSIDE);
    world.pods.forEach(
        (address, pod) -> {
          inside.add(Cidr.parse(address));
          if (world.identities.containsKey(pod.identity())) {
            peers.add(world.podAt(address, pod));
          }
        });
    for (var peer : world.nodePeers()) {
      inside.add(Cidr.parse(Objects.requireNonNull(peer.address())));
      peers.add(peer);
    }
    for (var address : classes.outside(inside)) {
      if (!address.ipv6()) {
        var text = address.toString().replace("/32", "");
        var labels = ReservedIdentity.WORLD.labels();
        peers.add(world.again(new RandomWorld.Peer(0, labels, text, NamedPorts.NONE)));
      }
    }
    for (var reserved : RESERVED) {
      peers.add(new RandomWorld.Peer(reserved.number(), reserved.labels(), null, NamedPorts.NONE));
    }
    return peers;
  }

  private static QuestionClasses.Peer peerOf(RandomWorld.Peer peer) {
    var address =
        peer.address() == null ? null : Cidr.parse(Objects.requireNonNull(peer.address()));
    return new QuestionClasses.Peer(peer.labels(), address, peer.ports());
  }
}
