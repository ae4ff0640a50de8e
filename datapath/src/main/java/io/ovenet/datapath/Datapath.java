package io.ovenet.datapath;

import io.ovenet.bpf.AttachMode;
import io.ovenet.bpf.BpfMap;
import io.ovenet.bpf.BpfObject;
import io.ovenet.bpf.BpfProgram;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.Stream;

/**
 * The programs and maps of a node, in the kernel and pinned: they live on, with every connection,
 * when this object is closed or its process killed. Opening again adopts the maps as they are;
 * attaching again puts today's programs in the place of those that run.
 *
 * <p>Pins: {@code maps/NAME}, {@code programs/NAME} and {@code links/IFINDEX-PROGRAM} below the
 * directory. Thread-safe, but for {@link #close}; one at a time for a directory.
 */
public final class Datapath implements AutoCloseable {
  static final String FROM_POD = "from_pod";
  static final String TO_POD = "to_pod";
  static final String FROM_HOST = "from_host";
  static final String FROM_OVERLAY = "from_overlay";
  static final String FROM_NETWORK = "from_network";
  private static final String VERIFY_POLICY = "verify_policy";
  private static final String SEND_TRACED = "send_traced";
  private static final String OBJECT = "pod.bpf.o";

  private final SortedMap<String, BpfMap> maps = new TreeMap<>();
  private final SortedMap<String, BpfProgram> programs = new TreeMap<>();
  private final Arena arena = Arena.ofShared();
  private final Attachments attachments;

  private final EndpointTable endpoints;
  private final Revisions revisions;

  /**
   * Loads the programs, adopting what is pinned.
   *
   * @param directory on a bpffs; made if it is not there
   * @throws io.ovenet.bpf.BpfException if the kernel refuses, with the verifier's log; or if a map
   *     is pinned there whose shape is another: {@link #forget} what is pinned to begin anew
   */
  public static Datapath open(Path directory, DatapathOptions options) {
    return new Datapath(directory, options);
  }

  private Datapath(Path directory, DatapathOptions options) {
    try (BpfObject object = BpfObject.open("ovenet", bytes(OBJECT))) {
      object.setConstant("config", options.config());
      setSizes(object, options);
      for (String map : object.maps().keySet()) {
        object.setPin(map, directory.resolve("maps").resolve(map));
      }
      object.load();
      for (String map : object.maps().keySet()) {
        maps.put(map, object.map(map));
      }
      for (String program : object.programs()) {
        programs.put(program, object.program(program));
      }
      endpoints = new EndpointTable(map("endpoint_map").mapInto(arena));
      revisions = new Revisions(map("revision_map").mapInto(arena));
      revisions.raiseTables(); // whoever wrote last may have been killed before that
      pinPrograms(directory.resolve("programs"));
      attachments =
          new Attachments(directory, programs, AttachMode.selectFirst(), AttachMode.select());
    } catch (RuntimeException e) {
      close();
      throw e;
    }
  }

  /**
   * Removes everything pinned there: programs are detached, connections and counters gone.
   *
   * @param directory as given to {@link #open}; no error if it is not there
   */
  public static void forget(Path directory) {
    if (!Files.exists(directory)) {
      return;
    }
    try (Stream<Path> files = Files.walk(directory)) {
      for (Path file : (Iterable<Path>) files.sorted(Comparator.reverseOrder())::iterator) {
        Files.delete(file);
      }
    } catch (IOException e) {
      throw new UncheckedIOException("remove the pins in " + directory, e);
    }
  }

  private void pinPrograms(Path directory) {
    try {
      Files.createDirectories(directory);
      for (var program : programs.entrySet()) {
        Path fresh = directory.resolve(program.getKey() + "-new");
        Files.deleteIfExists(fresh); // of a process that was killed in between
        program.getValue().pin(fresh);
        Files.move(fresh, directory.resolve(program.getKey()), StandardCopyOption.ATOMIC_MOVE);
      }
    } catch (IOException e) {
      throw new UncheckedIOException("pin the programs in " + directory, e);
    }
  }

