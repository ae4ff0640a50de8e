package io.ovenet.agent;

import io.ovenet.datapath.AddressKey;
import io.ovenet.datapath.DatapathOptions;
import io.ovenet.datapath.Endpoint;
import io.ovenet.datapath.EndpointRef;
import io.ovenet.policy.CompiledPolicy;
import io.ovenet.policy.PolicySubject;
import io.ovenet.policy.TrafficDirection;
import java.net.InetAddress;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * An endpoint as it is wanted, and as the packet path has it. Every method that changes the packet
 * path stores in an order in which no packet meets what neither before nor after says. Used by the
 * steering thread alone.
 */
final class EndpointState {
  private static final InetAddress NO_ADDRESS6 = InetAddress.ofLiteral("::");

  /** By whether ingress (1) and egress (2) are enforced. */
  private static final List<Set<Endpoint.Flag>> FLAGS =
      List.of(
          Set.of(Endpoint.Flag.PRESENT),
          Set.of(Endpoint.Flag.PRESENT, Endpoint.Flag.ENFORCE_INGRESS),
          Set.of(Endpoint.Flag.PRESENT, Endpoint.Flag.ENFORCE_EGRESS),
          Set.of(
              Endpoint.Flag.PRESENT, Endpoint.Flag.ENFORCE_INGRESS, Endpoint.Flag.ENFORCE_EGRESS));

  private final Tables tables;
  private LocalEndpoint wanted;
  private PolicySubject subject;
  private boolean present;
  private int identity;
  private int variant;
  private int policy;
  private Set<Endpoint.Flag> flags = Set.of();

  EndpointState(Tables tables, LocalEndpoint wanted) {
    this.tables = tables;
    this.wanted = wanted;
    this.subject = subjectOf(wanted);
  }

  LocalEndpoint wanted() {
    return wanted;
  }

  void want(LocalEndpoint changed) {
    wanted = changed;
    subject = subjectOf(changed);
  }

  /** What decides which policy it is to have. */
  PolicySubject subject() {
    return subject;
  }

  static PolicySubject subjectOf(LocalEndpoint endpoint) {
    return new PolicySubject(endpoint.labels(), endpoint.ports(), endpoint.audit());
  }

  /** The number of its policy in the packet path, 0 if it has none. */
  int policy() {
    return present ? policy : 0;
  }

  int identity() {
    return identity;
  }

  boolean isPresent() {
    return present;
  }

  /** Whether it has another identity than it is to have. */
  boolean isMoving() {
    return present && identity != wanted.identity();
  }

  /** Whether one of these numbers is what others judge it by. */
  boolean isAnyOf(Set<Integer> numbers) {
    return present && (numbers.contains(identity) || numbers.contains(variant));
  }

  /** Takes over what a former process left; false if that was of another endpoint. */
  boolean adopt(Endpoint found) {
    if (found.generation() != wanted.generation()) {
      return false;
    }
    present = true;
    identity = found.identity();
    variant = found.variant();
    policy = found.policy();
    flags = found.flags();
    return true;
  }

  /** Puts it where it is not. */
  void put(int number, CompiledPolicy compiled, int newVariant, long revision) {
    var enforced = flagsOf(compiled);
    tables
        .endpointsByAddress()
        .put(
            Map.of(
                new AddressKey(wanted.address()),
                new EndpointRef(wanted.id(), wanted.generation())));
    tables
        .endpoints()
        .put(
            wanted.id(),
            new Endpoint(
                revision,
                wanted.hostIfindex(),
                wanted.identity(),
                number,
                enforced,
                wanted.generation(),
                0,
                wanted.mac(),
                DatapathOptions.GATEWAY_MAC,
                wanted.address(),
                NO_ADDRESS6,
                newVariant));
    present = true;
    identity = wanted.identity();
    variant = newVariant;
    policy = number;
    flags = enforced;
  }

  /** From here on nothing passes to or from it. No error if it is not there. */
  void remove() {
    tables.endpoints().remove(wanted.id());
    tables.endpointsByAddress().delete(List.of(new AddressKey(wanted.address())));
    present = false;
  }

  /** Another policy for the same identity; false if it has it. */
  boolean switchPolicy(int number, CompiledPolicy compiled) {
    var enforced = flagsOf(compiled);
    if (policy == number && flags.equals(enforced)) {
      return false;
    }
    // A direction that is enforced in one of both only: its tables are empty in the other, so that
    // it is not asked while they are the ones in force.
    var both = EnumSet.copyOf(enforced);
    both.retainAll(flags);
    tables.endpoints().setFlags(wanted.id(), both);
    tables.endpoints().setPolicy(wanted.id(), number);
    tables.endpoints().setFlags(wanted.id(), enforced);
    policy = number;
    flags = enforced;
    return true;
  }

  /**
   * Nothing new passes to or from it until {@link #move} or {@link #reopen}: the few stores before
   * it has both its new identity and its new policy.
   *
   * <p>INVARIANT: it never has one of both without the other, since two endpoints could then do
   * what neither old nor new labels allow. Established connections don't look.
   */
  void close() {
    tables.endpoints().setPolicy(wanted.id(), 0);
  }

  /** Gives it what it had when it was closed. */
  void reopen() {
    tables.endpoints().setPolicy(wanted.id(), policy);
  }

  /** Gives it the identity that is wanted, and the policy that goes with it. */
  void move(int number, CompiledPolicy compiled, int newVariant) {
    close();
    // A variant decides whatever the identity is.
    if (newVariant != 0) {
      setVariant(newVariant);
    }
    tables.endpoints().setIdentity(wanted.id(), wanted.identity());
    setVariant(newVariant);
    var enforced = flagsOf(compiled);
    tables.endpoints().setFlags(wanted.id(), enforced);
    tables.endpoints().setPolicy(wanted.id(), number);
    identity = wanted.identity();
    policy = number;
    flags = enforced;
  }

  /** What stands in class_map for its identity; 0: the identity itself. */
  void setVariant(int number) {
    if (variant != number) {
      tables.endpoints().setVariant(wanted.id(), number);
      variant = number;
    }
  }

  /** What the packet path has to be told of a policy besides its number. */
  static Set<Endpoint.Flag> flagsOf(CompiledPolicy policy) {
    return FLAGS.get(
        (policy.enforces(TrafficDirection.INGRESS) ? 1 : 0)
            + (policy.enforces(TrafficDirection.EGRESS) ? 2 : 0));
  }
}
