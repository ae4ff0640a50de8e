package io.ovenet.prove;

import io.ovenet.agent.AttachmentKey;
import io.ovenet.agent.Ipcache;
import io.ovenet.agent.LocalEndpoint;
import io.ovenet.agent.Realizer;
import io.ovenet.agent.RuleNumbers;
import io.ovenet.agent.Tables;
import io.ovenet.bpf.MacAddress;
import io.ovenet.bpf.RingBuffer;
import io.ovenet.datapath.Datapath;
import io.ovenet.datapath.DatapathOptions;
import io.ovenet.datapath.Endpoint;
import io.ovenet.datapath.EventKind;
import io.ovenet.datapath.FlowEvent;
import io.ovenet.datapath.IpcacheKey;
import io.ovenet.datapath.PolicyKey;
import io.ovenet.datapath.Verdict;
import io.ovenet.kubernetes.policy.PeerGroupReader;
import io.ovenet.kubernetes.policy.PeerServices;
import io.ovenet.policy.Labels;
import io.ovenet.policy.NamedPorts;
import io.ovenet.policy.PeerGroup;
import io.ovenet.policy.PolicyEngine;
import io.ovenet.policy.PolicySettings;
import io.ovenet.policy.PolicySubject;
import io.ovenet.policy.ReservedIdentity;
import io.ovenet.policy.RuleOrigin;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * The programs of a node with its maps, which an agent's own {@link Realizer} fills. Packets are
 * decided by test runs. Not thread-safe.
 */
final class KernelNode implements AutoCloseable {
  /**
   * What a program made of a packet.
   *
   * @param event the verdict as the record has it
   */
  record Answer(Verdict verdict, Set<String> rules, String event) {}

  private static final MacAddress HOST_MAC = MacAddress.parse("02:00:00:00:00:aa");
  private static final MacAddress NO_MAC = new MacAddress(0);

  /** No device of the namespace has it. */
  private static final int HOST_IFINDEX = 7;

  private static final int SHOT = 2; // TC_ACT_SHOT, linux/pkt_cls.h

  /** Size of struct __sk_buff and where ifindex is in it, linux/bpf.h. */
  private static final int CONTEXT = 192;

  private static final int CONTEXT_IFINDEX = 40;

  /** Addresses of those who have none in the world. */
  private static final Map<Integer, String> NODES =
      Map.of(
          ReservedIdentity.HEALTH.number(), "172.31.0.4",
          ReservedIdentity.REMOTE_NODE.number(), "172.31.0.6",
          ReservedIdentity.KUBE_APISERVER.number(), "172.31.0.7");

  private final Devices devices;
  private final Path pins;
  private final Datapath datapath;
  private final RingBuffer ring;
  private final RuleNumbers rules = new RuleNumbers(1);
  private final Realizer realizer;

  private final Map<io.ovenet.policy.PolicyKey, Map<String, Object>> documents = new HashMap<>();
  private final Map<String, Map<String, Object>> groups = new HashMap<>();
  private final PeerGroupReader groupReader =
      new PeerGroupReader(
          new PeerServices.Listener() {
            @Override
            public void upserted(PeerGroup group) {
              realizer.upsertGroup(group);
            }

            @Override
            public void deleted(String id) {
              realizer.removeGroup(id);
            }
          });
  private final Map<Integer, Labels> identities = new HashMap<>();
  private final Map<String, RandomWorld.Pod> pods = new HashMap<>();
  private final Map<Integer, PolicySubject> endpoints = new TreeMap<>();
  private final Map<Labels, Integer> endpointIdentities = new HashMap<>();
  private int generation;

  /** So that every packet begins a connection. */
  private int sourcePort = 1024;

  KernelNode(Devices devices, PolicySettings settings) {
    this.devices = devices;
    pins = devices.freshPins();
    datapath =
        Datapath.open(
            pins,
            new DatapathOptions(HOST_IFINDEX, HOST_MAC)
                .withConnections(1 << 15)
                .withRingBytes(1 << 16));
    ring = new RingBuffer(datapath.events());
    realizer = new Realizer(Tables.of(datapath), new PolicyEngine(settings), rules, List.of());
    for (var identity : NODES.keySet()) {
      realizer.say(Ipcache.Source.REMOTE_NODE, IpcacheKey.of(nodeAddress(identity)), identity);
    }
    var host = Inet4Address.ofLiteral(RandomWorld.HOST_ADDRESS);
    realizer.say(Ipcache.Source.HOST, IpcacheKey.of(host), ReservedIdentity.HOST.number());
    realizer.nodes().host(List.of(host));
    realizer.complete();
    realizer.realize();
  }

