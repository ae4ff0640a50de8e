package io.ovenet.datapath;

import static org.assertj.core.api.Assertions.assertThat;

import io.ovenet.bpf.BpfProgram;
import io.ovenet.bpf.IpPrefix;
import io.ovenet.bpf.LinkSpec;
import io.ovenet.bpf.MacAddress;
import io.ovenet.bpf.Mounts;
import io.ovenet.bpf.Netlink;
import io.ovenet.bpf.NetworkNamespace;
import io.ovenet.bpf.RingBuffer;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.net.InetAddress;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;

/**
 * A node's tables with three endpoints and the programs to run on packets, without any traffic.
 * Devices are there since a test run wants one with the endpoint's interface index.
 */
final class TestNode implements AutoCloseable {
  static final int REDIRECT = 7; // TC_ACT_REDIRECT
  static final int SHOT = 2;
  static final int OK = 0;

  static final InetAddress HOST = InetAddress.ofLiteral("172.20.0.1");
  static final InetAddress OUTSIDE = InetAddress.ofLiteral("198.51.100.7");
  static final InetAddress NOBODY = InetAddress.ofLiteral("10.0.0.99");
  static final MacAddress HOST_MAC = MacAddress.parse("02:00:00:00:00:aa");
  private static final MacAddress NO_MAC = new MacAddress(0);
  static final int HOST_IFINDEX = 7;
  static final int TUNNEL_IFINDEX = 9;

  /** Masquerades by 16 ports, two of which are an endpoint's. */
  static final NodeNetwork NETWORK =
      new NodeNetwork(
          8,
          InetAddress.ofLiteral("198.51.100.1"),
          IpPrefix.parse("10.0.0.0/16"),
          61_000,
          16,
          8472);

  static final int WEB = 1001;
  static final int CLIENT = 1002;
  static final int STRANGER = 1003;
  private static final int FIRST_ID = 3000;

  /** A pod that is there, with its policy's number. */
  record Pod(int id, int identity, int policy, InetAddress address, MacAddress mac) {
    Frame to(Pod other) {
      return to(other.address);
    }

    Frame to(InetAddress other) {
      return Frame.of(mac, DatapathOptions.GATEWAY_MAC, address, other);
    }

    /** What the stack sends to the pod. */
    Frame hears(InetAddress other) {
      return Frame.of(HOST_MAC, NO_MAC, other, address);
    }
  }

  /** A copy of an event, since the ring takes its memory back. */
  record Seen(FlowEvent event) {
    /** Each event of a record. */
    static List<Seen> copy(MemorySegment data, long offset, int length) {
      assertThat(FlowEvent.isRecord(length)).as("a record of %d bytes", length).isTrue();
      MemorySegment bytes = MemorySegment.ofArray(data.asSlice(offset, length).toArray(Bytes.U8));
      List<Seen> events = new ArrayList<>();
      FlowEvent at = new FlowEvent().record(bytes, 0, length);
      while (at.next()) {
        FlowEvent copy = new FlowEvent().record(bytes, 0, length);
        for (int i = 0; i <= events.size(); i++) {
          copy.next();
        }
        events.add(new Seen(copy));
      }
      return events;
    }

    String what() {
      return switch (event.kind()) {
        case 1 ->
            "drop " + DropReason.of(event.subtype()) + " " + DropDetail.of(event.dropDetail());
        case 4 -> ObservationPoint.of(event.subtype()) + " " + TraceReason.of(event.traceReason());
        default -> Verdict.of(event.subtype()) + (event.direction() == 1 ? " in" : " out");
      };
    }
  }

  /** What a packet came to. */
  @SuppressWarnings("ArrayRecordComponent") // packets are bytes; nobody compares outcomes
  record Outcome(int returned, byte[] packet, List<Seen> events) {
    List<String> what() {
      return events.stream().map(Seen::what).toList();
    }
  }

  /** No test is slow enough for what is told by the clock. */
  static final Reporting REPORTING = new Reporting(false, Reporting.LONGEST, 7);

  final Path bpffs;
  final Datapath datapath;
  final RingBuffer ring;
  private final NetworkNamespace namespace = NetworkNamespace.create();
  final Pod web = pod(1, WEB, 11);
  final Pod client = pod(2, CLIENT, 12);
  final Pod stranger = pod(3, STRANGER, 13);

