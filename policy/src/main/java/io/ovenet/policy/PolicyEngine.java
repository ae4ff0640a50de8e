package io.ovenet.policy;

import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Rules × identities × local endpoints → the tables that the kernel decides by.
 *
 * <p>Tell it of policies, identities and endpoints in any order, then {@link #compile}: what
 * changed since the last time is worked out, at a cost that goes with what the change affects. The
 * answer depends on what the engine holds only, not on how it came there, but for the numbers of
 * classes. Used by one thread; snapshots may be handed to any.
 *
 * <p>Reserved identities are known from the start; the world stands for all IPv4 addresses that
 * nothing longer says something about.
 */
public final class PolicyEngine {
  private final PolicySettings settings;
  private final TreeMap<PolicyKey, Held> policies = new TreeMap<>();
  private final Map<PolicySubject, Subject> subjects = new HashMap<>();
  private final SubjectIndex subjectIndex = new SubjectIndex();
  private final Set<Subject> undecided = new LinkedHashSet<>();
  private final Map<PolicyState.Key, PolicyState> states = new HashMap<>();

  /** Out of use since the last compile, but what others are made from. */
  private final List<PolicyState> former = new ArrayList<>();

  private final ClassChanges changes = new ClassChanges();
  private final ActiveRule.EntryIds entryIds = new ActiveRule.EntryIds();
  private final TableCompiler compiler = new TableCompiler();
  private final PrefixesInUse prefixes = new PrefixesInUse();
  private final ClassPartition partition;
  private final AddressVariants variants;
  private final @Nullable ActiveEntry localHost;
  private PolicySnapshot snapshot = PolicySnapshot.EMPTY;

  private record Held(PolicyObject object, List<ActiveRule> rules) {}

  private final PeerGroups groups = new PeerGroups();

  /** Those whose rules name groups: few, and groups may be many. */
  private final Set<PolicyKey> naming = new LinkedHashSet<>();

  public PolicyEngine(PolicySettings settings) {
    this.settings = settings;
    this.partition = new ClassPartition(changes);
    this.variants = new AddressVariants(partition);
    for (ReservedIdentity identity : ReservedIdentity.values()) {
      Cidr prefix =
          switch (identity) {
            case WORLD, WORLD_IPV4 -> Cidr.ALL_IPV4;
            case WORLD_IPV6 -> Cidr.ALL_IPV6;
            default -> null;
          };
      partition.upsertIdentity(identity.number(), identity.labels(), prefix, NamedPorts.NONE);
    }
    this.localHost = settings.allowLocalHost() ? allowLocalHost() : null;
  }

  /** What it was made with. */
  public PolicySettings settings() {
    return settings;
  }

  private ActiveEntry allowLocalHost() {
    SelectorState host =
        partition.acquire(
            EndpointSelector.reserved(ReservedIdentity.HOST.labelName()),
            new ActiveRule(
                new Rule(
                    EndpointSelector.ALL,
                    false,
                    false,
                    List.of(),
                    Labels.EMPTY,
                    "",
                    new RuleOrigin(PolicyKind.NETWORK_POLICY, "", "", ""))));
    return new ActiveEntry(
        entryIds.next(),
        TrafficDirection.INGRESS,
        RuleEffect.ALLOW,
        List.of(host),
        new java.util.BitSet(),
        false,
        List.of(PortRange.EVERYTHING),
        List.of(),
        null,
        "",
        false);
  }

  /** Puts a policy, in the place of the version that was there. */
  public void upsert(PolicyObject object) {
    Held old = policies.get(object.key());
    if (old != null && old.object.rules().equals(object.rules())) {
      policies.put(object.key(), new Held(object, old.rules));
      return;
    }
    replace(object);
  }

  private void replace(PolicyObject object) {
    Held old = policies.get(object.key());
    List<ActiveRule> former = old == null ? List.of() : old.rules;
    List<ActiveRule> kept = new ArrayList<>();
    List<ActiveRule> rules = new ArrayList<>();
    for (Rule rule : groups.resolve(object.rules())) {
      ActiveRule same = null;
      for (ActiveRule candidate : former) {
        if (candidate.rule.equals(rule)) {
          same = candidate;
        }
      }
      if (same == null) {
        same = new ActiveRule(rule);
      } else {
        kept.add(same);
      }
      rules.add(same);
    }
    // What goes is let go of at the end: a selector that old and new rule share stays in use.
    List<ActiveRule> gone = new ArrayList<>();
    for (ActiveRule rule : former) {
      if (!kept.contains(rule)) {
        gone.add(rule);
        for (Subject subject : rule.subjects) {
          subject.rules.remove(rule);
          markUndecided(subject);
        }
      }
    }
    for (ActiveRule rule : rules) {
      if (!kept.contains(rule)) {
        for (Subject subject : subjectIndex.candidates(rule.rule.subject())) {
          if (rule.rule.selects(subject.labels)) {
            select(rule, subject);
          }
        }
      }
    }
    for (ActiveRule rule : gone) {
      if (!rule.subjects.isEmpty()) {
        rule.subjects.clear();
        deactivate(rule);
      }
    }
    policies.put(object.key(), new Held(object, List.copyOf(rules)));
    if (PeerGroups.areNamed(object.rules())) {
      naming.add(object.key());
    } else {
      naming.remove(object.key());
    }
  }

  /** Puts a group; policies that name it follow. */
  public void upsertGroup(PeerGroup group) {
    follow(groups.put(group.id(), group), group);
  }

  /** Takes a group out: rules that name it mean nobody by it. One that is not there is no error. */
  public void removeGroup(String id) {
    follow(groups.put(id, null), null);
  }

  private void follow(@Nullable PeerGroup before, @Nullable PeerGroup now) {
    if (java.util.Objects.equals(before, now)) {
      return;
    }
    for (PolicyKey key : List.copyOf(naming)) {
      PolicyObject object = java.util.Objects.requireNonNull(policies.get(key)).object;
      if (PeerGroups.areNamed(object.rules(), before) || PeerGroups.areNamed(object.rules(), now)) {
        replace(object);
      }
    }
  }

  /** Takes a policy out; one that is not there is no error. */
  public void remove(PolicyKey key) {
    upsert(new PolicyObject(key, List.of(), List.of()));
    policies.remove(key);
  }

  /** The policies it holds, sorted. */
  public List<PolicyObject> objects() {
    List<PolicyObject> objects = new ArrayList<>(policies.size());
    for (Held held : policies.values()) {
      objects.add(held.object);
    }
    return objects;
  }

  /** How many tables were worked out or found again so far: what changes cost. */
  long tablesAsked() {
    return compiler.asked();
  }

  /** How many classes the identities are in. */
  public int classCount() {
    return partition.classCount();
  }

  /** Puts an identity of pods, nodes or the host. */
  public void upsertIdentity(int number, Labels labels) {
    partition.upsertIdentity(number, labels, prefixOfReserved(number), NamedPorts.NONE);
    variants.identity(number, labels);
  }

  /** Puts an identity that stands for addresses outside the cluster. */
  public void upsertIdentity(int number, Labels labels, Cidr prefix) {
    partition.upsertIdentity(number, labels, prefix, NamedPorts.NONE);
  }

  /**
   * A pod with this identity, which may come earlier or later, has this address. Rules may tell it
   * from others of its identity: then {@link #peerAt} is another number than the identity's.
   *
   * @param address a prefix of its whole length
   * @param ports the pod's named ports
   */
  public void upsertAddress(Cidr address, int identity, NamedPorts ports) {
    variants.upsert(address, identity, ports, null);
  }

  /**
   * A node has this address, and labels of its own: {@link #peerAt} is another number than the
   * identity's, which stands for these labels instead.
   *
   * @param address a prefix of its whole length
   * @param labels all that it has, those of its identity included
   */
  public void upsertNode(Cidr address, int identity, Labels labels) {
    variants.upsert(address, identity, NamedPorts.NONE, labels);
  }

  /** The address is nobody's; no error if it was not. */
  public void removeAddress(Cidr address) {
    variants.remove(address);
  }

  /**
   * What to ask {@link PolicyLookup} about in the place of the identity: the number of a variant,
   * or the identity itself. Holds as of the last compile, unless addresses changed since.
   */
  public int peerAt(Cidr address, int identity) {
    int variant = variants.variantOf(address);
    return variant == 0 ? identity : variant;
  }

  /**
   * Forgets differences between addresses that no rule makes any more. To be called when what was
   * compiled is in force; true if there is something to compile again.
   */
  public boolean trim() {
    return variants.trim();
  }

  /**
   * Makes one of classes that no rule in use tells apart any more, once there are many. To be
   * called when what was compiled is in force; true if there is something to compile again.
   */
  public boolean merge() {
    return partition.merge();
  }

  private static @Nullable Cidr prefixOfReserved(int number) {
    ReservedIdentity identity = ReservedIdentity.of(number);
    return identity == ReservedIdentity.WORLD || identity == ReservedIdentity.WORLD_IPV4
        ? Cidr.ALL_IPV4
        : identity == ReservedIdentity.WORLD_IPV6 ? Cidr.ALL_IPV6 : null;
  }

  /** Takes an identity out; one that is not there is no error. */
  public void removeIdentity(int number) {
    partition.removeIdentity(number);
    variants.identity(number, null);
  }

  /** A local endpoint has these labels and no named ports. */
  public void addSubject(Labels labels) {
    addSubject(PolicySubject.of(labels));
  }

  /** There is such a local endpoint. Counted: call once for each endpoint. */
  public void addSubject(PolicySubject added) {
    Labels labels = added.labels();
    Subject subject = subjects.computeIfAbsent(added, Subject::new);
    if (subject.endpoints++ > 0) {
      return;
    }
    undecided.add(subject);
    subjectIndex.add(subject);
    for (Held held : policies.values()) {
      for (ActiveRule rule : held.rules) {
        if (rule.rule.selects(labels)) {
          select(rule, subject);
        }
      }
    }
  }

  /** A local endpoint with these labels and no named ports is gone, or has others now. */
  public void removeSubject(Labels labels) {
    removeSubject(PolicySubject.of(labels));
  }

  /** Such a local endpoint is gone, or is another now. */
  public void removeSubject(PolicySubject removed) {
    Subject subject = subjects.get(removed);
    if (subject == null || --subject.endpoints > 0) {
      return;
    }
    markUndecided(subject);
    undecided.remove(subject);
    subjects.remove(removed);
    subjectIndex.remove(subject);
    for (ActiveRule rule : subject.rules) {
      rule.subjects.remove(subject);
      if (rule.subjects.isEmpty()) {
        deactivate(rule);
      }
    }
  }

  private void select(ActiveRule rule, Subject subject) {
    if (rule.subjects.isEmpty()) {
      rule.activate(partition, entryIds);
      prefixes.add(rule);
      variants.use(rule);
    }
    rule.subjects.add(subject);
    subject.rules.add(rule);
    markUndecided(subject);
  }

  private void deactivate(ActiveRule rule) {
    changes.released(rule, partition);
    prefixes.remove(rule);
    variants.disuse(rule);
    rule.deactivate(partition);
  }

  private void markUndecided(Subject subject) {
    PolicyState state = subject.state;
    if (state != null) {
      subject.before = state;
      if (--state.subjects == 0) {
        states.remove(state.key);
        former.add(state);
      }
    }
    subject.state = null;
    undecided.add(subject);
  }

  /** Works out what changed. Gives the same snapshot again if nothing did. */
  // References on purpose: what did not change is the same object.
  @SuppressWarnings("ReferenceEquality")
  public PolicySnapshot compile() {
    boolean changed = !changes.isEmpty() || !undecided.isEmpty();
    List<PolicySnapshot.ClassSplit> splits = changes.apply(states.values(), former, partition);
    for (Subject subject : undecided) {
      PolicyState state =
          states.computeIfAbsent(
              keyOf(subject),
              key -> new PolicyState(key, partition, compiler, localHost, subject.before, changes));
      state.subjects++;
      subject.state = state;
      subject.before = null;
    }
    undecided.clear();
    former.clear();
    changes.compiled();
    IdentityClasses classes = snapshot.classes().with(partition.takeMoved());
    PrefixesInUse.Change needed = prefixes.change();
    Map<Cidr, Integer> moved = variants.takeMoved();
    if (!changed
        && moved.isEmpty()
        && classes == snapshot.classes()
        && needed.isNone()
        && subjects.size() == snapshot.policies().size()) {
      return snapshot;
    }
    snapshot =
        new PolicySnapshot(
            classes,
            compiledPolicies(),
            prefixes.sorted(),
            needed,
            Collections.unmodifiableList(splits),
            Collections.unmodifiableMap(moved));
    return snapshot;
  }

  private Map<PolicySubject, CompiledPolicy> compiledPolicies() {
    Map<PolicySubject, CompiledPolicy> compiled = new HashMap<>(subjects.size() * 2);
    for (Subject subject : subjects.values()) {
      if (subject.state != null) {
        compiled.put(subject.subject, subject.state.compiled());
      }
    }
    return Collections.unmodifiableMap(compiled);
  }

  private PolicyState.Key keyOf(Subject subject) {
    return switch (settings.enforcement()) {
      case NEVER -> new PolicyState.Key(List.of(), false, NamedPorts.NONE, false);
      case ALWAYS -> keyOf(subject, true);
      case DEFAULT -> keyOf(subject, subject.labels.isReserved(ReservedIdentity.INIT));
    };
  }

  private PolicyState.Key keyOf(Subject subject, boolean enforced) {
    List<ActiveRule> rules = List.copyOf(subject.rules);
    return new PolicyState.Key(
        rules,
        enforced,
        subject.subject.ports().only(name -> isNamedForIngress(name, rules)),
        settings.audit() || subject.subject.audit());
  }

  private static boolean isNamedForIngress(PortName name, List<ActiveRule> rules) {
    for (ActiveRule rule : rules) {
      for (ActiveEntry entry : rule.entries()) {
        if (entry.direction() == TrafficDirection.INGRESS && entry.names().contains(name)) {
          return true;
        }
      }
    }
    return false;
  }
}
