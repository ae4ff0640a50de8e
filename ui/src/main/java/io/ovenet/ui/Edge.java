package io.ovenet.ui;

/**
 * What went from one end to another on one port, by verdict, with the rates of the last minute.
 * Counts are of flow records of requests, not of packets. Guarded by its {@link ServiceMap}.
 */
final class Edge {
  static final int SLOTS = 12;
  static final long SLOT_MILLIS = 5_000;

  /** Who, and what. */
  record Key(End from, End to, String protocol, int port) {}

  private final Key key;
  private final int[] passed = new int[SLOTS];
  private final int[] leaving = new int[SLOTS];
  private final int[] stopped = new int[SLOTS];
  private long slot;
  private long arrived;
  private long left;
  long dropped;
  long audited;
  long firstMillis;
  long lastMillis;
  long latencyNanos;
  String reason = "";

  /**
   * The last flow, for whoever wants to know labels and addresses: of what became of it, not of its
   * leaving, where that is known.
   */
  FlowView last;

  Edge(Key key, FlowView first) {
    this.key = key;
    this.last = first;
    this.firstMillis = first.millis();
    this.slot = first.millis() / SLOT_MILLIS;
  }

  Key key() {
    return key;
  }

  void count(FlowView view) {
    move(view.millis());
    lastMillis = Math.max(lastMillis, view.millis());
    boolean leaves = view.isLeaving() && key.to().isPod();
    if (!leaves || !isDecided()) {
      last = view;
    }
    int index = (int) (view.millis() / SLOT_MILLIS % SLOTS);
    boolean recent = view.millis() / SLOT_MILLIS > slot - SLOTS;
    switch (view.flow().getVerdict()) {
      case DROPPED, ERROR -> {
        dropped++;
        reason = view.reason();
        stopped[index] += recent ? 1 : 0;
      }
      case AUDIT -> {
        audited++;
        passed[index] += recent ? 1 : 0;
      }
      default -> {
        if (leaves) {
          left++;
          leaving[index] += recent ? 1 : 0;
        } else {
          arrived++;
          passed[index] += recent ? 1 : 0;
        }
      }
    }
  }

  /** Whether somebody saw what became of it, and not only that it left. */
  private boolean isDecided() {
    return arrived + dropped + audited > 0;
  }

  /** Of what arrived; where nobody saw either that or a drop, of what left. */
  long forwarded() {
    return isDecided() ? arrived : left;
  }

  /** Empties the slots between the last one used and now. */
  private void move(long millis) {
    long now = millis / SLOT_MILLIS;
    for (long s = Math.max(slot + 1, now - SLOTS + 1); s <= now; s++) {
      passed[(int) (s % SLOTS)] = 0;
      leaving[(int) (s % SLOTS)] = 0;
      stopped[(int) (s % SLOTS)] = 0;
    }
    slot = Math.max(slot, now);
  }

  /** A second, over the last minute. */
  double rate(long nowMillis, boolean drops) {
    move(nowMillis);
    long sum = 0;
    for (int count : drops ? stopped : isDecided() ? passed : leaving) {
      sum += count;
    }
    return sum * 1000.0 / (SLOTS * SLOT_MILLIS);
  }

  /** As the map shows it. */
  MapPicture.Line line(long nowMillis) {
    return new MapPicture.Line(
        key,
        forwarded(),
        dropped,
        audited,
        lastMillis,
        rate(nowMillis, false),
        rate(nowMillis, true),
        latencyNanos,
        reason);
  }
}
