package io.ovenet.prove;

import io.ovenet.policy.PolicySubject;
import io.ovenet.policy.ReservedIdentity;
import io.ovenet.policy.Verdict;
import io.ovenet.policy.naive.NaiveEvaluator;
import java.util.function.UnaryOperator;

/**
 * May this packet pass, as far as the subject's own policy is concerned?
 *
 * @param ingress whether it comes to the subject, from the peer
 * @param port destination port, or ICMP type
 */
record Question(
    PolicySubject subject, boolean ingress, RandomWorld.Peer peer, int protocol, int port) {

  /** Draws to find what a deny rule decides: by chance alone that is rare. */
  private static final int DRAWS = 24;

  /** One about a world, by its own chance; four of five that a rule denies, if found. */
  static Question about(RandomWorld world) {
    var question = any(world);
    if (world.random.nextInt(5) > 0) {
      for (var i = 0; i < DRAWS && world.compiled(question).verdict() != Verdict.DENY; i++) {
        question = any(world);
      }
    }
    return question;
  }

  private static Question any(RandomWorld world) {
    var protocol = world.protocol();
    return new Question(
        world.pick(world.subjects),
        world.random.nextBoolean(),
        world.peer(),
        protocol,
        world.port(protocol));
  }

  /** The same in another engine's world, where addresses may have other identities. */
  Question in(RandomWorld other) {
    return new Question(subject, ingress, other.again(peer), protocol, port);
  }

  /** The same of those whose labels have other keys and values. */
  Question renamed(UnaryOperator<String> rename) {
    var other =
        new RandomWorld.Peer(
            peer.identity(),
            RandomWorld.renamed(peer.labels(), rename),
            peer.address(),
            peer.ports());
    return new Question(RandomWorld.renamed(subject, rename), ingress, other, protocol, port);
  }

  boolean isAboutHost() {
    return peer.labels().isReserved(ReservedIdentity.HOST);
  }

  boolean icmp() {
    return protocol == 1 || protocol == 58;
  }

  NaiveEvaluator.Answer ask(NaiveEvaluator naive) {
    return naive.ask(
        RandomWorld.map(subject.labels()),
        subject.audit(),
        RandomWorld.named(subject.ports()),
        ingress,
        peer.naive(),
        protocol,
        port);
  }

  @Override
  public String toString() {
    return "%s %s %s, protocol %d, %s %d"
        .formatted(subject, ingress ? "<-" : "->", peer, protocol, icmp() ? "type" : "port", port);
  }
}
