package io.ovenet.agent;

import io.ovenet.datapath.AddressKey;
import io.ovenet.datapath.DatapathOptions;
import io.ovenet.datapath.Endpoint;
import io.ovenet.datapath.EndpointRef;
import io.ovenet.datapath.IpcacheKey;
import io.ovenet.datapath.IpcacheValue;
import io.ovenet.policy.Cidr;
import io.ovenet.policy.CidrGroup;
import io.ovenet.policy.CompiledPolicy;
import io.ovenet.policy.IdentityClasses;
import io.ovenet.policy.Labels;
import io.ovenet.policy.NamedPorts;
import io.ovenet.policy.PolicyEngine;
import io.ovenet.policy.PolicyKey;
import io.ovenet.policy.PolicyObject;
import io.ovenet.policy.PolicySnapshot;
import io.ovenet.policy.PolicySubject;
import io.ovenet.policy.ReservedIdentity;
import io.ovenet.policy.TrafficDirection;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.Collection;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * What this node's packet path is to be, and the steps that bring it there: {@link #realize}. What
 * a restarted agent finds in the tables stays in force until the first realize. Used by the
 * steering thread alone.
 *
 * <p>INVARIANT of every step: tables first, then the revision, then the endpoints' revisions; so a
 * decision that rests on older tables is never taken for a newer one.
 */
public final class Realizer {
  private static final InetAddress NO_ADDRESS6 = InetAddress.ofLiteral("::");

  /** An endpoint as wanted ({@code wanted}) and as the kernel has it (the rest). */
  private static final class State {
    LocalEndpoint wanted;
    boolean present;
    int identity;
    int policy;
    int variant;
    Set<Endpoint.Flag> flags = Set.of();

    State(LocalEndpoint wanted) {
      this.wanted = wanted;
    }
  }

  /** A pod of another node, as far as policies may tell it from others of its identity. */
  private record RemotePod(int identity, NamedPorts ports) {}

  private final Tables tables;
  private final PolicyEngine engine;
  private final PolicyRealizer policies;
  private final Ipcache ipcache;
  private final PrefixIdentities prefixes;
  private final KernelVariants variants;
  private final Map<Integer, State> endpoints = new TreeMap<>();
  private final Map<Integer, Labels> clusterIdentities = new HashMap<>();
  private final Map<Integer, Integer> localUsers = new HashMap<>();
  private final Map<InetAddress, Integer> localAddresses = new HashMap<>();
  private final Map<InetAddress, RemotePod> remotePods = new HashMap<>();
  private boolean complete;

  /**
   * Adopts what the tables hold.
   *
   * @param adopted endpoints that are remembered; entries of all others are removed at once
   */
  public Realizer(
      Tables tables, PolicyEngine engine, RuleNumbers rules, Collection<LocalEndpoint> adopted) {
    this.tables = tables;
    this.engine = engine;
    policies = new PolicyRealizer(tables.policies(), tables.classes(), rules);
    var addresses = tables.ipcache().dump();
    prefixes = new PrefixIdentities(addresses);
    tables.classes().dump().keySet().forEach(prefixes::reserve);
    variants = new KernelVariants(addresses);
    tables.classes().dump().keySet().forEach(variants::reserve);
    ipcache = new Ipcache(tables.ipcache());
    ipcache.tell(this::changed);
    if (tables.revisions().current() == 0) {
      tables.revisions().setCurrent(1);
    }
    say(Ipcache.Source.WORLD, new IpcacheKey(InetAddress.ofLiteral("0.0.0.0"), 0), 2);
    for (var endpoint : adopted) {
      addEndpoint(endpoint);
    }
    for (int id = 1; id < Endpoint.MAX_ENDPOINTS; id++) {
      adopt(id);
    }
    removeStrangers();
  }

  private void adopt(int id) {
    var found = tables.endpoints().get(id);
    var state = endpoints.get(id);
    if (found == null) {
      return;
    }
    if (state == null || found.generation() != state.wanted.generation()) {
      tables.endpoints().remove(id);
      return;
    }
    state.present = true;
    state.identity = found.identity();
    state.policy = found.policy();
    state.flags = found.flags();
    state.variant = found.variant();
    variants.reserve(state.variant);
    policies.reserve(found.policy());
  }

  private void removeStrangers() {
    var strangers = new ArrayList<AddressKey>();
    tables
        .endpointsByAddress()
        .dump()
        .forEach(
            (key, ref) -> {
              var state = endpoints.get(ref.id());
              if (state == null || !key.address().equals(state.wanted.address())) {
                strangers.add(key);
              }
            });
    tables.endpointsByAddress().delete(strangers);
  }

  public void upsertPolicy(PolicyObject policy) {
    engine.upsert(policy);
  }

