package io.ovenet.bench;

import io.ovenet.bpf.BpfMap;
import io.ovenet.bpf.LinkSpec;
import io.ovenet.bpf.MacAddress;
import io.ovenet.bpf.Mounts;
import io.ovenet.bpf.Netlink;
import io.ovenet.bpf.NetworkNamespace;
import io.ovenet.datapath.AddressKey;
import io.ovenet.datapath.Datapath;
import io.ovenet.datapath.DatapathOptions;
import io.ovenet.datapath.Endpoint;
import io.ovenet.datapath.EndpointRef;
import io.ovenet.datapath.IpcacheKey;
import io.ovenet.datapath.IpcacheValue;
import io.ovenet.datapath.PolicyKey;
import io.ovenet.datapath.PolicyValue;
import io.ovenet.datapath.Verdict;
import java.io.IOException;
import java.net.InetAddress;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;

/**
 * The product's programs and tables with endpoints that may talk to each other, policy enforced at
 * both sides, in a bpffs and a network namespace of its own; nothing is attached.
 */
final class ProgramNode implements AutoCloseable {
  /** What policy lets in, among others. */
  static final int PORT = 443;

  private static final int OTHER_PORTS = 64;
  private static final int TCP = 6;
  private static final int UDP = 17;
  private static final int FIRST_IDENTITY = 1000;

  private final Undo undo = new Undo("the programs' node");
  private final Datapath datapath;
  private final NetworkNamespace namespace;
  private final List<Frames.End> pods = new ArrayList<>();

  /** With endpoints 1 to {@code count}, and the sizes that are shipped. */
  ProgramNode(int count) throws IOException {
    String name = "ovt-bench-" + ProcessHandle.current().pid() + "-";
    try {
      namespace = undo.keep(NetworkNamespace::create);
      Path bpffs = undo.make(() -> Files.createTempDirectory(name), Files::delete);
      undo.make(() -> mounted(bpffs), Mounts::unmount);
      DatapathOptions options = new DatapathOptions(1, MacAddress.parse("02:00:00:00:00:aa"));
      datapath = undo.keep(() -> Datapath.open(bpffs.resolve("ovenet"), options));
      fill(count);
    } catch (IOException | RuntimeException e) {
      try {
        undo.close();
      } catch (IOException left) {
        e.addSuppressed(left);
      }
      throw e;
    }
  }

  private static Path mounted(Path bpffs) {
    Mounts.mountBpffs(bpffs);
    return bpffs;
  }

  private void fill(int count) {
    datapath.revisions().setCurrent(1);
    datapath.revisions().setRemote(1);
    try (Netlink netlink = Netlink.open(namespace)) {
      for (int id = 1; id <= count; id++) {
        netlink
            .links()
            .createVeth(
                LinkSpec.named("lxc" + id).withIfindex(Endpoint.ifindexOf(id)),
                LinkSpec.named("pod" + id));
        addEndpoint(id);
      }
    }
    for (int id = 1; id <= count; id++) {
      for (int peer = 1; peer <= count; peer++) {
        allow(id, peer);
      }
    }
  }

  private void addEndpoint(int id) {
    InetAddress address = InetAddress.ofLiteral("10.0.0." + id);
    MacAddress mac = MacAddress.parse("0a:00:00:00:00:0" + id);
    datapath
        .endpoints()
        .put(
            id,
            new Endpoint(
                1,
                Endpoint.ifindexOf(id),
                FIRST_IDENTITY + id,
                id,
                EnumSet.allOf(Endpoint.Flag.class),
                1,
                0,
                mac,
                DatapathOptions.GATEWAY_MAC,
                address,
                InetAddress.ofLiteral("::")));
    datapath.endpointsByAddress().upsert(new AddressKey(address), new EndpointRef(id, 1));
    datapath.ipcache().upsert(IpcacheKey.of(address), new IpcacheValue(FIRST_IDENTITY + id));
    datapath.classes().upsert(FIRST_IDENTITY + id, FIRST_IDENTITY + id);
    pods.add(new Frames.End(mac, address, PORT));
  }

  private void allow(int id, int peer) {
    for (int direction : new int[] {PolicyKey.INGRESS, PolicyKey.EGRESS}) {
      for (int i = 0; i < OTHER_PORTS; i++) {
        int port = i == 0 ? PORT : 2000 + 37 * i;
        for (int protocol : new int[] {TCP, UDP}) {
          datapath
              .policies()
              .upsert(
                  PolicyKey.port(id, FIRST_IDENTITY + peer, direction, protocol, port),
                  new PolicyValue(Verdict.ALLOW, 2, 1 + i));
        }
      }
    }
  }

  Datapath datapath() {
    return datapath;
  }

  /** An endpoint as a sender, with a port of its own. */
  Frames.End from(int id, int port) {
    Frames.End pod = pods.get(id - 1);
    return new Frames.End(pod.mac(), pod.address(), port);
  }

  /** An endpoint as its peers reach it: by the gateway. */
  Frames.End to(int id, int port) {
    return new Frames.End(DatapathOptions.GATEWAY_MAC, pods.get(id - 1).address(), port);
  }

  /** Runs in the namespace of the endpoints' devices. */
  <T> T inside(NetworkNamespace.Action<T, RuntimeException> action) {
    return namespace.call(action);
  }

  /** {@code struct __sk_buff} of a packet that came in at an endpoint's device. */
  static byte[] context(int id) {
    return ByteBuffer.allocate(192)
        .order(ByteOrder.nativeOrder())
        .putInt(40, Endpoint.ifindexOf(id))
        .array();
  }

  /** Lets the next connections look for room {@code slots} further on. */
  void skipSlots(int slots) {
    BpfMap hand = datapath.map("conntrack_hand");
    byte[] key = new byte[Integer.BYTES];
    byte[] now = hand.lookup(key);
    if (now == null) {
      throw new IllegalStateException("conntrack_hand has no entry");
    }
    ByteBuffer next = ByteBuffer.wrap(now).order(ByteOrder.nativeOrder());
    hand.update(key, next.putLong(0, next.getLong(0) + slots).array());
  }

  @Override
  public void close() throws IOException {
    undo.close();
  }
}
