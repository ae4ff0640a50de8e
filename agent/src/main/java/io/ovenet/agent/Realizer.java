package io.ovenet.agent;

import io.ovenet.datapath.AddressKey;
import io.ovenet.datapath.DatapathOptions;
import io.ovenet.datapath.Endpoint;
import io.ovenet.datapath.EndpointRef;
import io.ovenet.datapath.IpcacheKey;
import io.ovenet.datapath.IpcacheValue;
import io.ovenet.policy.CompiledPolicy;
import io.ovenet.policy.Labels;
import io.ovenet.policy.PolicyEngine;
import io.ovenet.policy.PolicyKey;
import io.ovenet.policy.PolicyObject;
import io.ovenet.policy.PolicySnapshot;
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
    Set<Endpoint.Flag> flags = Set.of();

    State(LocalEndpoint wanted) {
      this.wanted = wanted;
    }
  }

  private final Tables tables;
  private final PolicyEngine engine;
  private final PolicyRealizer policies;
  private final Ipcache ipcache;
  private final PrefixIdentities prefixes;
  private final Map<Integer, State> endpoints = new TreeMap<>();
  private final Map<Integer, Labels> clusterIdentities = new HashMap<>();
  private final Map<Integer, Integer> localUsers = new HashMap<>();
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
    ipcache = new Ipcache(tables.ipcache());
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
  }

  public void addEndpoint(LocalEndpoint endpoint) {
    var old = endpoints.put(endpoint.id(), new State(endpoint));
    if (old != null) {
      throw new IllegalStateException("endpoint " + endpoint.id() + " is there already");
    }
    use(endpoint);
    say(Ipcache.Source.LOCAL_ENDPOINT, IpcacheKey.of(endpoint.address()), endpoint.identity());
  }

  /** Other labels for an endpoint; null if there is none with this id. */
  public @Nullable LocalEndpoint relabel(int id, int identity, Labels labels) {
    var state = endpoints.get(id);
    if (state == null) {
      return null;
    }
    var old = state.wanted;
    state.wanted = old.with(identity, labels);
    use(state.wanted);
    disuse(old);
    say(Ipcache.Source.LOCAL_ENDPOINT, IpcacheKey.of(old.address()), identity);
    return state.wanted;
  }

  /** From here on nothing passes to or from the endpoint. No error if there is none. */
  public void removeEndpoint(int id) {
    var state = endpoints.remove(id);
    tables.endpoints().remove(id);
    if (state != null) {
      tables.endpointsByAddress().delete(List.of(new AddressKey(state.wanted.address())));
      say(Ipcache.Source.LOCAL_ENDPOINT, IpcacheKey.of(state.wanted.address()), 0);
      disuse(state.wanted);
    }
  }

  private void use(LocalEndpoint endpoint) {
    localUsers.merge(endpoint.identity(), 1, Integer::sum);
    engine.upsertIdentity(endpoint.identity(), endpoint.labels());
    engine.addSubject(endpoint.labels());
  }

  private void disuse(LocalEndpoint endpoint) {
    engine.removeSubject(endpoint.labels());
    localUsers.computeIfPresent(endpoint.identity(), (_, n) -> n == 1 ? null : n - 1);
    forgetIdentity(endpoint.identity());
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
    var snapshot = compile();
    var uses = new ArrayList<PolicyRealizer.Use>();
    for (var state : endpoints.values()) {
      uses.add(new PolicyRealizer.Use(state.present ? state.policy : 0, policyOf(snapshot, state)));
    }
    var numbers = policies.prepare(snapshot, uses);
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
        tables.endpoints().setIdentity(state.wanted.id(), state.wanted.identity());
        state.identity = state.wanted.identity();
        changed.add(state.wanted.id());
      }
    }
    remote |= ipcache.realize();
    publish(changed, remote, revision);
    var used = new HashSet<Integer>();
    endpoints.values().forEach(s -> used.add(s.policy));
    policies.finish(used, complete, System.nanoTime());
    if (dropUnusedPrefixes(snapshot)) {
      return realize();
    }
    return tables.revisions().current();
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

  private PolicySnapshot compile() {
    while (true) {
      var snapshot = engine.compile();
      var fresh = prefixes.add(snapshot.prefixes());
      if (fresh.isEmpty()) {
        return snapshot;
      }
      for (var prefix : fresh) {
        int number = prefixes.number(prefix);
        engine.upsertIdentity(number, PrefixIdentities.labelsOf(prefix), prefix);
        say(Ipcache.Source.PREFIX, PrefixIdentities.keyOf(prefix), number);
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
        snapshot.policyOf(state.wanted.labels()), "the engine was told of every endpoint's labels");
  }

  private static int numberOf(Map<CompiledPolicy, Integer> numbers, CompiledPolicy policy) {
    return Objects.requireNonNull(numbers.get(policy), "every wanted policy was placed");
  }

  private static Set<Endpoint.Flag> flagsOf(CompiledPolicy policy) {
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
                NO_ADDRESS6));
    state.present = true;
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
