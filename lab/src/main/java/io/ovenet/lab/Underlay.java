package io.ovenet.lab;

import static io.ovenet.lab.Namespaces.Kind.HOSTNAME;
import static io.ovenet.lab.Namespaces.Kind.MOUNT;
import static io.ovenet.lab.Namespaces.Kind.NETWORK;
import static io.ovenet.lab.Namespaces.Kind.PROCESS;

import java.io.IOException;
import java.util.List;

/**
 * The network between the nodes: a bridge in a namespace of its own, and the world outside the
 * cluster as another namespace on that bridge. The machine's own namespace gets no interface.
 *
 * <p>Addresses: 192.168.77.1 the bridge, where the API listens for the nodes; .254 the outside,
 * every node's default gateway, which also answers as 203.0.113.1 (TEST-NET-3, RFC 5737) and asks
 * this network for 10.100.0.0/16; .10 and up the nodes.
 */
final class Underlay implements AutoCloseable {
  static final String API_ADDRESS = "192.168.77.1";
  static final String OUTSIDE_ADDRESS = "192.168.77.254";
  static final String WORLD_ADDRESS = "203.0.113.1";

  /** Where services' addresses for the outside are looked for: nodes answer for them. */
  static final String SERVICE_ADDRESSES = "10.100.0.0/16";

  /** The namespaces of everything that is only a network. */
  static final List<Namespaces.Kind> KINDS = List.of(NETWORK, MOUNT, HOSTNAME, PROCESS);

  private final Namespaces bridge;
  private final Namespaces outside;

  private Underlay(Namespaces bridge, Namespaces outside) {
    this.bridge = bridge;
    this.outside = outside;
  }

  static Underlay make(ControlGroup lab) throws IOException, InterruptedException {
    ControlGroup group = lab.child("underlay").make();
    Namespaces bridge = Namespaces.make("the underlay", group, List.of(), KINDS, "/proc");
    Namespaces outside;
    try {
      outside = Namespaces.make("the outside", group, List.of(), KINDS, "/proc");
    } catch (IOException | InterruptedException e) {
      bridge.close();
      throw e;
    }
    Underlay underlay = new Underlay(bridge, outside);
    try {
      underlay.configure();
      return underlay;
    } catch (IOException | InterruptedException e) {
      underlay.close();
      throw e;
    }
  }

  private void configure() throws IOException, InterruptedException {
    ip(
        bridge,
        """
        link set lo up
        link add underlay type bridge
        addr add %s/24 dev underlay
        link set underlay up
        """
            .formatted(API_ADDRESS));
    connect("outside", outside, OUTSIDE_ADDRESS);
    // Whatever comes for an address that nobody has stays unanswered, as on a real network.
    ip(
        outside,
        """
        addr add %s/32 dev lo
        route add %s dev eth0
        """
            .formatted(WORLD_ADDRESS, SERVICE_ADDRESSES));
    sysctl(outside, "net.ipv4.ip_forward=1");
    outside.in(List.of(HOSTNAME), List.of("hostname", "outside")).succeed();
  }

  /** Plugs namespaces into the bridge by a link whose inner end is eth0. */
  void connect(String name, Namespaces namespaces, String address)
      throws IOException, InterruptedException {
    ip(
        bridge,
        """
        link add %1$s type veth peer name eth0 netns %2$d
        link set %1$s master underlay up
        """
            .formatted(name, namespaces.holder()));
    ip(
        namespaces,
        """
        link set lo up
        addr add %s/24 dev eth0
        link set eth0 up
        """
            .formatted(address));
  }

  /** Takes the link away, and with it the ways to whoever was behind it. */
  void disconnect(String name) throws IOException, InterruptedException {
    // The other end's namespace may be gone, and the link with it, or not quite yet.
    Invocation.Outcome gone = bridge.in(List.of(NETWORK), List.of("ip", "link", "del", name)).run();
    if (gone.exitCode() != 0 && !gone.errors().contains("Cannot find device")) {
      throw new LabException("cannot take the link of " + name + " away: " + gone.errors());
    }
  }

  /** The addresses are nobody's any more. */
  void forgetPods(String podCidr) throws IOException, InterruptedException {
    ip(outside, "route del " + podCidr + "\n");
  }

  /** Tells the world where the addresses of a node's pods are, as a data centre's router knows. */
  void routePods(String podCidr, String nodeAddress) throws IOException, InterruptedException {
    ip(outside, "route replace " + podCidr + " via " + nodeAddress + "\n");
  }

  static void ip(Namespaces namespaces, String batch) throws IOException, InterruptedException {
    namespaces.in(List.of(NETWORK), List.of("ip", "-batch", "-")).input(batch).succeed();
  }

  static void sysctl(Namespaces namespaces, String assignment)
      throws IOException, InterruptedException {
    namespaces.in(List.of(NETWORK), List.of("sysctl", "-qw", assignment)).succeed();
  }

  /** The process by which the bridge's network namespace is reached. */
  long holder() {
    return bridge.holder();
  }

  Namespaces outside() {
    return outside;
  }

  @Override
  public void close() throws IOException {
    try (bridge) {
      outside.close();
    }
  }
}