  private static Inet4Address nodeAddress(int reserved) {
    return Inet4Address.ofLiteral(Objects.requireNonNull(NODES.get(reserved)));
  }

  private static Inet4Address podAddress(int endpoint) {
    return Inet4Address.ofLiteral("10.77.0." + endpoint);
  }

  private static MacAddress mac(int endpoint) {
    return new MacAddress(0x0a58_0a4d_0000L | endpoint);
  }

  /** Becomes as the world is now, in one step of the realizer. */
  void follow(RandomWorld world) {
    followGroups(world);
    followPolicies(world);
    followIdentities(world);
    followEndpoints(world);
    followPods(world);
    followNodes(world);
    realizer.realize();
    realizer.collect();
  }

  private void followGroups(RandomWorld world) {
    for (var group : List.copyOf(groups.values())) {
      var key = PeerGroupReader.keyOf(group);
      if (!world.groups.containsKey(key)) {
        groups.remove(key);
        groupReader.remove(group);
      }
    }
    world.groups.forEach(
        (key, group) -> {
          if (!group.equals(groups.put(key, group))) {
            groupReader.put(group, _ -> {});
          }
        });
  }

  private void followPolicies(RandomWorld world) {
    for (var key : List.copyOf(documents.keySet())) {
      if (!world.documents.containsKey(key)) {
        documents.remove(key);
        realizer.removePolicy(key);
      }
    }
    world.documents.forEach(
        (key, document) -> {
          if (!document.equals(documents.put(key, document))) {
            realizer.upsertPolicy(world.parse(document).object());
          }
        });
  }

  private void followIdentities(RandomWorld world) {
    for (var number : List.copyOf(identities.keySet())) {
      if (!world.identities.containsKey(number)) {
        identities.remove(number);
        realizer.removeIdentity(number);
      }
    }
    world.identities.forEach(
        (number, labels) -> {
          if (!labels.equals(identities.put(number, labels))) {
            realizer.upsertIdentity(number, labels);
          }
        });
  }

  private void followEndpoints(RandomWorld world) {
    var missing = new ArrayList<>(world.subjects);
    for (var endpoint : new TreeMap<>(endpoints).entrySet()) {
      if (!missing.remove(endpoint.getValue())) {
        endpoints.remove(endpoint.getKey());
        realizer.removeEndpoint(endpoint.getKey());
      }
    }
    for (var subject : missing) {
      var id = 1;
      while (endpoints.containsKey(id)) {
        id++;
      }
      endpoints.put(id, subject);
      realizer.addEndpoint(endpoint(id, subject));
    }
  }

  private LocalEndpoint endpoint(int id, PolicySubject subject) {
    if (id > Devices.COUNT) {
      throw new IllegalStateException("more than " + Devices.COUNT + " endpoints");
    }
    var identity =
        subject.labels().equals(ReservedIdentity.INIT.labels())
            ? ReservedIdentity.INIT.number()
            : endpointIdentities.computeIfAbsent(
                subject.labels(), _ -> 2000 + endpointIdentities.size());
    return new LocalEndpoint(
        id,
        ++generation,
        new AttachmentKey("container" + generation, "eth0"),
        "",
        "shop",
        "pod" + generation,
        "",
        mac(id),
        podAddress(id),
        1500,
        identity,
        subject.labels(),
        subject.ports(),
        subject.audit());
  }

  private void followPods(RandomWorld world) {
    for (var address : List.copyOf(pods.keySet())) {
      if (!world.pods.containsKey(address)) {
        pods.remove(address);
        realizer.sayPod(Inet4Address.ofLiteral(address), 0, NamedPorts.NONE);
      }
    }
    world.pods.forEach(
        (address, pod) -> {
          if (!pod.equals(pods.put(address, pod))) {
            realizer.sayPod(Inet4Address.ofLiteral(address), pod.identity(), pod.ports());
          }
        });
  }

