package io.ovenet.flow;

import io.ovenet.api.flow.AgentEvent;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;

/**
 * What the agent did lately: policies, endpoints, addresses. A few a second at most, so one lock
 * serves. Safe for any thread.
 */
public final class AgentEvents {
  static final int CAPACITY = 1023;

  /** An event with its place in the sequence of all, and nanoseconds since 1970. */
  record Entry(long sequence, long time, AgentEvent event) {}

  private final ArrayDeque<Entry> entries = new ArrayDeque<>();
  private long next;

  /**
   * Adds an event.
   *
   * @param now nanoseconds since 1970
   */
  public synchronized void add(long now, AgentEvent event) {
    if (entries.size() == CAPACITY) {
      entries.removeFirst();
    }
    entries.addLast(new Entry(next++, now, event));
    notifyAll();
  }

  /** Those that are there from a sequence number on, oldest first. */
  synchronized List<Entry> from(long sequence) {
    var found = new ArrayList<Entry>();
    for (Entry entry : entries) {
      if (entry.sequence >= sequence) {
        found.add(entry);
      }
    }
    return found;
  }

  synchronized long next() {
    return next;
  }

  /** Waits until there is something at a sequence number. */
  synchronized void await(long sequence) throws InterruptedException {
    while (next <= sequence) {
      wait();
    }
  }
}
