package io.ovenet.agent;

import io.ovenet.datapath.Datapath;
import io.ovenet.datapath.Endpoint;
import io.ovenet.datapath.IpcacheKey;
import io.ovenet.datapath.PolicyKey;
import io.ovenet.datapath.PolicyProbe;
import io.ovenet.datapath.PolicyQuestion;
import io.ovenet.policy.Cidr;
import io.ovenet.policy.CompiledPolicy;
import io.ovenet.policy.Decision;
import io.ovenet.policy.IdentityClasses;
import io.ovenet.policy.NumericIdentity;
import io.ovenet.policy.PolicyLookup;
import io.ovenet.policy.TrafficDirection;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * One look at the whole of the node's policy in the kernel, by the kernel's own lookups: every
 * address is asked for who is there, every identity for its class, and of each policy in use every
 * class and every protocol and port that a rule or an entry of the map tells apart. Together that
 * is every question a packet can put. What differs is doubted first, since policy may have changed
 * meanwhile; {@link #confirm} asks again.
 */
final class PolicyVerification {
  /** So many are told; all are counted. */
  static final int MOST_TOLD = 100;

  private static final int TCP = 6;
  private static final int AT_ONCE = 240;

  /** What looked wrong; asked again, what is wrong still, or null. */
  @FunctionalInterface
  interface Doubt {
    @Nullable String stillWrong(InForce now);
  }

  /** Endpoints that decide alike: by the same entries, which are to mean the same. */
  private record Unit(int number, CompiledPolicy policy) {}

  private final Datapath datapath;
  private final PolicyProbe probe;
  private final RuleNumbers rules;
  private final InForce world;
  private final Runnable pause;
  private final List<Doubt> doubts = new ArrayList<>();
  private final Map<Unit, LocalEndpoint> units = new LinkedHashMap<>();

  /** By the kernel's class: the policies' class, and somebody who is in it. */
  private final Map<Integer, Integer> classes = new HashMap<>();

  private final Map<Integer, Integer> members = new HashMap<>();
  private final Map<Integer, InetAddress> addressOf = new HashMap<>();
  private final Map<Integer, Integer> peerOf = new HashMap<>();
  private long questions;
  private long classesAsked;

  /**
   * Takes what is to be.
   *
   * @param pause called between a few hundred questions each
   */
  PolicyVerification(Datapath datapath, RuleNumbers rules, InForce world, Runnable pause) {
    this.datapath = datapath;
    this.probe = datapath.probe();
    this.rules = rules;
    this.world = world;
    this.pause = pause;
  }

  long questions() {
    return questions;
  }

  /** Classes of peers asked about, counted for each policy and direction. */
  long classesAsked() {
    return classesAsked;
  }

  int policies() {
    return units.size();
  }

  /** Asks everything. */
  List<Doubt> look() {
    world.endpoints().forEach(this::lookAtEndpoint);
    if (units.isEmpty()) {
      return doubts;
    }
    lookAtAddresses(units.values().iterator().next().id());
    lookAtIdentities();
    var entries = new KernelEntries();
    var used = new TreeSet<Integer>();
    units.keySet().forEach(unit -> used.add(unit.number()));
    datapath
        .policies()
        .forEach(
            (key, _) -> {
              if (used.contains(key.policy())) {
                entries.add(key);
              }
            });
    units.forEach((unit, endpoint) -> lookAtPolicy(unit, endpoint, entries));
    return doubts;
  }

  private void lookAtEndpoint(LocalEndpoint wanted) {
    var kernel = datapath.endpoints().get(wanted.id());
    var policy = world.policies().policyOf(EndpointState.subjectOf(wanted));
    if (kernel == null || policy == null || wrong(wanted, kernel, policy) != null) {
      doubts.add(now -> endpointWrong(wanted.id(), now));
    }
    if (kernel != null && policy != null) {
      units.putIfAbsent(new Unit(kernel.policy(), policy), wanted);
    }
  }

  private @Nullable String endpointWrong(int id, InForce now) {
    var wanted = now.endpoint(id);
    var kernel = datapath.endpoints().get(id);
    var policy = wanted == null ? null : now.policies().policyOf(EndpointState.subjectOf(wanted));
    if (wanted == null || policy == null) {
      return null;
    }
    return kernel == null
        ? title(wanted) + " is not in endpoint_map"
        : wrong(wanted, kernel, policy);
  }

  private static @Nullable String wrong(
      LocalEndpoint wanted, Endpoint kernel, CompiledPolicy policy) {
    if (kernel.identity() != wanted.identity()) {
      return "%s has identity %d in the kernel, not %d"
          .formatted(title(wanted), kernel.identity(), wanted.identity());
    }
    if (kernel.policy() == 0) {
      return title(wanted) + " has no policy in the kernel";
    }
    return kernel.flags().equals(EndpointState.flagsOf(policy))
        ? null
        : "%s has flags %s in the kernel, not %s"
            .formatted(
                title(wanted),
                new TreeSet<>(kernel.flags()),
                new TreeSet<>(EndpointState.flagsOf(policy)));
  }

  private static String title(LocalEndpoint endpoint) {
    return "endpoint %d (%s/%s)".formatted(endpoint.id(), endpoint.namespace(), endpoint.pod());
  }

  /** Of prefixes that begin alike an address has the longest. */
  private void lookAtAddresses(int endpoint) {
    var longest = new HashMap<InetAddress, IpcacheKey>();
    for (var key : world.peers().keySet()) {
      if (key.address() instanceof Inet4Address) {
        longest.merge(key.address(), key, (a, b) -> a.prefixLength() > b.prefixLength() ? a : b);
      }
    }
    var keys = List.copyOf(longest.values());
    for (int from = 0; from < keys.size(); from += AT_ONCE) {
      var some = keys.subList(from, Math.min(keys.size(), from + AT_ONCE));
      var asked = new ArrayList<PolicyQuestion>();
      some.forEach(k -> asked.add(whoIs(endpoint, k.address())));
      var answers = ask(asked);
      for (int i = 0; i < some.size(); i++) {
        var key = some.get(i);
        var peer = world.peers().get(key);
        var answer = answers.get(i);
        if (peer == null || answer.identity() != peer.identity()) {
          doubts.add(now -> addressWrong(key, now));
        } else {
          addressOf.put(answer.number(), key.address());
          peerOf.put(answer.number(), peer.number());
        }
      }
    }
    datapath
        .ipcache()
        .forEach(
            (key, value) -> {
              var peer = world.peers().get(key);
              if (peer == null || peer.identity() != value.identity()) {
                doubts.add(now -> addressWrong(key, now));
              }
            });
  }

  private static PolicyQuestion whoIs(int endpoint, InetAddress address) {
    return PolicyQuestion.at(endpoint, PolicyKey.INGRESS, address, TCP, 1);
  }

  private @Nullable String addressWrong(IpcacheKey key, InForce now) {
    var peer = now.peers().get(key);
    var entry = datapath.ipcache().get(key);
    var text = key.address().getHostAddress() + "/" + key.prefixLength();
    if (peer == null) {
      var around = new boolean[1];
      datapath.ipcache().forEach((k, _) -> around[0] |= k.equals(key));
      return around[0] ? text + " is in ipcache, and nobody knows of it" : null;
    }
    int found = entry == null ? 0 : entry.identity();
    if (key.address() instanceof Inet4Address && key.prefixLength() == 32) {
      found = probe.ask(List.of(whoIs(0, key.address()))).getFirst().identity();
    }
    return found == peer.identity()
        ? null
        : "%s has identity %d in the kernel, not %d".formatted(text, found, peer.identity());
  }

  private void lookAtIdentities() {
    var present = new HashMap<Integer, Integer>();
    datapath.classes().forEach(present::put);
    world
        .policies()
        .classes()
        .forEach(
            (identity, _) -> {
              if (!NumericIdentity.isVariant(identity) && !present.containsKey(identity)) {
                doubts.add(now -> identityWrong(identity, now));
              }
            });
    present.forEach(
        (number, kernelClass) -> {
          int peer = engineNumber(number);
          if (peer == 0) {
            return;
          }
          int wanted = world.policies().classes().classOf(peer);
          var other = classes.putIfAbsent(kernelClass, wanted);
          if (wanted == IdentityClasses.UNKNOWN || (other != null && other != wanted)) {
            doubts.add(now -> identityWrong(number, now));
          } else {
            members.putIfAbsent(kernelClass, number);
          }
        });
  }

  /** What the policies know somebody by; 0: a part of an identity that has no address now. */
  private int engineNumber(int number) {
    return NumericIdentity.isVariant(number) ? peerOf.getOrDefault(number, 0) : number;
  }

  /** Held against another of its class in the kernel: of these, policies are to say the same. */
  private @Nullable String identityWrong(int number, InForce now) {
    var classesNow = now.policies().classes();
    var kernelClass = datapath.classes().get(number);
    if (NumericIdentity.isVariant(number)) {
      return null; // its addresses are asked for
    }
    int wanted = classesNow.classOf(number);
    if (wanted == IdentityClasses.UNKNOWN) {
      return kernelClass == null
          ? null
          : "identity %d is in class_map, and nobody knows of it".formatted(number);
    }
    if (kernelClass == null) {
      return "identity %d is not in class_map: whatever it sends is dropped".formatted(number);
    }
    var others = new HashMap<Integer, Integer>();
    datapath
        .classes()
        .forEach(
            (other, itsClass) -> {
              int engine = NumericIdentity.isVariant(other) ? -1 : classesNow.classOf(other);
              if (itsClass.equals(kernelClass) && engine >= 0) {
                others.merge(engine, 1, Integer::sum);
              }
            });
    return others.size() <= 1
        ? null
        : "identity %d shares class %d in the kernel with others that policies tell apart"
            .formatted(number, kernelClass);
  }

  private void lookAtPolicy(Unit unit, LocalEndpoint endpoint, KernelEntries entries) {
    for (var direction : TrafficDirection.values()) {
      int kernelDirection =
          direction == TrafficDirection.INGRESS ? PolicyKey.INGRESS : PolicyKey.EGRESS;
      var asked = new ArrayList<PolicyQuestion>();
      if (!unit.policy().enforces(direction)) {
        asked.add(whoIsWorld(endpoint.id(), kernelDirection));
        compare(endpoint, direction, asked);
        continue;
      }
      boolean others = false;
      for (var member : members.entrySet()) {
        int kernelClass = member.getKey();
        var segments = new PolicySegments();
        boolean own = entries.addTo(segments, unit.number(), kernelClass, kernelDirection);
        var table = unit.policy().tables(direction).get(classes.getOrDefault(kernelClass, -1));
        if (!own && table == null) {
          if (others) {
            continue; // decided as the first such one, by the entries for anybody
          }
          others = true;
        }
        if (!own) {
          entries.addTo(segments, unit.number(), PolicyKey.CLASS_ANY, kernelDirection);
        }
        segments.add(table);
        segments.add(unit.policy().tables(direction).get(CompiledPolicy.CLASS_ANY));
        classesAsked++;
        for (var segment : segments.all()) {
          asked.add(
              PolicyQuestion.of(
                  endpoint.id(),
                  kernelDirection,
                  member.getValue(),
                  segment.protocol(),
                  segment.port()));
        }
        if (asked.size() >= AT_ONCE) {
          compare(endpoint, direction, asked);
          asked.clear();
        }
      }
      compare(endpoint, direction, asked);
    }
  }

  private static PolicyQuestion whoIsWorld(int endpoint, int direction) {
    return PolicyQuestion.of(endpoint, direction, 2, TCP, 1);
  }

  private void compare(
      LocalEndpoint endpoint, TrafficDirection direction, List<PolicyQuestion> asked) {
    var answers = ask(asked);
    for (int i = 0; i < asked.size(); i++) {
      var question = asked.get(i);
      if (differs(world, endpoint, direction, question, answers.get(i)) != null) {
        doubts.add(
            now -> {
              var still = now.endpoint(endpoint.id());
              return still == null
                  ? null
                  : differs(now, still, direction, question, probe.ask(List.of(question)).get(0));
            });
      }
    }
  }

  private @Nullable String differs(
      InForce in,
      LocalEndpoint endpoint,
      TrafficDirection direction,
      PolicyQuestion question,
      PolicyQuestion.Answer answer) {
    var policy = in.policies().policyOf(EndpointState.subjectOf(endpoint));
    int peer = peerNow(in, question.number());
    if (policy == null || peer == 0) {
      return null;
    }
    var wanted =
        PolicyLookup.decide(
            in.policies(), policy, direction, peer, question.protocol(), question.port());
    var decidedBy = rules.rule(answer.rule());
    var verdict = answer.verdict();
    boolean same =
        verdict != null
            && verdict.number() == wanted.verdict().code()
            && decidedBy != null
            && decidedBy.equals(new RuleNumbers.DecidedBy(wanted.origins(), wanted.log()));
    return same ? null : text(endpoint, direction, question, answer, wanted);
  }

  private int peerNow(InForce in, int number) {
    if (!NumericIdentity.isVariant(number)) {
      return number;
    }
    var address = addressOf.get(number);
    var peer = address == null ? null : in.peers().get(IpcacheKey.of(address));
    return peer == null ? 0 : peer.number();
  }

  private String text(
      LocalEndpoint endpoint,
      TrafficDirection direction,
      PolicyQuestion question,
      PolicyQuestion.Answer answer,
      Decision wanted) {
    var decidedBy = rules.rule(answer.rule());
    return "%s %s identity %d, protocol %d, port %d: the kernel says %s by %s; policies say %s by %s"
        .formatted(
            title(endpoint),
            direction == TrafficDirection.INGRESS ? "from" : "to",
            question.number(),
            question.protocol(),
            question.port(),
            answer.verdict(),
            decidedBy == null ? "rule " + answer.rule() + ", never given" : decidedBy.origins(),
            wanted.verdict(),
            wanted.origins());
  }

  private List<PolicyQuestion.Answer> ask(List<PolicyQuestion> asked) {
    var answers = probe.ask(asked);
    questions += asked.size();
    pause.run();
    return answers;
  }

  /** Of what was doubted, what is wrong still; by the thread that alone changes the kernel. */
  static Set<String> confirm(List<Doubt> doubts, InForce now) {
    var wrong = new TreeSet<String>();
    for (var doubt : doubts) {
      var text = doubt.stillWrong(now);
      if (text != null) {
        wrong.add(text);
      }
    }
    return wrong;
  }

  /** The prefix that a key is. */
  static Cidr cidrOf(IpcacheKey key) {
    return Cidr.of(key.address()).widen(key.prefixLength());
  }
}