  private static void setSizes(BpfObject object, DatapathOptions options) {
    object.setMaxEntries("conntrack_map", options.connections());
    object.setMaxEntries("conntrack_slots", options.connections());
    object.setMaxEntries("nat_map", options.connections());
    object.setMaxEntries("service_flow_map", options.connections());
    object.setMaxEntries("events", options.ringBytes());
    object.setMaxEntries("policy_map", options.policyEntries());
    object.setMaxEntries("class_map", options.identities());
    object.setMaxEntries("ipcache", options.prefixes());
  }

  /** The compiled programs of packets, as they stand in the jar. */
  static byte[] bytes() {
    return bytes(OBJECT);
  }

  /** A compiled object, as it stands in the jar. */
  static byte[] bytes(String object) {
    try (InputStream in = Datapath.class.getResourceAsStream(object)) {
      if (in == null) {
        throw new IllegalStateException(object + " is missing from the jar: build it with make");
      }
      return in.readAllBytes();
    } catch (IOException e) {
      throw new UncheckedIOException("read " + object + " from the jar", e);
    }
  }

  /**
   * Attaches {@code from_pod} and {@code to_pod} to the host's side of an endpoint's veth, a device
   * of the calling thread's network namespace. Where older programs of ours run, these take their
   * place without a gap; attaching again changes nothing. Takes the kernel a millisecond: by clsact
   * where it can be chosen, until {@link #settleEndpoint}.
   */
  public void attachEndpoint(int ifindex) {
    attachments.attach(ifindex, TO_POD);
    attachments.attach(ifindex, FROM_POD);
  }

  /**
   * Moves an endpoint's programs from clsact to links of their own where the kernel has them, which
   * cost each packet less (some 30 ns) and cannot be deleted with a qdisc. No packet passes
   * unjudged meanwhile. Holds the kernel's lock of all devices for some 30 ms: for a time when
   * nobody waits.
   */
  public void settleEndpoint(int ifindex) {
    attachments.settle(ifindex, TO_POD);
    attachments.settle(ifindex, FROM_POD);
  }

  /** Whether {@link #settleEndpoint} has nothing to do. */
  public boolean isEndpointSettled(int ifindex) {
    return attachments.isSettled(ifindex, FROM_POD) && attachments.isSettled(ifindex, TO_POD);
  }

  /**
   * Attaches {@code from_host} to the device that pods' addresses are routed to, a device of the
   * calling thread's network namespace: as {@link #attachEndpoint}.
   */
  public void attachHost(int ifindex) {
    attachments.settle(ifindex, FROM_HOST);
  }

  /**
   * Takes an endpoint's programs off its device; no error if none is there or the device is gone.
   * From then on nothing passes there.
   */
  public void detachEndpoint(int ifindex) {
    attachments.detach(ifindex, FROM_POD);
    attachments.detach(ifindex, TO_POD);
  }

  /** Attaches {@code from_overlay} to the overlay's device: as {@link #attachEndpoint}. */
  public void attachOverlay(int ifindex) {
    attachments.attach(ifindex, FROM_OVERLAY);
  }

  /**
   * Attaches {@code from_network} to the device towards other machines: as {@link #attachEndpoint}.
   */
  public void attachNetwork(int ifindex) {
    attachments.attach(ifindex, FROM_NETWORK);
  }

  public void detachNetwork(int ifindex) {
    attachments.detach(ifindex, FROM_NETWORK);
  }

  public void detachOverlay(int ifindex) {
    attachments.detach(ifindex, FROM_OVERLAY);
  }

  public void detachHost(int ifindex) {
    attachments.detach(ifindex, FROM_HOST);
  }

  /** Whether both programs of an endpoint run on its device, and are those of this object. */
  public boolean isEndpointAttached(int ifindex) {
    return attachments.isAttached(ifindex, FROM_POD) && attachments.isAttached(ifindex, TO_POD);
  }

  public boolean isHostAttached(int ifindex) {
    return attachments.isAttached(ifindex, FROM_HOST);
  }

  /** Takes one program off a device. */
  void detach(int ifindex, String program) {
    attachments.detach(ifindex, program);
  }

  public EndpointTable endpoints() {
    return endpoints;
  }

  public Revisions revisions() {
    return revisions;
  }