  TestNode(DatapathOptions options) throws IOException {
    bpffs = Files.createTempDirectory("ovt-datapath-" + ProcessHandle.current().pid() + "-");
    Mounts.mountBpffs(bpffs);
    try {
      datapath = Datapath.open(bpffs.resolve("ovenet"), options);
    } catch (RuntimeException e) {
      Mounts.unmount(bpffs);
      Files.delete(bpffs);
      throw e;
    }
    ring = new RingBuffer(datapath.events());
    try (Netlink netlink = Netlink.open(namespace)) {
      for (Pod pod : pods()) {
        LinkSpec device = LinkSpec.named("lxc" + pod.id).withIfindex(Endpoint.ifindexOf(pod.id));
        netlink.links().createVeth(device, LinkSpec.named("eth" + pod.id));
      }
    }
    datapath.revisions().setCurrent(1);
    datapath.revisions().setRemote(1);
    datapath.ipcache().upsert(IpcacheKey.of(HOST), new IpcacheValue(1));
    datapath
        .ipcache()
        .upsert(new IpcacheKey(InetAddress.ofLiteral("0.0.0.0"), 0), new IpcacheValue(2));
    for (int identity : new int[] {1, 2, WEB, CLIENT, STRANGER}) {
      datapath.classes().upsert(identity, identity);
    }
    for (Pod pod : pods()) {
      put(pod, EnumSet.of(Endpoint.Flag.PRESENT), 1, 1);
    }
  }

  static DatapathOptions options() {
    return new DatapathOptions(HOST_IFINDEX, HOST_MAC)
        .withConnections(1024)
        .withRingBytes(1 << 16)
        .withTunnel(TUNNEL_IFINDEX)
        .withReporting(REPORTING);
  }

  private static Pod pod(int number, int identity, int policy) {
    return new Pod(
        FIRST_ID + number,
        identity,
        policy,
        InetAddress.ofLiteral("10.0.0." + number),
        MacAddress.parse("0a:00:00:00:00:0" + number));
  }

  List<Pod> pods() {
    return List.of(web, client, stranger);
  }

  /** Puts a pod into the tables, with an ipcache entry as an agent writes one. */
  void put(Pod pod, Set<Endpoint.Flag> flags, long revision, int generation) {
    datapath
        .endpoints()
        .put(
            pod.id,
            new Endpoint(
                revision,
                Endpoint.ifindexOf(pod.id),
                pod.identity,
                pod.policy,
                flags,
                generation,
                0,
                pod.mac,
                DatapathOptions.GATEWAY_MAC,
                pod.address,
                InetAddress.ofLiteral("::")));
    datapath
        .endpointsByAddress()
        .upsert(new AddressKey(pod.address), new EndpointRef(pod.id, generation));
    datapath.ipcache().upsert(IpcacheKey.of(pod.address), new IpcacheValue(pod.identity));
  }

  /** From now on the pod's policy counts, in these directions. */
  void enforce(Pod pod, Endpoint.Flag... directions) {
    var flags = EnumSet.of(Endpoint.Flag.PRESENT, directions);
    datapath.endpoints().setFlags(pod.id, flags);
  }

  void rule(Pod pod, int direction, int peer, int protocol, int port, Verdict verdict, int rule) {
    datapath
        .policies()
        .upsert(
            PolicyKey.port(pod.policy, peer, direction, protocol, port),
            new PolicyValue(verdict, 2, rule));
  }

  /** Every table is as it should be from here on: what was decided before is void for the pod. */
  void changed(Pod pod) {
    long revision = datapath.revisions().current() + 1;
    datapath.revisions().setCurrent(revision);
    datapath.endpoints().setRevision(pod.id, revision);
  }

  Outcome send(Pod pod, Frame frame) {
    return run("from_pod", pod, frame.bytes());
  }

  Outcome hear(Pod pod, Frame frame) {
    return run("to_pod", pod, frame.bytes());
  }

  /** Runs a program as if on the pod's device, and takes what it told. */
  Outcome run(String program, Pod pod, byte[] frame) {
    byte[] context = context(Endpoint.ifindexOf(pod.id));
    BpfProgram.TestRun run =
        namespace.call(() -> datapath.program(program).testRun(frame, context, 1));
    return new Outcome(run.returnValue(), run.packet(), events());
  }

  List<Seen> events() {
    List<Seen> seen = new ArrayList<>();
    ring.drain((data, offset, length) -> seen.addAll(Seen.copy(data, offset, length)));
    return seen;
  }

  /** {@code struct __sk_buff}, all zero but for ifindex; the kernel gives all of it back. */
  static byte[] context(int ifindex) {
    return ByteBuffer.allocate(192).order(ByteOrder.nativeOrder()).putInt(40, ifindex).array();
  }

  int connections() {
    int[] count = new int[1];
    datapath.conntrack().forEach((key, value) -> count[0]++);
    return count[0];
  }

  /** Runs in the namespace of the devices. */
  <T> T inside(NetworkNamespace.Action<T, RuntimeException> action) {
    return namespace.call(action);
  }

  /** The same, of what reads and writes. */
  <T> T insideIo(NetworkNamespace.Action<T, IOException> action) throws IOException {
    return namespace.call(action);
  }

  @Override
  public void close() throws IOException {
    namespace.close();
    ring.close();
    datapath.close();
    Path pins = bpffs.resolve("ovenet");
    Datapath.forget(pins);
    if (Files.exists(pins)) {
      throw new IllegalStateException(pins + " is still there");
    }
    Mounts.unmount(bpffs);
    Files.delete(bpffs);
  }
}
