package io.ovenet.agent;

import io.ovenet.kubernetes.AnnouncerLease;
import java.io.IOException;
import java.net.Inet4Address;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Which addresses this node answers for, so that never two nodes do and, of those that could, the
 * one whose turn it is does in the end.
 *
 * <p>Each node renews a Lease of its own that names what it could announce and what it does. The
 * turn is by rendezvous hashing among the nodes whose Leases count and offer the address, so that a
 * node that goes gives its addresses to all others. A node begins to answer only after it has
 * written its claim and has then read that nobody else's Lease that counts claims the same: of two
 * at once at least one sees the other. A Lease counts until it was seen unchanged for as long as it
 * lasts and a margin; its owner answers until it lasts, counted from before it was sent, and the
 * kernel keeps to that if nobody is left to.
 *
 * <p>For one thread. Nothing here depends on clocks of different nodes showing the same, only on
 * their running about as fast.
 */
final class AddressClaims {
  /** The cluster's Leases; see {@link io.ovenet.kubernetes.AnnouncerLeases}. */
  interface Leases {
    List<AnnouncerLease> list() throws IOException;

    void write(Set<Inet4Address> offers, Set<Inet4Address> announces) throws IOException;
  }

  /** What answers neighbours. */
  interface Responder {
    /** From now on answers are given, until the deadline by the clock. */
    void answer(Set<Inet4Address> addresses, long deadlineNanos);

    /** No more answers are given. */
    void silence(Set<Inet4Address> addresses);

    /** Tells neighbours who have known another node's, for addresses that are answered. */
    void tell(Set<Inet4Address> addresses);
  }

  /** The Leases of more nodes would only burden the API server. */
  static final int MOST_ANNOUNCERS = 8;

  /** How much longer others wait: for clocks that don't run equally fast. */
  static final Duration MARGIN = Duration.ofMillis(200);

  /** How soon nodes that do without a Lease look whether they are needed. */
  static final Duration STANDBY = Duration.ofSeconds(5);

  private static final int TOLD = 3;

  /** Somebody's Lease as last seen, and since when it has been that. */
  private record Observed(AnnouncerLease lease, long sinceNanos, boolean deleted) {}

  private final String node;
  private final Duration lasting;
  private final Duration renewal;
  private final Leases leases;
  private final Responder responder;
  private final LongSupplier clock;

  private final Map<String, Observed> others = new HashMap<>();
  private final Map<Inet4Address, Integer> toTell = new HashMap<>();
  private final Set<Inet4Address> held = new HashSet<>();
  private long deadline;
  private long renewedAt;
  private long listedAt;

  /** Since when the Leases have been looked at without a gap in which one could come and go. */
  private long watchingSince;

  private boolean listedOnce;

  /** This node's Lease says that it offers something. */
  private boolean exists;

  private @Nullable Set<Inet4Address> writtenOffers;
  private Set<Inet4Address> writtenClaims = Set.of();

  /**
   * Claims of a node that answers nothing yet.
   *
   * @param lasting of this node's Lease
   * @param renewal how often it is renewed
   * @param clock nanoseconds
   */
  AddressClaims(
      String node,
      Duration lasting,
      Duration renewal,
      Leases leases,
      Responder responder,
      LongSupplier clock) {
    this.node = node;
    this.lasting = lasting;
    this.renewal = renewal;
    this.leases = leases;
    this.responder = responder;
    this.clock = clock;
    deadline = clock.getAsLong();
    renewedAt = deadline;
    listedAt = deadline - 2 * lasting.toNanos();
  }

  /**
   * Brings what is answered closer to what should be.
   *
   * @param wanted what this node could announce
   * @return when to do so again at the latest
   * @throws IOException if the API server could not be asked: what is answered lasts no longer than
   *     before
   */
  Duration round(Set<Inet4Address> wanted) throws IOException {
    observe(leases.list());
    var offers = offered(wanted);
    var claims = turns(offers);
    release(claims);
    if (offers.isEmpty()) {
      withdraw();
      return STANDBY;
    }
    boolean wrote = false;
    if (!offers.equals(writtenOffers)
        || !claims.equals(writtenClaims)
        || clock.getAsLong() - renewedAt >= renewal.toNanos()) {
      renew(offers, claims);
      wrote = true;
    }
    if (!held.containsAll(claims)) {
      if (wrote) {
        observe(leases.list());
      }
      enter(claims);
    }
    tell();
    return pause();
  }

  /** Ends: answers nothing, and says so. */
  void close() throws IOException {
    release(Set.of());
    withdraw();
  }

  /** Whether nothing is answered, and this node's Lease says so. */
  boolean isIdle() {
    return held.isEmpty() && !exists && listedOnce;
  }

  /** What is answered now, while the deadline lasts. */
  Set<Inet4Address> held() {
    return Set.copyOf(held);
  }

  private void observe(List<AnnouncerLease> now) {
    long at = clock.getAsLong();
    for (var lease : now) {
      if (lease.node().equals(node)) {
        exists |= !lease.offers().isEmpty();
        continue;
      }
      var before = others.get(lease.node());
      if (before == null || before.deleted || !before.lease.version().equals(lease.version())) {
        others.put(lease.node(), new Observed(lease, at, false));
      }
    }
    var present = new HashSet<String>();
    now.forEach(lease -> present.add(lease.node()));
    others.values().removeIf(o -> o.deleted && !counts(o, at));
    // Whoever deleted one may not be its owner, who may have renewed it just before.
    others.replaceAll(
        (name, o) -> present.contains(name) || o.deleted ? o : new Observed(o.lease, at, true));
    if (at - listedAt > lasting.toNanos()) {
      watchingSince = at;
    }
    listedAt = at;
    listedOnce = true;
  }

