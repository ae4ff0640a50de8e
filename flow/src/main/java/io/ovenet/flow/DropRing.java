package io.ovenet.flow;

import java.util.concurrent.atomic.AtomicReferenceArray;
import org.jspecify.annotations.Nullable;

/**
 * Drops that the flow ring had no room for any more, oldest first, each with the sequence number
 * that it had there. One writer, any number of readers. Bounded in number and in bytes.
 *
 * <p>INVARIANT: sequence numbers grow with the index. A slot's entry carries its own index, so
 * whoever finds another one knows that it was overwritten.
 */
final class DropRing {
  private record Slot(long index, FlowRecord flow) {}

  private final AtomicReferenceArray<@Nullable Slot> slots;
  private final int mask;
  private final long limit;
  private long bytes;
  private volatile long oldest;
  private volatile long next;

  /**
   * An empty ring.
   *
   * @param capacity a power of two; one less is kept
   * @param limit of all that is kept, in bytes
   */
  DropRing(int capacity, long limit) {
    slots = new AtomicReferenceArray<>(capacity);
    mask = capacity - 1;
    this.limit = limit;
  }

  /** Adds a drop; for the one writer. */
  void write(FlowRecord flow) {
    long index = next;
    bytes += flow.bytes();
    while (oldest < index && (index - oldest >= mask || bytes > limit)) {
      evict();
    }
    slots.setRelease((int) index & mask, new Slot(index, flow));
    next = index + 1;
  }

  private void evict() {
    long index = oldest;
    Slot slot = slots.getPlain((int) index & mask);
    oldest = index + 1; // before it is gone, so that nobody takes it for one that is to come
    slots.setRelease((int) index & mask, null);
    bytes -= slot == null ? 0 : slot.flow.bytes();
  }

  /** The index that is written next. */
  long next() {
    return next;
  }

  /** The lowest index that may still be read. */
  long oldest() {
    return oldest;
  }

  /** What is at an index below {@link #next}; null: overwritten. */
  @Nullable FlowRecord read(long index) {
    Slot slot = slots.getAcquire((int) index & mask);
    return slot != null && slot.index == index ? slot.flow : null;
  }

  /** The first whose sequence number is not below one; null where there is none. */
  @Nullable FlowRecord from(long sequence) {
    while (true) {
      long low = oldest;
      long high = next;
      while (low < high) {
        long middle = (low + high) >>> 1;
        FlowRecord flow = read(middle);
        if (flow == null || flow.sequence() < sequence) {
          low = middle + 1; // what was overwritten is older than all that is there
        } else {
          high = middle;
        }
      }
      if (low == next) {
        return null;
      }
      FlowRecord found = read(low);
      if (found != null) {
        return found;
      }
      // Overwritten since: there is another first.
    }
  }
}
