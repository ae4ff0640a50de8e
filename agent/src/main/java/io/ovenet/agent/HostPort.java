package io.ovenet.agent;

import io.ovenet.kubernetes.PodRecord;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A port of the node that leads to a pod of it.
 *
 * @param address of the node, at which it is; null: at all
 * @param protocol IANA's number
 * @param pod address of the pod
 */
record HostPort(
    @Nullable InetAddress address,
    int port,
    int protocol,
    InetAddress pod,
    int podPort,
    String uid) {
  private static final Logger log = LoggerFactory.getLogger(HostPort.class);

  /** Those of a pod; none where it has no IPv4 address, has ended, or lives in the node itself. */
  static List<HostPort> of(PodRecord pod) {
    var ports = new ArrayList<HostPort>();
    var address = pod.hostNetwork() || pod.ended() ? null : addressOf(pod);
    if (address == null) {
      return ports;
    }
    for (var port : pod.ports()) {
      int protocol = ServiceFrontends.protocol(port.protocol());
      if (port.hostPort() != 0 && protocol != 0) {
        try {
          var at = port.hostIp().isEmpty() ? null : InetAddress.ofLiteral(port.hostIp());
          if (at != null && at.isLoopbackAddress()) {
            log.warn(
                "pod {}: hostPort {} at {} leads nowhere: use an address of the node, or none",
                pod.key(),
                port.hostPort(),
                port.hostIp());
          } else if (at == null || at.isAnyLocalAddress() || at instanceof Inet4Address) {
            ports.add(
                new HostPort(
                    at == null || at.isAnyLocalAddress() ? null : at,
                    port.hostPort(),
                    protocol,
                    address,
                    port.port(),
                    pod.uid()));
          }
        } catch (IllegalArgumentException e) {
          log.warn(
              "pod {}: hostIP '{}' of hostPort {} is no address; it leads nowhere",
              pod.key(),
              port.hostIp(),
              port.hostPort());
        }
      }
    }
    return ports;
  }

  /** A pod's IPv4 address; null while it has none. */
  static @Nullable InetAddress addressOf(PodRecord pod) {
    for (var ip : pod.ips()) {
      try {
        if (InetAddress.ofLiteral(ip) instanceof Inet4Address address) {
          return address;
        }
      } catch (IllegalArgumentException e) {
        log.warn("pod {}: '{}' is no address", pod.key(), ip);
      }
    }
    return null;
  }
}
