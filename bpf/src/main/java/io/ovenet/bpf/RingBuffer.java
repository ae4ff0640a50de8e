package io.ovenet.bpf;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.VarHandle;
import java.time.Duration;

/**
 * The reading side of a BPF_MAP_TYPE_RINGBUF, mapped into this process. Layout
 * (kernel/bpf/ringbuf.c): a page with the consumer's position, a page with the producer's, then the
 * data, mapped twice in a row so that a record never wraps. A record is a header of 8 bytes (length
 * in bits 0-29, bit 30 discarded, bit 31 not committed yet), the payload, and padding to 8 bytes.
 *
 * <p>One thread drains at a time; the same one or its owner closes when no drain runs. A ring that
 * is full loses what is written then: only the program that writes can count that.
 */
public final class RingBuffer implements AutoCloseable {
  private static final int BUSY = 1 << 31;
  private static final int DISCARDED = 1 << 30;
  private static final int HEADER = 8;
  private static final VarHandle POSITION = JAVA_LONG.varHandle();
  private static final VarHandle LENGTH = JAVA_INT.varHandle();
  private static final short POLLIN = 1;

  private final Descriptor descriptor;
  private final String name;
  private final Arena arena = Arena.ofShared();
  private final MemorySegment consumer;
  private final MemorySegment producer;
  private final MemorySegment data;
  private final long size;

  /** Takes each record. */
  @FunctionalInterface
  public interface RecordConsumer {
    /**
     * A record of {@code length} bytes at {@code offset} of {@code data}, good only during the
     * call. {@code data} is the same read-only segment every time; nothing is allocated.
     */
    void accept(MemorySegment data, long offset, int length);
  }

  /** Maps the ring; the map may be closed afterwards. */
  public RingBuffer(BpfMap map) {
    if (map.type() != MapType.RINGBUF) {
      throw new IllegalArgumentException(map + " is no ring buffer");
    }
    name = map.toString();
    size = Integer.toUnsignedLong(map.maxEntries());
    descriptor = new Descriptor(Syscall.duplicate(map.fd()), "ring buffer " + name);
    try {
      long page = PageSize.BYTES;
      String operation = "map the ring buffer " + name;
      consumer = Mapping.map(arena, descriptor.fd(), 0, page, true, operation);
      MemorySegment rest =
          Mapping.map(arena, descriptor.fd(), page, page + 2 * size, false, operation);
      producer = rest.asSlice(0, page);
      data = rest.asSlice(page);
    } catch (RuntimeException e) {
      close();
      throw e;
    }
  }

  /** Bytes of data that the ring holds. */
  public long size() {
    return size;
  }

  /**
   * Bytes between what was consumed and what was produced, headers and unfinished ones included.
   */
  public long available() {
    return (long) POSITION.getAcquire(producer, 0L) - (long) POSITION.getAcquire(consumer, 0L);
  }

  /** All records that are committed now: see {@link #drain(RecordConsumer, int)}. */
  public int drain(RecordConsumer sink) {
    return drain(sink, Integer.MAX_VALUE);
  }

  /**
   * Gives records in order until none is left, one isn't committed yet, or {@code limit} is
   * reached; returns how many. Space is given back after each record. A record counts as consumed
   * even if the consumer throws, so a bad one can't block the ring.
   */
  public int drain(RecordConsumer sink, int limit) {
    MemorySegment records = data;
    long mask = size - 1;
    long position = (long) POSITION.get(consumer, 0L);
    int count = 0;
    // The inner loop runs up to the producer's position as last read, an acquire for many records.
    long end = (long) POSITION.getAcquire(producer, 0L);
    while (position < end && count < limit) {
      long offset = position & mask;
      int header = (int) LENGTH.getAcquire(records, offset);
      if ((header & BUSY) != 0) {
        return count;
      }
      int length = header & ~DISCARDED;
      position += (length + HEADER + 7L) & ~7L;
      try {
        if ((header & DISCARDED) == 0) {
          count++;
          sink.accept(records, offset + HEADER, length);
        }
      } finally {
        POSITION.setRelease(consumer, 0L, position);
      }
      if (position == end) {
        end = (long) POSITION.getAcquire(producer, 0L);
      }
    }
    return count;
  }

  /**
   * Waits until the kernel says that there is something, at most this long; false when the time is
   * over or the thread is told to stop. Programs that write with BPF_RB_NO_WAKEUP wake nobody: then
   * wait by time.
   */
  public boolean await(Duration timeout) {
    try (Arena scratch = Arena.ofConfined()) {
      MemorySegment poll = scratch.allocate(8, 8); // struct pollfd: int fd; short events, revents
      poll.set(JAVA_INT, 0, descriptor.fd());
      poll.set(ValueLayout.JAVA_SHORT, 4, POLLIN);
      MemorySegment time = scratch.allocate(16, 8); // struct timespec
      time.set(JAVA_LONG, 0, timeout.getSeconds());
      time.set(JAVA_LONG, 8, timeout.getNano());
      MemorySegment capture = Syscall.capture(scratch);
      long result =
          Syscall.call(capture, Syscall.PPOLL, poll.address(), 1, time.address(), 0, 8, 0);
      if (result < 0 && result != -Errno.EINTR) {
        throw new BpfException("wait for the ring buffer " + name, (int) -result);
      }
      return result > 0;
    }
  }

  @Override
  public void close() {
    descriptor.close();
    if (arena.scope().isAlive()) {
      arena.close();
    }
  }
}
