package io.ovenet.prove;

import io.ovenet.bpf.LinkSpec;
import io.ovenet.bpf.Mounts;
import io.ovenet.bpf.Netlink;
import io.ovenet.bpf.NetworkNamespace;
import io.ovenet.datapath.Endpoint;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * Devices of endpoints 1 to {@link #COUNT} in a namespace of their own, since a program's test run
 * wants one with the endpoint's interface index, and a file system for what is pinned. No traffic.
 */
public final class Devices implements AutoCloseable {
  static final int COUNT = 24;

  private final NetworkNamespace namespace;
  private final Path bpffs;
  private int pins;

  /** Makes them; needs root. */
  public Devices() throws IOException {
    bpffs = Files.createTempDirectory("ovenet-prove-" + ProcessHandle.current().pid() + "-");
    Mounts.mountBpffs(bpffs);
    namespace = NetworkNamespace.create();
    try (var netlink = Netlink.open(namespace)) {
      for (var id = 1; id <= COUNT; id++) {
        var device = LinkSpec.named("ove" + id).withIfindex(Endpoint.ifindexOf(id));
        netlink.links().createVeth(device, LinkSpec.named("eth" + id));
      }
    }
  }

  /** A directory for pins that nobody has used. */
  Path freshPins() {
    return bpffs.resolve("node" + pins++);
  }

  <T> T inside(NetworkNamespace.Action<T, RuntimeException> action) {
    return namespace.call(action);
  }

  @Override
  public void close() throws IOException {
    namespace.close();
    Mounts.unmount(bpffs);
    Files.delete(bpffs);
  }
}
