package io.ovenet.agent;

import io.ovenet.bpf.BpfException;
import io.ovenet.datapath.SocketPrograms;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The programs by which the sockets of this node, its own and its pods', call services: at the root
 * of the node's control groups. Where they cannot be had, packets are translated one by one
 * instead; the node's own processes then reach no service.
 */
final class NodeSockets {
  private static final Logger log = LoggerFactory.getLogger(NodeSockets.class);
  private static final String KEY = "kube-proxy-replacement";

  private NodeSockets() {}

  /**
   * Attaches the programs, or takes them off where kube-proxy does it.
   *
   * @param directory of the datapath's pins
   * @throws ConfigException where services have to be served strictly and the kernel refuses
   */
  static void setUp(ServicesConfig config, Path directory) throws IOException {
    if (!config.enabled() && Files.notExists(directory.resolve("links/socket-connect4"))) {
      return;
    }
    try (var programs = SocketPrograms.open(directory)) {
      if (config.enabled()) {
        var named = config.controlGroups();
        programs.attach(named == null ? root(Path.of("/proc/self/mountinfo")) : named);
      } else {
        programs.detach();
      }
    } catch (BpfException | IOException e) {
      if (!config.enabled()) {
        log.debug("no socket programs to take off: {}", e.getMessage());
        return;
      }
      if (config.strict()) {
        throw new ConfigException(
            KEY,
            "strict: this node cannot translate services at sockets: " + e.getMessage(),
            "use a kernel with BPF_CGROUP_INET4_CONNECT, UDP4_SENDMSG, UDP4_RECVMSG and"
                + " INET4_GETPEERNAME links (5.8) and mount cgroup2, or set true");
      }
      log.error(
          "{}: no services for this node's own processes, and pods' by packet: {}",
          KEY,
          e.getMessage());
    }
  }

  /** Where this node has mounted cgroup2: what is mounted there last is what is seen. */
  static Path root(Path mounts) throws IOException {
    for (var line : Files.readAllLines(mounts)) {
      int separator = line.indexOf(" - ");
      if (separator > 0 && line.startsWith("cgroup2 ", separator + 3)) {
        return Path.of(line.split(" ", -1)[4]);
      }
    }
    throw new IOException("no cgroup2 is mounted");
  }
}
