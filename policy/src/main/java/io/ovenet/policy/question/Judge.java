package io.ovenet.policy.question;

import io.ovenet.policy.Cidr;
import io.ovenet.policy.CompiledPolicy;
import io.ovenet.policy.Decision;
import io.ovenet.policy.Label;
import io.ovenet.policy.Labels;
import io.ovenet.policy.NamedPorts;
import io.ovenet.policy.NumericIdentity;
import io.ovenet.policy.PeerGroup;
import io.ovenet.policy.PolicyEngine;
import io.ovenet.policy.PolicyKey;
import io.ovenet.policy.PolicyLookup;
import io.ovenet.policy.PolicyObject;
import io.ovenet.policy.PolicySettings;
import io.ovenet.policy.PolicySnapshot;
import io.ovenet.policy.PortRange;
import io.ovenet.policy.ReservedIdentity;
import io.ovenet.policy.Rule;
import io.ovenet.policy.RuleEffect;
import io.ovenet.policy.RuleEntry;
import io.ovenet.policy.RuleOrigin;
import io.ovenet.policy.TrafficDirection;
import io.ovenet.policy.Verdict;
import java.util.Collection;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Decides as a node would on which every subject had an endpoint: by {@link PolicyEngine} and
 * {@link PolicyLookup}, nothing else. Used by one thread.
 */
public final class Judge {
  /** A pod whose address is not known. */
  private record Unknown(int identity, NamedPorts ports) {}

  /** What makes an identity; the address of what lies outside, null for all others. */
  private record Meaning(Labels labels, @Nullable Cidr outside) {
    static Meaning of(Party party) {
      return new Meaning(party.labels(), party.liesOutside() ? party.address() : null);
    }
  }

  private static final Map<Meaning, Integer> RESERVED = reserved();

  private final PolicyEngine engine;
  private final Map<Meaning, Integer> identities = new HashMap<>();
  private final Map<Cidr, Integer> prefixes = new HashMap<>();
  private final boolean[] lengths4 = new boolean[33];
  private final boolean[] lengths6 = new boolean[129];
  private final Map<Unknown, Cidr> unknown = new HashMap<>();
  private final Set<Cidr> known = new HashSet<>();
  private final Map<RuleOrigin, Set<RuleEffect>> effects = new HashMap<>();
  private final Map<PolicyKey, PolicyObject> policies = new HashMap<>();
  private PolicySnapshot snapshot;

  /**
   * Compiles the policies.
   *
   * @param parties all pods there are
   * @param subjects whose policies will be asked about; others can be asked about, at more cost
   */
  public Judge(
      PolicySettings settings,
      Collection<PolicyObject> policies,
      Collection<Party> parties,
      Collection<Party> subjects) {
    engine = new PolicyEngine(settings);
    identities.putAll(RESERVED);
    for (Party party : parties) {
      add(party);
    }
    for (Party subject : subjects) {
      add(subject);
      engine.addSubject(subject.subject());
    }
    policies.forEach(this::put);
    snapshot = compile();
  }

  private static Map<Meaning, Integer> reserved() {
    Map<Meaning, Integer> reserved = new HashMap<>();
    for (ReservedIdentity identity : ReservedIdentity.values()) {
      reserved.put(new Meaning(identity.labels(), null), identity.number());
    }
    return Map.copyOf(reserved);
  }

  private void add(Party party) {
    if (party.isOutside()) {
      return;
    }
    Meaning meaning = Meaning.of(party);
    Integer number = identities.get(meaning);
    if (number == null) {
      number = NumericIdentity.CLUSTER_MIN + identities.size();
      identities.put(meaning, number);
      if (meaning.outside == null) {
        engine.upsertIdentity(number, party.labels());
      } else {
        engine.upsertIdentity(number, party.labels(), meaning.outside);
      }
    }
    Cidr address = addressOf(party, number);
    if (address != null) {
      known.add(address);
      engine.upsertAddress(address, number, party.ports());
    }
  }

  private void put(PolicyObject policy) {
    engine.upsert(policy);
    PolicyObject before = policies.put(policy.key(), policy);
    if (before != null) {
      before.rules().forEach(rule -> rule.entries().forEach(e -> effects.remove(e.origin())));
    }
    for (Rule rule : policy.rules()) {
      for (RuleEntry entry : rule.entries()) {
        effects
            .computeIfAbsent(entry.origin(), _ -> EnumSet.noneOf(RuleEffect.class))
            .add(entry.effect());
      }
    }
  }

  /**
   * Where a pod is: named ports are known by address. One whose address is not known is put where
   * no address of the Internet is (240.0.0.0/4, RFC 1112 section 4).
   */
  private @Nullable Cidr addressOf(Party party, int number) {
    if (!party.isPod()) {
      // Nodes and API servers have their labels, or their address, by their identity.
      return null;
    }
    if (party.address() != null || party.ports().isEmpty()) {
      return party.address();
    }
    return unknown.computeIfAbsent(
        new Unknown(number, party.ports()),
        _ -> new Cidr(false, 0, 0xf000_0000L + unknown.size() + 1, 32));
  }

