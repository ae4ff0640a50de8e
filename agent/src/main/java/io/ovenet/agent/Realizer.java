package io.ovenet.agent;

import io.ovenet.datapath.AddressKey;
import io.ovenet.datapath.Endpoint;
import io.ovenet.datapath.IpcacheKey;
import io.ovenet.datapath.IpcacheValue;
import io.ovenet.policy.Cidr;
import io.ovenet.policy.CompiledPolicy;
import io.ovenet.policy.IdentityClasses;
import io.ovenet.policy.Labels;
import io.ovenet.policy.NamedPorts;
import io.ovenet.policy.PeerGroup;
import io.ovenet.policy.PolicyEngine;
import io.ovenet.policy.PolicyKey;
import io.ovenet.policy.PolicyObject;
import io.ovenet.policy.PolicySnapshot;
import io.ovenet.policy.ReservedIdentity;
import java.net.InetAddress;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.BiConsumer;
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
  /** A pod of another node, as far as policies may tell it from others of its identity. */
  private record RemotePod(int identity, NamedPorts ports) {}

  private final Tables tables;
  private final PolicyEngine engine;
  private final PolicyRealizer policies;
  private final Ipcache ipcache;
  private final NodePrefixes prefixes;
  private final KernelVariants variants;
  private final IdentityMeanings identities;
  private final NodeAddresses nodes;
  private final Map<Integer, EndpointState> endpoints = new TreeMap<>();
  private final Map<InetAddress, Integer> localAddresses = new HashMap<>();
  private final Map<InetAddress, RemotePod> remotePods = new HashMap<>();
  private boolean complete;

  /** Endpoints whose connections have to be judged anew, until that is told. */
  private final Set<Integer> anew = new HashSet<>();

  /** The same of connections with who is elsewhere. */
  private boolean anewElsewhere;

  /**
   * Adopts what the tables hold.
   *
   * @param adopted endpoints that are remembered; entries of all others are removed at once
   */
  public Realizer(
      Tables tables, PolicyEngine engine, RuleNumbers rules, Collection<LocalEndpoint> adopted) {
    this.tables = tables;
    this.engine = engine;
    identities = new IdentityMeanings(engine);
    policies = new PolicyRealizer(tables.policies(), tables.classes(), rules);
    var addresses = tables.ipcache().dump();
    variants = new KernelVariants(addresses);
    ipcache = new Ipcache(tables.ipcache());
    ipcache.tell(this::changed);
    prefixes = new NodePrefixes(engine, addresses, ipcache, variants);
    for (int number : tables.classes().dump().keySet()) {
      prefixes.reserve(number);
      variants.reserve(number);
    }
    nodes = new NodeAddresses(engine.settings(), ofNodes());
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
    identities.realized();
  }

  private NodeAddresses.Listener ofNodes() {
    return new NodeAddresses.Listener() {
      @Override
      public void remote(InetAddress address, @Nullable IpcacheValue value) {
        say(Ipcache.Source.REMOTE_NODE, IpcacheKey.of(address), value);
      }

      @Override
      public void relabelled(InetAddress address) {
        tellEngine(address);
      }

      @Override
      public void apiServers(Set<InetAddress> addresses) {
        prefixes.apiServers(addresses);
      }
    };
  }

  private void adopt(int id) {
    var found = tables.endpoints().get(id);
    var state = endpoints.get(id);
    if (found == null) {
      return;
    }
    if (state == null || !state.adopt(found)) {
      tables.endpoints().remove(id);
      return;
    }
    variants.reserve(found.variant());
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
              if (state == null || !key.address().equals(state.wanted().address())) {
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

  public void upsertGroup(PeerGroup group) {
    engine.upsertGroup(group);
  }

  public void removeGroup(String id) {
    engine.removeGroup(id);
  }

  /** The cluster has an identity with these labels. */
  public void upsertIdentity(int number, Labels labels) {
    identities.put(number, labels);
  }

  /** The cluster has it no more; while an endpoint here does, it is kept. */
  public void removeIdentity(int number) {
    identities.remove(number);
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

  /** Told of the identity of each API server outside, for flows. */
  void tellApiServers(BiConsumer<Integer, Labels> names) {
    prefixes.tellApiServers(names);
  }

  /** Other nodes, this one's addresses, and API servers'. */
  public NodeAddresses nodes() {
    return nodes;
  }

  /** Of what is said of an address, what this node knows by itself counts most. */
  private void tellEngine(InetAddress address) {
    var id = localAddresses.get(address);
    var local = id == null ? null : endpoints.get(id);
    var remote = remotePods.get(address);
    var node = nodes.own(address);
    boolean host = node != null && node.identity() == ReservedIdentity.HOST.number();
    if (node != null && (host || (local == null && remote == null))) {
      engine.upsertNode(Cidr.of(address), node.identity(), node.labels());
    } else if (local != null) {
      engine.upsertAddress(Cidr.of(address), local.wanted().identity(), local.wanted().ports());
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
    var state = new EndpointState(tables, endpoint);
    if (endpoints.putIfAbsent(endpoint.id(), state) != null) {
      throw new IllegalStateException("endpoint " + endpoint.id() + " is there already");
    }
    use(state);
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
    var old = state.wanted();
    state.want(change.apply(old));
    use(state);
    disuse(old);
    say(Ipcache.Source.LOCAL_ENDPOINT, IpcacheKey.of(old.address()), state.wanted().identity());
    tellEngine(old.address());
    return state.wanted();
  }

  /** From here on nothing passes to or from the endpoint. No error if there is none. */
  public void removeEndpoint(int id) {
    var state = endpoints.remove(id);
    if (state == null) {
      tables.endpoints().remove(id);
      return;
    }
    state.remove();
    var removed = state.wanted();
    localAddresses.remove(removed.address(), id);
    say(Ipcache.Source.LOCAL_ENDPOINT, IpcacheKey.of(removed.address()), 0);
    tellEngine(removed.address());
    disuse(removed);
  }

  private void use(EndpointState state) {
    identities.use(state.wanted().identity(), state.wanted().labels());
    engine.addSubject(state.subject());
  }

  private void disuse(LocalEndpoint old) {
    engine.removeSubject(EndpointState.subjectOf(old));
    identities.disuse(old.identity(), old.labels());
  }

  /** Every source has told all it knows: from here on what nobody told of goes away. */
  public void complete() {
    complete = true;
    ipcache.prune();
  }

  /** The endpoints of this node that are wanted, by id. */
  public List<LocalEndpoint> endpoints() {
    var all = new ArrayList<LocalEndpoint>();
    endpoints.values().forEach(s -> all.add(s.wanted()));
    return all;
  }

  public @Nullable LocalEndpoint endpoint(int id) {
    var state = endpoints.get(id);
    return state == null ? null : state.wanted();
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
    var snapshot = prefixes.compile(births, early);
    var owners = owners(snapshot);
    expelContested(owners);
    var plan = variants.plan(owners);
    births.putAll(plan.births());
    policies.prepare(snapshot, variants, births);
    // Decided as before until policies are switched: by the classes of what they were in.
    plan.early().forEach(ipcache::setVariant);
    early.addAll(plan.early().keySet());
    ipcache.realize(early);
    var uses = new ArrayList<PolicyRealizer.Use>();
    for (var state : endpoints.values()) {
      uses.add(new PolicyRealizer.Use(state.policy(), policyOf(snapshot, state), state.isMoving()));
    }
    var numbers = policies.place(uses);
    addUsers(policies.takeAmended());
    plan.late().forEach(ipcache::setVariant);
    long revision = tables.revisions().current() + 1;
    switchEndpoints(snapshot, numbers);
    moveEndpoints(snapshot, numbers);
    for (var state : endpoints.values()) {
      if (!state.isPresent()) {
        var policy = policyOf(snapshot, state);
        state.put(numberOf(numbers, policy), policy, variantOf(state), revision);
        anew.add(state.wanted().id());
      }
    }
    anewElsewhere |= ipcache.realize();
    addHolders(policies.arriving());
    anewElsewhere |= policies.admitExpelled();
    publish();
    var used = new HashSet<Integer>();
    endpoints.values().forEach(s -> used.add(s.policy()));
    var gone = policies.finish(used, complete, variants, System.nanoTime());
    identities.realized();
    addHolders(gone);
    anewElsewhere |= !gone.isEmpty();
    publish();
    boolean coarser =
        prefixes.dropUnused(
            snapshot,
            () -> {
              anewElsewhere = true;
              publish();
            });
    coarser |= engine.trim();
    if (policies.nextCollection() == null) {
      // Not while packets may still be reading a policy that is out of use.
      policies.mergeClasses();
      coarser |= engine.merge();
    }
    if (coarser) {
      return realize();
    }
    return tables.revisions().current();
  }

  /** Whose address is whose; to be read alone. */
  Ipcache addresses() {
    return ipcache;
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

  /** Whoever has a number that means something else now, or is disputed, is nobody until later. */
  private void expelContested(KernelVariants.Owners owners) {
    var contested = identities.contested();
    if (!contested.isEmpty()) {
      contested.addAll(variants.numbersOf(contested, owners));
      addHolders(contested);
      anewElsewhere = true;
      policies.expel(contested);
    }
  }

  /** Gives endpoints that keep their identity their policy. */
  private void switchEndpoints(PolicySnapshot snapshot, Map<CompiledPolicy, Integer> numbers) {
    for (var state : endpoints.values()) {
      var policy = policyOf(snapshot, state);
      if (state.isPresent()
          && !state.isMoving()
          && state.switchPolicy(numberOf(numbers, policy), policy)) {
        anew.add(state.wanted().id());
      }
    }
  }

  /** Lets new identities in and gives endpoints with other labels their identity and policy. */
  private void moveEndpoints(PolicySnapshot snapshot, Map<CompiledPolicy, Integer> numbers) {
    var moving = new ArrayDeque<EndpointState>();
    for (var state : endpoints.values()) {
      if (state.isMoving()) {
        moving.add(state);
      }
    }
    // Nothing has these yet, so that nobody is asked about them.
    anewElsewhere |= policies.admitVariants(variants);
    try {
      var arriving = policies.arriving();
      if (!arriving.isEmpty()) {
        // Whom nobody knew would be decided by the old policy of those that move.
        moving.forEach(EndpointState::close);
        addHolders(arriving);
        anewElsewhere |= policies.admit();
      }
      while (!moving.isEmpty()) {
        var state = moving.element();
        var policy = policyOf(snapshot, state);
        anew.add(state.wanted().id());
        state.move(numberOf(numbers, policy), policy, variantOf(state));
        moving.remove();
      }
    } finally {
      // Those that could not be moved keep what they had.
      moving.forEach(EndpointState::reopen);
    }
  }

  private int variantOf(EndpointState state) {
    return ipcache.variant(IpcacheKey.of(state.wanted().address()));
  }

  /** Connections of those that others judge by one of these numbers are judged anew. */
  private void addHolders(Set<Integer> numbers) {
    if (numbers.isEmpty()) {
      return;
    }
    for (var state : endpoints.values()) {
      if (state.isAnyOf(numbers)) {
        anew.add(state.wanted().id());
      }
    }
  }

  /** Connections of those whose policy was changed are judged anew. */
  private void addUsers(Set<Integer> amended) {
    for (var state : endpoints.values()) {
      if (amended.contains(state.policy())) {
        anew.add(state.wanted().id());
      }
    }
  }

  private void publish() {
    if (anew.isEmpty() && !anewElsewhere) {
      return;
    }
    long revision = tables.revisions().current() + 1;
    tables.revisions().setCurrent(revision);
    for (int id : anew) {
      if (endpoints.containsKey(id)) {
        tables.endpoints().setRevision(id, revision);
      }
    }
    if (anewElsewhere) {
      tables.revisions().setRemote(revision);
    }
    anew.clear();
    anewElsewhere = false;
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
    if (state != null
        && state.isPresent()
        && value != null
        && value.identity() == state.identity()) {
      state.setVariant(value.variant());
    }
  }

  private static CompiledPolicy policyOf(PolicySnapshot snapshot, EndpointState state) {
    return Objects.requireNonNull(
        snapshot.policyOf(state.subject()), "the engine was told of every endpoint's labels");
  }

  private static int numberOf(Map<CompiledPolicy, Integer> numbers, CompiledPolicy policy) {
    return Objects.requireNonNull(numbers.get(policy), "every wanted policy was placed");
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