  /** endpoint_by_address: which endpoint of this node has an address. */
  public MapTable<AddressKey, EndpointRef> endpointsByAddress() {
    return table("endpoint_by_address", AddressKey.CODEC, EndpointRef.CODEC);
  }

  public MapTable<IpcacheKey, IpcacheValue> ipcache() {
    return table("ipcache", IpcacheKey.CODEC, IpcacheValue.CODEC);
  }

  /** class_map: identity to the class that policies tell apart; without it nothing passes. */
  public MapTable<Integer, Integer> classes() {
    return remembered("class_map", U32.CODEC, U32.CODEC);
  }

  /** announced_map: addresses that this node answers ARP for. */
  public MapTable<AnnouncedKey, Announced> announced() {
    return table("announced_map", AnnouncedKey.CODEC, Announced.CODEC);
  }

  public MapTable<PolicyKey, PolicyValue> policies() {
    return remembered("policy_map", PolicyKey.CODEC, PolicyValue.CODEC);
  }

  /**
   * The connections. The packet path collects what has expired by itself; deleting from here is
   * allowed, inserting is not.
   */
  public MapTable<ConntrackKey, ConntrackEntry> conntrack() {
    return table("conntrack_map", ConntrackKey.CODEC, ConntrackEntry.CODEC);
  }

  /** nat_map: ports of the node's that pods' connections have. The packet path's. */
  public MapTable<NatKey, NatValue> nat() {
    return table("nat_map", NatKey.CODEC, NatValue.CODEC);
  }

  /**
   * service_map: who serves a frontend. Change it by one {@link MapTable#upsert}, after the ranges
   * that the value names.
   */
  public MapTable<ServiceKey, ServiceValue> services() {
    return table("service_map", ServiceKey.CODEC, ServiceValue.CODEC);
  }

  /** service_slots: numbers of backends, in ranges that {@link ServiceValue} names. */
  public MapTable<Integer, Integer> serviceSlots() {
    return table("service_slots", U32.CODEC, U32.CODEC);
  }

  /**
   * backend_map: a backend by its number. Without its entry a backend's connections through
   * services end, so it stays as long as the backend may answer, whether in a range or not.
   */
  public MapTable<Integer, Backend> backends() {
    return table("backend_map", U32.CODEC, Backend.CODEC);
  }

  /** redirect_skip_map: who skips a service with {@link ServiceValue#SKIPPED}; always 1. */
  public MapTable<RedirectSkipKey, Integer> redirectSkips() {
    return table("redirect_skip_map", RedirectSkipKey.CODEC, U32.CODEC);
  }

  /** source_range_map: who may call a service with {@link ServiceValue#SOURCE_RANGES}; always 1. */
  public MapTable<SourceRangeKey, Integer> sourceRanges() {
    return table("source_range_map", SourceRangeKey.CODEC, U32.CODEC);
  }

  /** service_flow_map: the backends of what is translated packet by packet. The packet path's. */
  public MapTable<ServiceFlowKey, ServiceFlow> serviceFlows() {
    return table("service_flow_map", ServiceFlowKey.CODEC, ServiceFlow.CODEC);
  }

  /**
   * The ring of {@link FlowEvent}s, for a {@link io.ovenet.bpf.RingBuffer}; stays this object's.
   */
  public BpfMap events() {
    return map("events");
  }

  /** The ring of {@link DnsMessage}s; stays this object's. */
  public BpfMap dnsMessages() {
    return map("dns_messages");
  }

  /** How many entries a map has: by reading it, conntrack_map by what is counted of its slots. */
  public long entries(String map) {
    long[] count = new long[1];
    if (map.equals("conntrack_map")) {
      map("conntrack_owned")
          .forEach((_, slots) -> count[0] += slots.get(ValueLayout.JAVA_LONG_UNALIGNED, 0));
    } else {
      map(map).forEach((_, _) -> count[0]++);
    }
    return count[0];
  }

  /** Events written and lost since the maps were made, of all processors. */
  public EventCounter eventCounter() {
    return counter("event_counters");
  }

  /** The same of DNS messages. */
  public EventCounter dnsCounter() {
    return counter("dns_counters");
  }

