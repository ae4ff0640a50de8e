package io.ovenet.datapath;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.VarHandle;

/**
 * {@code revision_map}, mapped into this process: 24 bytes, {@code current} at 0, {@code remote} at
 * 8, {@code tables} at 16. Stores are release stores; one writer, any reader.
 */
public final class Revisions {
  static final int SIZE = 24;
  static final int CURRENT = 0;
  static final int REMOTE = 8;
  static final int TABLES = 16;
  private static final VarHandle LONG = ValueLayout.JAVA_LONG.varHandle();

  private final MemorySegment map;

  /**
   * Over the mapped array.
   *
   * @param map stays the caller's, who unmaps it after the last use
   */
  public Revisions(MemorySegment map) {
    if (map.byteSize() < SIZE) {
      throw new IllegalArgumentException(
          "revision_map is mapped with only " + map.byteSize() + " bytes");
    }
    this.map = map;
  }

  /** What is decided now rests on this revision. */
  public long current() {
    return (long) LONG.getAcquire(map, (long) CURRENT);
  }

  /**
   * Bumped after the tables are written and before the endpoints that it concerns. Revisions have
   * 56 bits and start at 1.
   */
  public void setCurrent(long revision) {
    LONG.setRelease(map, (long) CURRENT, revision);
  }

  /** What was decided before it about addresses that are no endpoint of this node is void. */
  public long remote() {
    return (long) LONG.getAcquire(map, (long) REMOTE);
  }

  public void setRemote(long revision) {
    LONG.setRelease(map, (long) REMOTE, revision);
  }

  /**
   * What programs remember of policy_map and class_map is void. The tables of {@link Datapath} call
   * it after each write. Any thread.
   */
  void raiseTables() {
    LONG.getAndAdd(map, (long) TABLES, 1L);
  }
}
