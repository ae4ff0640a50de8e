package io.ovenet.flow;

import java.lang.invoke.VarHandle;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicReferenceArray;
import java.util.concurrent.locks.LockSupport;

/**
 * The newest flows: one writer, any number of readers, none of which the writer ever waits for. An
 * entry carries its own sequence number, so whoever finds another one than expected in a slot knows
 * that it was overwritten; entries are immutable, so what was found is whole.
 *
 * <p>INVARIANT: an entry is in its slot before {@link #next} passes it. One slot more than the
 * capacity is kept, so that what is being written is never among those that count.
 */
public final class FlowRing {
  public static final int DEFAULT_CAPACITY = 4095;
  public static final int MAX_CAPACITY = 65_535;

  private final AtomicReferenceArray<RingEntry> slots;
  private final int capacity;
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
  }

  public int capacity() {
    return capacity;
  }

  /** The sequence number that is written next. */
  public long next() {
    return next;
  }

  /** The oldest that may still be read. */
  public long oldest() {
    return Math.max(0, next - capacity);
  }

  /** Adds an entry whose sequence is {@link #next}; for the one writer. */
  public void write(RingEntry entry) {
    long sequence = next;
    if (entry.sequence() != sequence) {
      throw new IllegalArgumentException(
          "flow ring: entry " + entry.sequence() + " written at " + sequence);
    }
    slots.setRelease((int) sequence & capacity, entry);
    next = sequence + 1;
  }

  /** What is at a sequence number, for any thread. */
  public RingRead read(long sequence) {
    RingEntry entry = slots.getAcquire((int) sequence & capacity);
    if (entry == null || entry.sequence() < sequence) {
      return RingRead.Missing.NOT_YET;
    }
    return entry.sequence() == sequence ? entry : RingRead.Missing.OVERWRITTEN;
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