  private PolicySnapshot compile() {
    PolicySnapshot compiled = engine.compile();
    boolean fresh = false;
    for (Cidr prefix : compiled.prefixes()) {
      if (!prefixes.containsKey(prefix)) {
        fresh = true;
        int number = NumericIdentity.local(prefixes.size() + 1);
        prefixes.put(prefix, number);
        (prefix.ipv6() ? lengths6 : lengths4)[prefix.length()] = true;
        engine.upsertIdentity(
            number,
            Labels.of(
                new Label(Label.CIDR, prefix.toString(), ""),
                Label.reserved(prefix.ipv6() ? "world-ipv6" : "world")),
            prefix);
      }
    }
    return fresh ? engine.compile() : compiled;
  }

  /** Puts a policy, in the place of the version that was there. */
  public void apply(PolicyObject policy) {
    put(policy);
    snapshot = compile();
  }

  /** Puts a group, in the place of the one that was there. */
  public void apply(PeerGroup group) {
    engine.upsertGroup(group);
    snapshot = compile();
  }

  /** Takes a policy out. */
  public void withdraw(PolicyKey key) {
    PolicyObject before = policies.remove(key);
    if (before != null) {
      before.rules().forEach(rule -> rule.entries().forEach(e -> effects.remove(e.origin())));
    }
    engine.remove(key);
    snapshot = compile();
  }

  /** What the tables say now. */
  public PolicySnapshot snapshot() {
    return snapshot;
  }

  /** The policy of a subject. */
  public CompiledPolicy policyOf(Party subject) {
    CompiledPolicy policy = snapshot.policyOf(subject.subject());
    if (policy == null) {
      add(subject);
      engine.addSubject(subject.subject());
      snapshot = compile();
      policy = Objects.requireNonNull(snapshot.policyOf(subject.subject()));
    }
    return policy;
  }

  /** The number to look a peer up by. */
  public int peerOf(Party peer) {
    if (peer.isOutside()) {
      return outside(Objects.requireNonNull(peer.address()));
    }
    Integer number = identities.get(Meaning.of(peer));
    if (number == null) {
      add(peer);
      snapshot = compile();
      number = Objects.requireNonNull(identities.get(Meaning.of(peer)));
    }
    Cidr address = addressOf(peer, number);
    if (address == null) {
      return number;
    }
    if (known.add(address)) {
      add(peer);
      snapshot = compile();
    }
    return engine.peerAt(address, number);
  }

  /** The identity of the longest prefix that a rule names. */
  private int outside(Cidr address) {
    boolean[] lengths = address.ipv6() ? lengths6 : lengths4;
    for (int length = address.length(); length > 0; length--) {
      if (lengths[length]) {
        Integer number = prefixes.get(address.widen(length));
        if (number != null) {
          return number;
        }
      }
    }
    return address.ipv6() ? ReservedIdentity.WORLD_IPV6.number() : ReservedIdentity.WORLD.number();
  }

  /**
   * What the subject's policy says.
   *
   * @param protocol IP protocol number
   * @param port destination port; for ICMP the type
   */
  public Answer ask(Party subject, TrafficDirection direction, Party peer, int protocol, int port) {
    // Both are made known before either is looked up: who is new makes a new snapshot, and a rule
    // that the subject brings into use may tell the peer apart from others of its identity.
    policyOf(subject);
    int number = peerOf(peer);
    CompiledPolicy policy = policyOf(subject);
    boolean icmp = protocol == PortRange.ICMP || protocol == PortRange.ICMPV6;
    return answer(
        PolicyLookup.decide(
            snapshot, policy, direction, number, protocol, icmp ? port << 8 : port));
  }

  /** Says what kind of decision it is. */
  public Answer answer(Decision decision) {
    if (decision.verdict() == Verdict.ALLOW && decision.origins().isEmpty()) {
      return new Answer(
          decision,
          decision.equals(Decision.NOT_ENFORCED) ? Reason.NOT_ENFORCED : Reason.LOCAL_HOST,
          false);
    }
    if (decision.verdict() == Verdict.ALLOW || decision.verdict() == Verdict.DENY) {
      return new Answer(decision, Reason.RULE, false);
    }
    boolean redirect = decision.verdict() == Verdict.REDIRECT;
    boolean authenticate = false;
    boolean deny = false;
    for (RuleOrigin origin : decision.origins().asList()) {
      @Nullable Set<RuleEffect> found = effects.get(origin);
      if (found != null) {
        redirect |= found.contains(RuleEffect.PROXY);
        authenticate |= found.contains(RuleEffect.AUTHENTICATE);
        deny |= found.contains(RuleEffect.DENY);
      }
    }
    Reason reason =
        decision.verdict() == Verdict.REDIRECT || deny
            ? Reason.RULE
            : redirect || authenticate ? Reason.WITHHELD : Reason.DEFAULT_DENY;
    return new Answer(decision, reason, redirect);
  }
}
