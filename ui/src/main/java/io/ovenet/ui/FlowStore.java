package io.ovenet.ui;

import io.ovenet.api.flow.Flow;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The newest flows, in the order in which they came. Thread-safe. */
final class FlowStore {
  private final @Nullable FlowView[] ring;
  private long next = 1;

  /**
   * An empty one.
   *
   * @param capacity how many are kept
   */
  FlowStore(int capacity) {
    ring = new FlowView[capacity];
  }

  synchronized FlowView add(Flow flow) {
    FlowView view = FlowView.of(next, flow);
    ring[(int) (next % ring.length)] = view;
    next++;
    return view;
  }

  /** The number of the newest, 0 before the first. */
  synchronized long newest() {
    return next - 1;
  }

  /** The number of the oldest that is kept. */
  synchronized long oldest() {
    return Math.max(1, next - ring.length);
  }

  private synchronized @Nullable FlowView get(long sequence) {
    return sequence < oldest() || sequence >= next ? null : ring[(int) (sequence % ring.length)];
  }

  /** The flow of an id, null if it is not kept (any more). */
  @Nullable FlowView find(String id) {
    for (long sequence = newest(); sequence >= oldest(); sequence--) {
      FlowView view = get(sequence);
      if (view != null && view.id().equals(id)) {
        return view;
      }
    }
    return null;
  }

  /** The newest that match, the newest first; only those before a number where one is given. */
  List<FlowView> last(FlowQuery query, int count, long before) {
    List<FlowView> found = new ArrayList<>();
    long start = before > 0 ? Math.min(before - 1, newest()) : newest();
    for (long sequence = start; sequence >= oldest() && found.size() < count; sequence--) {
      FlowView view = get(sequence);
      if (view != null && query.matches(view)) {
        found.add(view);
      }
    }
    return found;
  }

  /**
   * Matching flows after a number, the oldest first, and how far was looked.
   *
   * @param skipped how many matched and were left out, or were overwritten unread
   */
  record Batch(List<FlowView> flows, long seen, long skipped) {}

  /** No more than {@code most}: of more the newest. */
  Batch after(long sequence, FlowQuery query, int most) {
    long newest = newest();
    long from = Math.max(sequence + 1, oldest());
    long skipped = from - (sequence + 1);
    var matching = new java.util.ArrayDeque<FlowView>();
    for (long s = from; s <= newest; s++) {
      FlowView view = get(s);
      if (view == null) {
        skipped++;
      } else if (query.matches(view)) {
        matching.add(view);
        if (matching.size() > most) {
          matching.remove();
          skipped++;
        }
      }
    }
    return new Batch(List.copyOf(matching), newest, skipped);
  }
}
