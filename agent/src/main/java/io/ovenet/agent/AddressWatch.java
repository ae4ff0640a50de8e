package io.ovenet.agent;

import io.ovenet.bpf.Netlink;
import java.net.InetAddress;
import java.time.Duration;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Looks once a second whether the node has other addresses. Uses the network namespace of the
 * process, the node's own.
 */
final class AddressWatch implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(AddressWatch.class);
  private static final Duration PAUSE = Duration.ofSeconds(1);

  /** What the programs were loaded with. */
  record Uplink(int ifindex, @Nullable InetAddress address) {
    static Uplink now() {
      try (var netlink = Netlink.open()) {
        return new Uplink(NodeSetup.defaultDevice(netlink), NodeSetup.primaryAddress());
      }
    }

    /** A default route that is not there for a moment is no other one. */
    private boolean isOther(Uplink now) {
      return now.ifindex != 0 && now.address != null && !now.equals(this);
    }
  }

  /** Told on the watch's thread. */
  interface Listener {
    /** The node has these from now on. */
    void addresses(Set<InetAddress> now);

    /** The device of the default route, or the address on it, is another one; told once. */
    void moved(Uplink before, Uplink now);
  }

  private final Uplink uplink;
  private final Listener listener;
  private final Thread thread = Thread.ofVirtual().name("addresses").unstarted(this::run);
  private Set<InetAddress> told;
  private Uplink last;

  /**
   * Not started.
   *
   * @param uplink as it was when the programs were loaded
   * @param told the addresses that are known already
   */
  AddressWatch(Uplink uplink, Set<InetAddress> told, Listener listener) {
    this.uplink = uplink;
    this.last = uplink;
    this.told = Set.copyOf(told);
    this.listener = listener;
  }

  void start() {
    thread.start();
  }

  private void run() {
    try {
      boolean moved = false;
      while (!moved) {
        Thread.sleep(PAUSE);
        try {
          moved = look();
        } catch (RuntimeException e) {
          log.warn("cannot see this node's addresses ({}); looking again", e.getMessage());
        }
      }
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
    }
  }

  /** Whether the programs have to be loaded anew; the end of looking. */
  private boolean look() {
    var now = Set.copyOf(NodeSetup.addresses());
    if (!now.equals(told)) {
      log.info("this node has other addresses: {} instead of {}", now, told);
      told = now;
      listener.addresses(now);
    }
    var at = Uplink.now();
    // Twice the same: whoever changes it may do so in steps.
    boolean moved = uplink.isOther(at) && at.equals(last);
    last = at;
    if (moved) {
      listener.moved(uplink, at);
    }
    return moved;
  }

  @Override
  public void close() {
    thread.interrupt();
  }
}
