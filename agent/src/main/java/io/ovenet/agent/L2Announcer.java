package io.ovenet.agent;

import io.ovenet.bpf.BootClock;
import io.ovenet.bpf.FrameSocket;
import io.ovenet.bpf.KernelException;
import io.ovenet.bpf.Link;
import io.ovenet.bpf.MacAddress;
import io.ovenet.datapath.Announced;
import io.ovenet.datapath.AnnouncedKey;
import io.ovenet.datapath.MapTable;
import io.ovenet.kubernetes.AnnouncerLease;
import io.ovenet.kubernetes.AnnouncerLeases;
import io.ovenet.kubernetes.ClusterWatch;
import io.ovenet.kubernetes.KubernetesApi;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.Inet4Address;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Announces services' addresses to the neighbours on the node's network: {@link AnnouncedServices}
 * says which could be, {@link AddressClaims} which this node's are, the kernel answers. Has a
 * thread of its own, and connections of its own to the API server, so that nothing makes it wait.
 */
final class L2Announcer implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(L2Announcer.class);

  /** With {@link AddressClaims#MARGIN} and half a renewal what moving an address takes. */
  private static final Duration LASTING = Duration.ofSeconds(2);

  private static final Duration RENEWAL = Duration.ofMillis(600);
  private static final Duration CALL = Duration.ofSeconds(2);
  private static final Duration RETRY = Duration.ofMillis(200);
  private static final int ARP = 0x0806;

  private final KubernetesApi api;
  private final Link device;
  private final MacAddress mac;
  private final MapTable<AnnouncedKey, Announced> table;
  private final AddressClaims claims;
  private final AnnouncedServices services;
  private final Semaphore changes = new Semaphore(0);
  private final Thread thread;
  private volatile boolean closed;
  private boolean failing;

  /**
   * Starts, by answering nothing: another node may have what this one answered when it ended.
   *
   * @param cluster the agent's own way to the API server
   * @param watch what is watched by, shared with others
   * @param device towards the neighbours
   */
  L2Announcer(
      KubernetesApi cluster,
      ClusterWatch watch,
      String node,
      Link device,
      MapTable<AnnouncedKey, Announced> table) {
    this.device = device;
    this.mac = Objects.requireNonNull(device.mac(), device.name());
    this.table = table;
    var stale = new ArrayList<AnnouncedKey>();
    table.forEach((key, _) -> stale.add(key));
    table.deleteAll(stale);
    api = cluster.impatient(CALL);
    var leases = new AnnouncerLeases(api, node, LASTING);
    claims =
        new AddressClaims(node, LASTING, RENEWAL, over(leases), new Kernel(), BootClock::nanos);
    services = new AnnouncedServices(watch, node, device.name(), changes::release);
    thread = Thread.ofVirtual().name("l2-announcer").start(this::run);
  }

  private static AddressClaims.Leases over(AnnouncerLeases leases) {
    return new AddressClaims.Leases() {
      @Override
      public List<AnnouncerLease> list() throws IOException {
        return leases.list();
      }

      @Override
      public void write(Set<Inet4Address> offers, Set<Inet4Address> announces) throws IOException {
        leases.write(offers, announces);
      }
    };
  }

  private void run() {
    try {
      while (!closed) {
        var wanted = services.addresses();
        if (wanted.isEmpty() && claims.isIdle()) {
          changes.acquire();
        } else {
          var pause = round(wanted);
          boolean _ = changes.tryAcquire(pause.toNanos(), TimeUnit.NANOSECONDS);
        }
        changes.drainPermits();
      }
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
    }
  }

  private Duration round(Set<Inet4Address> wanted) {
    try {
      var before = claims.held();
      var pause = claims.round(wanted);
      if (!claims.held().equals(before)) {
        log.info("announcing {} of {} addresses", claims.held().size(), wanted.size());
      }
      failing = false;
      return pause;
    } catch (IOException | RuntimeException e) {
      if (!failing) {
        log.warn(
            "cannot renew what is announced, which ends {} s after it was last renewed ({})",
            LASTING.toSeconds(),
            e.getMessage());
      }
      failing = true;
      return RETRY;
    }
  }

  /** {@code announced_map}, and frames that tell of it. */
  private final class Kernel implements AddressClaims.Responder {
    @Override
    public void answer(Set<Inet4Address> addresses, long deadlineNanos) {
      for (var address : addresses) {
        var key = new AnnouncedKey(address, device.ifindex());
        var before = table.get(key);
        table.upsert(key, new Announced(deadlineNanos, mac, before == null ? 0 : before.answers()));
      }
    }

    @Override
    public void silence(Set<Inet4Address> addresses) {
      for (var address : addresses) {
        table.delete(new AnnouncedKey(address, device.ifindex()));
      }
    }

    @Override
    public void tell(Set<Inet4Address> addresses) {
      try (var socket = new FrameSocket(device.ifindex(), 0)) {
        addresses.forEach(address -> socket.send(announcement(address, mac)));
      } catch (KernelException e) {
        // Who has known another node's goes on asking that one, and then everybody.
        log.warn("cannot tell neighbours of {} addresses: {}", addresses.size(), e.getMessage());
      }
    }
  }

  /** An ARP request for an own address, by which neighbours correct what they know (RFC 5227). */
  static byte[] announcement(Inet4Address address, MacAddress mac) {
    var everybody = new MacAddress((1L << 48) - 1);
    return ByteBuffer.allocate(42)
        .put(everybody.bytes())
        .put(mac.bytes())
        .putShort((short) ARP)
        .putShort((short) 1) // Ethernet
        .putShort((short) 0x0800)
        .put((byte) 6)
        .put((byte) 4)
        .putShort((short) 1) // request
        .put(mac.bytes())
        .put(address.getAddress())
        .put(new byte[6])
        .put(address.getAddress())
        .array();
  }

  /** Ends: answers nothing, and lets others answer at once. */
  @Override
  public void close() {
    closed = true;
    services.close();
    changes.release();
    try {
      thread.join();
      claims.close();
    } catch (IOException | UncheckedIOException e) {
      log.warn("others announce only after {} s: {}", LASTING.toSeconds(), e.getMessage());
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
    }
    api.close();
  }
}