  private EventCounter counter(String map) {
    EventCounter sum = new EventCounter(0, 0);
    for (EventCounter each : perCpu(map, 0, EventCounter.CODEC)) {
      sum = sum.plus(each);
    }
    return sum;
  }

  /** What was dropped, by reason and direction; without what never happened. */
  public List<DropCount> drops() {
    List<DropCount> found = new ArrayList<>();
    for (int index = 0; index < map("drop_counters").maxEntries(); index++) {
      Counter sum = new Counter(0, 0);
      for (Counter each : perCpu("drop_counters", index, Counter.CODEC)) {
        sum = sum.plus(each);
      }
      if (sum.packets() != 0) {
        found.add(new DropCount(index / 4, index % 4, sum));
      }
    }
    return found;
  }

  /**
   * How often the header of the overlay and this node's own knowledge disagreed; all but {@link
   * Disagreement#IDENTITY} were dropped.
   */
  public Map<Disagreement, Long> disagreements() {
    var found = new EnumMap<Disagreement, Long>(Disagreement.class);
    for (Disagreement which : Disagreement.values()) {
      long sum = 0;
      for (long each : perCpu("disagreements", which.number(), U64.CODEC)) {
        sum += each;
      }
      found.put(which, sum);
    }
    return found;
  }

  private <T> List<T> perCpu(String name, int index, Codec<T> codec) {
    BpfMap map = map(name);
    byte[] key = new byte[4];
    MemorySegment.ofArray(key).set(Bytes.U32, 0, index);
    byte[] bytes = map.lookup(key);
    List<T> values = new ArrayList<>();
    for (int at = 0; bytes != null && at < bytes.length; at += map.valueStride()) {
      values.add(codec.read(MemorySegment.ofArray(bytes), at));
    }
    return values;
  }

  /** trace_map: what became of traced packets. */
  public MapTable<TraceKey, TraceStep> traceSteps() {
    return table("trace_map", TraceKey.CODEC, TraceStep.CODEC);
  }

  /**
   * Sends a packet in a pod's place, to be told of in {@link #traceSteps} and dropped before it
   * gets anywhere; from the calling thread's network namespace, which is the node's.
   *
   * @param number below {@link TracedPacket#NUMBERS}
   * @return false: no endpoint of this node has the packet's source address
   * @throws io.ovenet.bpf.BpfException if the kernel can't: the pod's device is down, say
   */
  public boolean trace(TracedPacket packet, int number) {
    return packet.send(program(SEND_TRACED), number);
  }

  /** Asks what policies decide as they stand in the kernel. */
  public PolicyProbe probe() {
    return new PolicyProbe(program(VERIFY_POLICY));
  }

  /** How often and how long each program ran while the kernel counted. */
  SortedMap<String, BpfProgram.Statistics> programStatistics() {
    SortedMap<String, BpfProgram.Statistics> found = new TreeMap<>();
    programs.forEach((name, program) -> found.put(name, program.statistics()));
    return found;
  }

  /** A loaded program, for test runs and benchmarks; stays this object's. */
  public BpfProgram program(String name) {
    BpfProgram program = programs.get(name);
    if (program == null) {
      throw new IllegalArgumentException("no program " + name + " in " + programs.keySet());
    }
    return program;
  }

  /** A map by its name in C; stays this object's. */
  public BpfMap map(String name) {
    BpfMap map = maps.get(name);
    if (map == null) {
      throw new IllegalArgumentException("no map " + name + " in " + maps.keySet());
    }
    return map;
  }

  private <K, V> MapTable<K, V> table(String name, Codec<K> keys, Codec<V> values) {
    return new MapTable<>(map(name), keys, values);
  }

  /** One that programs remember what they read in, until it is written. */
  private <K, V> MapTable<K, V> remembered(String name, Codec<K> keys, Codec<V> values) {
    return new MapTable<>(map(name), keys, values, revisions::raiseTables);
  }

  /** Gives back descriptors and mappings. What is pinned and attached stays. */
  @Override
  public void close() {
    programs.values().forEach(BpfProgram::close);
    maps.values().forEach(BpfMap::close);
    if (arena.scope().isAlive()) {
      arena.close();
    }
  }
}