  private void followNodes(RandomWorld world) {
    for (var address : RandomWorld.NODE_ADDRESSES) {
      var labels = world.nodes.get(address);
      if (labels == null) {
        realizer.nodes().remove(address);
      } else {
        realizer.nodes().put(address, List.of(Inet4Address.ofLiteral(address)), labels, 0);
      }
    }
    List<InetAddress> apiServers = new ArrayList<>();
    world.apiServers.forEach(address -> apiServers.add(Inet4Address.ofLiteral(address)));
    realizer.nodes().apiServers(apiServers);
  }

  /** Whether a packet can put the question: not of protocols or types that begin nothing. */
  static boolean canAsk(Question question) {
    return switch (question.protocol()) {
      case Packet.TCP, Packet.UDP, Packet.SCTP -> true;
      // The others are answers and errors (RFC 792), or drop by themselves.
      case Packet.ICMP -> question.port() == 8 || question.port() == 13;
      default -> false;
    };
  }

  /** Decides by a program's run. */
  Answer ask(Question question) {
    var id = idOf(question.subject());
    var peer = question.peer();
    var reserved = NODES.containsKey(peer.identity()) && peer.address() == null;
    var there =
        reserved
            ? nodeAddress(peer.identity())
            : Inet4Address.ofLiteral(Objects.requireNonNull(peer.address()));
    var here = podAddress(id);
    var port = question.port();
    sourcePort = sourcePort == 65_535 ? 1024 : sourcePort + 1;
    var frame =
        question.ingress()
            ? Packet.frame(HOST_MAC, NO_MAC, there, here, question.protocol(), sourcePort, port)
            : Packet.frame(
                mac(id),
                DatapathOptions.GATEWAY_MAC,
                here,
                there,
                question.protocol(),
                sourcePort,
                port);
    return run(question.ingress(), id, frame);
  }

  private int idOf(PolicySubject subject) {
    for (var endpoint : endpoints.entrySet()) {
      if (endpoint.getValue().equals(subject)) {
        return endpoint.getKey();
      }
    }
    throw new IllegalStateException("no endpoint " + subject);
  }

  private Answer run(boolean ingress, int id, byte[] frame) {
    var context =
        ByteBuffer.allocate(CONTEXT)
            .order(ByteOrder.nativeOrder())
            .putInt(CONTEXT_IFINDEX, Endpoint.ifindexOf(id))
            .array();
    var program = datapath.program(ingress ? "to_pod" : "from_pod");
    var returned = devices.inside(() -> program.testRun(frame, context, 1).returnValue());
    var told = new ArrayList<Answer>();
    var all = new ArrayList<String>();
    var event = new FlowEvent();
    ring.drain(
        (data, offset, length) -> {
          event.record(data, offset, length);
          while (event.next()) {
            all.add(event.toString());
            var answer = answer(event, ingress);
            if (answer != null) {
              told.add(answer);
            }
          }
        });
    if (told.size() != 1) {
      throw new IllegalStateException(
          "not one verdict of the direction, but "
              + all
              + " and "
              + returned
              + " at "
              + datapath.endpoints().get(id));
    }
    var answer = told.getFirst();
    var passes = answer.verdict == Verdict.ALLOW || answer.verdict == Verdict.AUDIT;
    if (passes == (returned == SHOT)) {
      throw new IllegalStateException("told " + all + ", but did " + returned);
    }
    return answer;
  }

  private @Nullable Answer answer(FlowEvent event, boolean ingress) {
    if (event.kind() != EventKind.POLICY_VERDICT.number()
        || event.direction() != (ingress ? PolicyKey.INGRESS : PolicyKey.EGRESS)) {
      return null;
    }
    var decidedBy = rules.rule(event.rule());
    if (decidedBy == null) {
      throw new IllegalStateException("rule " + event.rule() + " was never given");
    }
    var origins = new HashSet<String>();
    for (RuleOrigin origin : decidedBy.origins().asList()) {
      origins.add(origin.toString());
    }
    return new Answer(
        Objects.requireNonNull(Verdict.of(event.subtype())), origins, event.toString());
  }

  /** The addresses in the kernel and whose they are. */
  String addresses() {
    var text = new StringBuilder();
    datapath
        .ipcache()
        .forEach((key, value) -> text.append(key).append(' ').append(value).append('\n'));
    return text.toString();
  }

  @Override
  public void close() {
    ring.close();
    datapath.close();
    Datapath.forget(pins);
  }
}
