package io.ovenet.datapath;

import java.lang.foreign.MemorySegment;

/**
 * {@code struct event_counter} of event_counters: written at 0, lost at 8; 16 bytes.
 *
 * @param lost events that the full ring had no room for
 */
public record EventCounter(long written, long lost) {
  public static final Codec<EventCounter> CODEC =
      new Codec<>() {
        @Override
        public int size() {
          return 16;
        }

        @Override
        public void write(EventCounter value, MemorySegment to, long offset) {
          to.set(Bytes.U64, offset, value.written);
          to.set(Bytes.U64, offset + 8, value.lost);
        }

        @Override
        public EventCounter read(MemorySegment from, long offset) {
          return new EventCounter(from.get(Bytes.U64, offset), from.get(Bytes.U64, offset + 8));
        }
      };

  EventCounter plus(EventCounter other) {
    return new EventCounter(written + other.written, lost + other.lost);
  }
}