  private static boolean counts(Observed observed, long now) {
    return now - observed.sinceNanos < expiry(observed);
  }

  private static long expiry(Observed observed) {
    return observed.lease.lasting().plus(MARGIN).toNanos();
  }

  /** What is offered, where not enough others whose turn it is rather do so already. */
  private Set<Inet4Address> offered(Set<Inet4Address> wanted) {
    long now = clock.getAsLong();
    var ahead =
        others.values().stream()
            .filter(o -> counts(o, now) && isAhead(o.lease.node(), node, ""))
            .toList();
    if (ahead.size() < MOST_ANNOUNCERS) {
      return wanted;
    }
    var offers = new HashSet<Inet4Address>();
    for (var address : wanted) {
      long enough = ahead.stream().filter(o -> o.lease.offers().contains(address)).count();
      if (enough < MOST_ANNOUNCERS) {
        offers.add(address);
      }
    }
    return offers;
  }

  private Set<Inet4Address> turns(Set<Inet4Address> offers) {
    long now = clock.getAsLong();
    var counting = others.values().stream().filter(o -> counts(o, now)).toList();
    var turns = new HashSet<Inet4Address>();
    for (var address : offers) {
      var text = address.getHostAddress();
      boolean ours = true;
      for (var other : counting) {
        ours &= !other.lease.offers().contains(address) || !isAhead(other.lease.node(), node, text);
      }
      if (ours) {
        turns.add(address);
      }
    }
    return turns;
  }

  /** Whether the first node's turn comes before the second's. */
  static boolean isAhead(String first, String second, String address) {
    long a = rank(first, address);
    long b = rank(second, address);
    return a == b ? first.compareTo(second) < 0 : Long.compareUnsigned(a, b) > 0;
  }

  /**
   * FNV-1a, and MurmurHash3's last step, since neighbouring addresses have to come out far apart.
   */
  private static long rank(String node, String address) {
    long hash = 0xcbf29ce484222325L;
    for (byte each : (node + "\0" + address).getBytes(StandardCharsets.UTF_8)) {
      hash = (hash ^ Byte.toUnsignedLong(each)) * 0x100000001b3L;
    }
    hash = (hash ^ hash >>> 33) * 0xff51afd7ed558ccdL;
    hash = (hash ^ hash >>> 33) * 0xc4ceb9fe1a85ec53L;
    return hash ^ hash >>> 33;
  }

  /** INVARIANT: silence comes before the Lease says so. */
  private void release(Set<Inet4Address> claims) {
    var lost = new HashSet<>(held);
    lost.removeAll(claims);
    silence(lost);
  }

  private void silence(Collection<Inet4Address> lost) {
    if (!lost.isEmpty()) {
      responder.silence(Set.copyOf(lost));
      toTell.keySet().removeAll(lost);
      held.removeAll(Set.copyOf(lost));
    }
  }

  private void withdraw() throws IOException {
    if (exists) {
      writtenOffers = null;
      leases.write(Set.of(), Set.of());
      exists = false;
    }
  }

  private void renew(Set<Inet4Address> offers, Set<Inet4Address> claims) throws IOException {
    // Until the answer is there nobody knows what stands in the Lease.
    writtenOffers = null;
    long sentAt = clock.getAsLong();
    leases.write(offers, claims);
    if (clock.getAsLong() >= deadline) {
      // Others may have thought us dead in between.
      silence(held);
    }
    exists = true;
    deadline = sentAt + lasting.toNanos();
    renewedAt = sentAt;
    writtenOffers = offers;
    writtenClaims = claims;
    if (!held.isEmpty()) {
      responder.answer(Set.copyOf(held), deadline);
    }
  }

  /**
   * INVARIANT: the Leases were listed after the claims had been written. One that somebody deleted
   * may have claimed more in the end than was seen of it.
   */
  private void enter(Set<Inet4Address> claims) {
    long now = clock.getAsLong();
    if (now - watchingSince < lasting.plus(MARGIN).toNanos() || now >= deadline) {
      // Somebody may have deleted a Lease that was not seen, while its owner answers.
      return;
    }
    var entering = new HashSet<>(claims);
    entering.removeAll(held);
    for (var other : others.values()) {
      if (counts(other, now)) {
        entering.removeAll(other.deleted ? claims : other.lease.announces());
      }
    }
    if (!entering.isEmpty()) {
      held.addAll(entering);
      responder.answer(Set.copyOf(entering), deadline);
      entering.forEach(address -> toTell.put(address, TOLD));
    }
  }

  /** More than once, since a frame may get lost. */
  private void tell() {
    if (!toTell.isEmpty()) {
      responder.tell(Set.copyOf(toTell.keySet()));
      toTell.replaceAll((_, left) -> left - 1);
      toTell.values().removeIf(left -> left == 0);
    }
  }

  /** Twice between renewals, and when somebody's Lease ceases to count. */
  private Duration pause() {
    long now = clock.getAsLong();
    long pause = renewal.toNanos() / 2;
    for (var other : others.values()) {
      long left = other.sinceNanos + expiry(other) - now;
      if (left > 0) {
        pause = Math.min(pause, left);
      }
    }
    return Duration.ofNanos(Math.max(pause, 1_000_000));
  }
}