  public void removePolicy(PolicyKey key) {
    engine.remove(key);
  }

  public void upsertCidrGroup(CidrGroup group) {
    engine.upsertCidrGroup(group);
  }

  public void removeCidrGroup(String name) {
    engine.removeCidrGroup(name);
  }

  /** The cluster has an identity with these labels. */
  public void upsertIdentity(int number, Labels labels) {
    clusterIdentities.put(number, labels);
    engine.upsertIdentity(number, labels);
  }

  /** The cluster has it no more; while an endpoint here does, it is kept. */
  public void removeIdentity(int number) {
    clusterIdentities.remove(number);
    forgetIdentity(number);
  }

  private void forgetIdentity(int number) {
    if (!clusterIdentities.containsKey(number)
        && !localUsers.containsKey(number)
        && ReservedIdentity.of(number) == null) {
      engine.removeIdentity(number);
    }
  }

  /** Whose an address is, as the source says from now on; identity 0: it says nothing. */
  public void say(Ipcache.Source source, IpcacheKey key, int identity) {
    ipcache.say(source, key, identity == 0 ? null : new IpcacheValue(identity));
    variants.changed(key);
  }

  /** Whose a pod's address is, as other agents say; identity 0: nobody's. */
  public void sayPod(InetAddress address, int identity, NamedPorts ports) {
    sayPod(address, identity == 0 ? null : new IpcacheValue(identity), ports);
  }

  /** The same of who is behind another node; null: nobody's. */
  public void sayPod(InetAddress address, @Nullable IpcacheValue value, NamedPorts ports) {
    say(Ipcache.Source.REMOTE_ENDPOINT, IpcacheKey.of(address), value);
    if (value == null) {
      remotePods.remove(address);
    } else {
      remotePods.put(address, new RemotePod(value.identity(), ports));
    }
    tellEngine(address);
  }

  /** Of what is said of an address, what this node knows by itself counts most. */
  private void tellEngine(InetAddress address) {
    var id = localAddresses.get(address);
    var local = id == null ? null : endpoints.get(id);
    var remote = remotePods.get(address);
    if (local != null) {
      engine.upsertAddress(Cidr.of(address), local.wanted.identity(), local.wanted.ports());
    } else if (remote != null) {
      engine.upsertAddress(Cidr.of(address), remote.identity(), remote.ports());
    } else {
      engine.removeAddress(Cidr.of(address));
    }
  }

  /** The same of what has more than an identity; null: the source says nothing. */
  public void say(Ipcache.Source source, IpcacheKey key, @Nullable IpcacheValue value) {
    ipcache.say(source, key, value);
    variants.changed(key);
  }

  public void addEndpoint(LocalEndpoint endpoint) {
    var old = endpoints.put(endpoint.id(), new State(endpoint));
    if (old != null) {
      throw new IllegalStateException("endpoint " + endpoint.id() + " is there already");
    }
    use(endpoint);
    localAddresses.put(endpoint.address(), endpoint.id());
    say(Ipcache.Source.LOCAL_ENDPOINT, IpcacheKey.of(endpoint.address()), endpoint.identity());
    tellEngine(endpoint.address());
  }

  /** Other labels for an endpoint; null if there is none with this id. */
  public @Nullable LocalEndpoint relabel(int id, int identity, Labels labels) {
    return change(id, old -> old.with(identity, labels));
  }

  /** Other labels, ports or modes for an endpoint; null if there is none with this id. */
  public @Nullable LocalEndpoint change(int id, UnaryOperator<LocalEndpoint> change) {
    var state = endpoints.get(id);
    if (state == null) {
      return null;
    }
    var old = state.wanted;
    state.wanted = change.apply(old);
    use(state.wanted);
    disuse(old);
    say(Ipcache.Source.LOCAL_ENDPOINT, IpcacheKey.of(old.address()), state.wanted.identity());
    tellEngine(old.address());
    return state.wanted;
  }

  /** From here on nothing passes to or from the endpoint. No error if there is none. */
  public void removeEndpoint(int id) {
    var state = endpoints.remove(id);
    tables.endpoints().remove(id);
    if (state != null) {
      tables.endpointsByAddress().delete(List.of(new AddressKey(state.wanted.address())));
      localAddresses.remove(state.wanted.address(), id);
      say(Ipcache.Source.LOCAL_ENDPOINT, IpcacheKey.of(state.wanted.address()), 0);
      tellEngine(state.wanted.address());
      disuse(state.wanted);
    }
  }

  private void use(LocalEndpoint endpoint) {
    localUsers.merge(endpoint.identity(), 1, Integer::sum);
    engine.upsertIdentity(endpoint.identity(), endpoint.labels());
    engine.addSubject(subjectOf(endpoint));
  }

