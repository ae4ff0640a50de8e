package io.ovenet.bpf;

/**
 * rtnetlink, for the network namespace of the thread that opens it; it may be used by any thread
 * afterwards. Thread-safe, but for {@link #close}; requests wait for each other.
 */
public final class Netlink implements AutoCloseable {
  private final NetlinkSocket socket;
  private final Links links;
  private final Addresses addresses;
  private final Routes routes;
  private final Neighbours neighbours;
  private final Rules rules;

  private Netlink(NetlinkSocket socket) {
    this.socket = socket;
    links = new Links(socket);
    addresses = new Addresses(socket);
    routes = new Routes(socket);
    neighbours = new Neighbours(socket);
    rules = new Rules(socket);
  }

  /** Opens it for the calling thread's namespace. */
  public static Netlink open() {
    return new Netlink(new NetlinkSocket());
  }

  /** Opens it for another namespace. */
  public static Netlink open(NetworkNamespace namespace) {
    return namespace.call(Netlink::open);
  }

  public Links links() {
    return links;
  }

  public Addresses addresses() {
    return addresses;
  }

  public Routes routes() {
    return routes;
  }

  public Neighbours neighbours() {
    return neighbours;
  }

  public Rules rules() {
    return rules;
  }

  TcFilters tcFilters() {
    return new TcFilters(socket);
  }

  @Override
  public void close() {
    socket.close();
  }
}
