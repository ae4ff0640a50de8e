package io.ovenet.flow;

import java.lang.invoke.VarHandle;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicReferenceArray;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * The newest flows: one writer, any number of readers, none of which the writer ever waits for. An
 * entry carries its own sequence number, so whoever finds another one than expected in a slot knows
 * that it was overwritten; entries are immutable, so what was found is whole.
 *
 * <p>Bounded in number and in bytes, {@link #BYTES_PER_FLOW} for each of its capacity: of flows
 * with much to say, such as answers of DNS, it holds fewer. A drop that goes from here is kept in a
 * ring of its own, a quarter as large, so no flood of other flows takes the last drops away.
 *
 * <p>INVARIANT: an entry is in its slot before {@link #next} passes it, and a drop is among the
 * kept ones before {@link #oldest} passes it. One slot more than the capacity is kept, so that what
 * is being written is never among those that count.
 */
public final class FlowRing {
  public static final int DEFAULT_CAPACITY = 4095;
  public static final int MAX_CAPACITY = 65_535;

  /** Of both rings together: 32 MiB at the largest capacity. */
  public static final int BYTES_PER_FLOW = 512;

  /** Of all, as a shift: what is for drops that are kept. */
  private static final int DROPS_SHIFT = 2;

  private static final int LEAST_DROPS = 128;

  private final AtomicReferenceArray<@Nullable RingEntry> slots;
  private final int capacity;
  private final long limit;
  private final DropRing drops;
  private long bytes;
  private volatile long oldest;
  private final Set<Thread> waiting = ConcurrentHashMap.newKeySet();
  private volatile long next;

  /**
   * An empty ring.
   *
   * @param capacity 2^n − 1, at most {@link #MAX_CAPACITY}
   */
  public FlowRing(int capacity) {
    if (capacity < 1 || capacity > MAX_CAPACITY || Integer.bitCount(capacity + 1) != 1) {
      throw new IllegalArgumentException(
          "flow ring of " + capacity + ": the capacity is 2^n-1, from 1 to " + MAX_CAPACITY);
    }
    this.capacity = capacity;
    this.slots = new AtomicReferenceArray<>(capacity + 1);
    long all = (long) BYTES_PER_FLOW * capacity;
    this.limit = all - (all >> DROPS_SHIFT);
    int kept = Math.max(LEAST_DROPS, (capacity + 1) >> DROPS_SHIFT);
    this.drops = new DropRing(kept, (long) BYTES_PER_FLOW * kept);
  }

  public int capacity() {
    return capacity;
  }

  /** The sequence number that is written next. */
  public long next() {
    return next;
  }

  /** The oldest that may still be read here; drops before it may be among those that are kept. */
  public long oldest() {
    return oldest;
  }

  /** Drops that are no longer here. */
  DropRing drops() {
    return drops;
  }

  /** Adds an entry whose sequence is {@link #next}; for the one writer. */
  public void write(RingEntry entry) {
    long sequence = next;
    if (entry.sequence() != sequence) {
      throw new IllegalArgumentException(
          "flow ring: entry " + entry.sequence() + " written at " + sequence);
    }
    bytes += entry.bytes();
    while (oldest < sequence && (sequence - oldest >= capacity || bytes > limit)) {
      evict();
    }
    slots.setRelease((int) sequence & capacity, entry);
    next = sequence + 1;
  }

  private void evict() {
    long sequence = oldest;
    int slot = (int) sequence & capacity;
    RingEntry entry = slots.getPlain(slot);
    if (entry instanceof FlowRecord flow && flow.isDropped()) {
      drops.write(flow);
    }
    oldest = sequence + 1; // before it is gone, so that nobody takes it for one that is to come
    slots.setRelease(slot, null);
    bytes -= entry == null ? 0 : entry.bytes();
  }

  /** What is at a sequence number, for any thread. */
  public RingRead read(long sequence) {
    RingEntry entry = slots.getAcquire((int) sequence & capacity);
    if (entry == null || entry.sequence() < sequence) {
      return sequence < oldest ? RingRead.Missing.OVERWRITTEN : RingRead.Missing.NOT_YET;
    }
    return entry.sequence() == sequence ? entry : RingRead.Missing.OVERWRITTEN;
  }

  /**
   * The first drop from a sequence number on, wherever it is kept; null: there is none before
   * {@code end}.
   */
  @Nullable FlowRecord drop(long sequence, long end) {
    long position = sequence;
    while (position < end) {
      switch (read(position)) {
        case FlowRecord flow when flow.isDropped() -> {
          return flow;
        }
        case RingEntry _ -> position++;
        case RingRead.Missing.NOT_YET -> {
          return null;
        }
        case RingRead.Missing.OVERWRITTEN -> {
          long here = oldest; // before the look at what is kept: all drops below it are there
          FlowRecord kept = drops.from(position);
          if (kept != null && kept.sequence() < Math.min(here, end)) {
            return kept;
          }
          position = Math.max(position, here);
        }
      }
    }
    return null;
  }

  /** Wakes those that {@link #await} what was written; by the writer, once for many entries. */
  public void wake() {
    VarHandle.fullFence(); // the store of `next` before the look at who waits
    if (!waiting.isEmpty()) {
      waiting.forEach(LockSupport::unpark);
    }
  }

  /**
   * Parks until there is something at a sequence number, somebody unparks the thread, or the time
   * is over.
   */
  public void await(long sequence, long nanos) {
    Thread self = Thread.currentThread();
    waiting.add(self);
    try {
      if (next <= sequence) {
        LockSupport.parkNanos(this, nanos);
      }
    } finally {
      waiting.remove(self);
    }
  }
}