  private void disuse(LocalEndpoint endpoint) {
    engine.removeSubject(subjectOf(endpoint));
    localUsers.computeIfPresent(endpoint.identity(), (_, n) -> n == 1 ? null : n - 1);
    forgetIdentity(endpoint.identity());
  }

  static PolicySubject subjectOf(LocalEndpoint endpoint) {
    return new PolicySubject(endpoint.labels(), endpoint.ports(), endpoint.audit());
  }

  /** Every source has told all it knows: from here on what nobody told of goes away. */
  public void complete() {
    complete = true;
    ipcache.prune();
  }

  /** The endpoints of this node that are wanted, by id. */
  public List<LocalEndpoint> endpoints() {
    var all = new ArrayList<LocalEndpoint>();
    endpoints.values().forEach(s -> all.add(s.wanted));
    return all;
  }

  public @Nullable LocalEndpoint endpoint(int id) {
    var state = endpoints.get(id);
    return state == null ? null : state.wanted;
  }

  /**
   * Brings the kernel to what is wanted. When it throws, endpoints keep what they have, new ones
   * pass nothing, and the next call tries again.
   *
   * @return the revision in force
   */
  public long realize() {
    var births = new HashMap<Integer, Integer>();
    var early = new HashSet<IpcacheKey>();
    var snapshot = compile(births, early);
    var plan = variants.plan(owners(snapshot));
    births.putAll(plan.births());
    var uses = new ArrayList<PolicyRealizer.Use>();
    for (var state : endpoints.values()) {
      uses.add(new PolicyRealizer.Use(state.present ? state.policy : 0, policyOf(snapshot, state)));
    }
    var numbers = policies.prepare(snapshot, uses, variants, births);
    // Decided as before until policies are switched: by the classes of what they were in.
    plan.early().forEach(ipcache::setVariant);
    early.addAll(plan.early().keySet());
    ipcache.realize(early);
    plan.late().forEach(ipcache::setVariant);
    long revision = tables.revisions().current() + 1;
    var changed = new HashSet<Integer>();
    for (var state : endpoints.values()) {
      var policy = policyOf(snapshot, state);
      if (state.present && switchPolicy(state, numberOf(numbers, policy), flagsOf(policy))) {
        changed.add(state.wanted.id());
      }
    }
    boolean remote = policies.admit();
    for (var state : endpoints.values()) {
      if (!state.present) {
        var policy = policyOf(snapshot, state);
        put(state, numberOf(numbers, policy), flagsOf(policy), revision);
        changed.add(state.wanted.id());
      } else if (state.identity != state.wanted.identity()) {
        int variant = ipcache.variant(IpcacheKey.of(state.wanted.address()));
        // A variant decides whatever the identity is.
        if (variant != 0) {
          setVariant(state, variant);
        }
        tables.endpoints().setIdentity(state.wanted.id(), state.wanted.identity());
        setVariant(state, variant);
        state.identity = state.wanted.identity();
        changed.add(state.wanted.id());
      }
    }
    remote |= ipcache.realize();
    publish(changed, remote, revision);
    var used = new HashSet<Integer>();
    endpoints.values().forEach(s -> used.add(s.policy));
    policies.finish(used, complete, variants, System.nanoTime());
    boolean coarser = dropUnusedPrefixes(snapshot);
    coarser |= engine.trim();
    if (coarser) {
      return realize();
    }
    return tables.revisions().current();
  }

  /** What is in force, to hold the kernel against; right after {@link #realize}. */
  InForce inForce() {
    var peers = new HashMap<IpcacheKey, InForce.Peer>();
    ipcache
        .wanted()
        .forEach(
            (key, identity) ->
                peers.put(
                    key,
                    new InForce.Peer(
                        identity, engine.peerAt(PolicyVerification.cidrOf(key), identity))));
    return new InForce(tables.revisions().current(), engine.compile(), endpoints(), peers);
  }

  private void publish(Set<Integer> changed, boolean remote, long revision) {
    if (changed.isEmpty() && !remote) {
      return;
    }
    tables.revisions().setCurrent(revision);
    for (int id : changed) {
      tables.endpoints().setRevision(id, revision);
    }
    if (remote) {
      tables.revisions().setRemote(revision);
    }
  }

  private KernelVariants.Owners owners(PolicySnapshot snapshot) {
    return new KernelVariants.Owners() {
      @Override
      public boolean isKnown(int peer) {
        return snapshot.classes().classOf(peer) != IdentityClasses.UNKNOWN;
      }

      @Override
      public int realized(IpcacheKey address) {
        return ipcache.realizedIdentity(address);
      }

      @Override
      public int wanted(IpcacheKey address) {
        return ipcache.saidIdentity(address);
      }
    };
  }

  /** An address is so in the kernel from now on. */
  private void changed(IpcacheKey key, @Nullable IpcacheValue value) {
    variants.realized(key, value);
    var id = localAddresses.get(key.address());
    var state = id == null ? null : endpoints.get(id);
    if (state != null && state.present && value != null && value.identity() == state.identity) {
      setVariant(state, value.variant());
    }
  }

  private void setVariant(State state, int variant) {
    if (state.variant != variant) {
      tables.endpoints().setVariant(state.wanted.id(), variant);
      state.variant = variant;
    }
  }

  /** Compiles, with an identity for every prefix that a policy names. */
  private PolicySnapshot compile(Map<Integer, Integer> births, Set<IpcacheKey> early) {
    while (true) {
      var snapshot = engine.compile();
      snapshot
          .moved()
          .forEach((address, variant) -> variants.want(PrefixIdentities.keyOf(address), variant));
      var fresh = prefixes.add(snapshot.prefixes());
      if (fresh.isEmpty()) {
        return snapshot;
      }
      for (var prefix : fresh) {
        int number = prefixes.number(prefix);
        engine.upsertIdentity(number, PrefixIdentities.labelsOf(prefix), prefix);
        var key = PrefixIdentities.keyOf(prefix);
        say(Ipcache.Source.PREFIX, key, number);
        int around = ipcache.realizedAround(prefix);
        if (ipcache.source(key) == Ipcache.Source.PREFIX
            && ipcache.realizedIdentity(key) == 0
            && around != 0) {
          births.put(number, around);
          early.add(key);
        }
      }
    }
  }

  /** Takes prefixes out of the ipcache that no policy names any more; true if there were any. */
  private boolean dropUnusedPrefixes(PolicySnapshot snapshot) {
    var unused = prefixes.unused(snapshot.prefixes());
    if (unused.isEmpty()) {
      return false;
    }
    for (var prefix : unused) {
      say(Ipcache.Source.PREFIX, PrefixIdentities.keyOf(prefix), 0);
    }
    if (ipcache.realize()) {
      publish(Set.of(), true, tables.revisions().current() + 1);
    }
    for (var prefix : unused) {
      engine.removeIdentity(prefixes.number(prefix));
      prefixes.remove(prefix);
    }
    return true;
  }

  private static CompiledPolicy policyOf(PolicySnapshot snapshot, State state) {
    return Objects.requireNonNull(
        snapshot.policyOf(subjectOf(state.wanted)),
        "the engine was told of every endpoint's labels");
  }

  private static int numberOf(Map<CompiledPolicy, Integer> numbers, CompiledPolicy policy) {
    return Objects.requireNonNull(numbers.get(policy), "every wanted policy was placed");
  }

  static Set<Endpoint.Flag> flagsOf(CompiledPolicy policy) {
    var flags = EnumSet.of(Endpoint.Flag.PRESENT);
    if (policy.enforces(TrafficDirection.INGRESS)) {
      flags.add(Endpoint.Flag.ENFORCE_INGRESS);
    }
    if (policy.enforces(TrafficDirection.EGRESS)) {
      flags.add(Endpoint.Flag.ENFORCE_EGRESS);
    }
    return Set.copyOf(flags);
  }

  private boolean switchPolicy(State state, int number, Set<Endpoint.Flag> flags) {
    if (state.policy == number && state.flags.equals(flags)) {
      return false;
    }
    int id = state.wanted.id();
    // A direction that is enforced in one of both only: its tables are empty in the other, so that
    // it is not asked while they are the ones in force.
    var both = EnumSet.copyOf(flags);
    both.retainAll(state.flags);
    tables.endpoints().setFlags(id, both);
    tables.endpoints().setPolicy(id, number);
    tables.endpoints().setFlags(id, flags);
    state.policy = number;
    state.flags = flags;
    return true;
  }

  private void put(State state, int number, Set<Endpoint.Flag> flags, long revision) {
    var wanted = state.wanted;
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
                flags,
                wanted.generation(),
                0,
                wanted.mac(),
                DatapathOptions.GATEWAY_MAC,
                wanted.address(),
                NO_ADDRESS6,
                ipcache.variant(IpcacheKey.of(wanted.address()))));
    state.present = true;
    state.variant = ipcache.variant(IpcacheKey.of(wanted.address()));
    state.identity = wanted.identity();
    state.policy = number;
    state.flags = flags;
  }

  /** Deletes what has been out of use for long enough. */
  public void collect() {
    policies.collect(System.nanoTime());
  }

  /** When {@link #collect} has something to do, in {@link System#nanoTime}; else null. */
  public @Nullable Long nextCollection() {
    return policies.nextCollection();
  }
}
