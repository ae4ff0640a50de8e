package io.ovenet.datapath;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.VarHandle;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * {@code endpoint_map}, mapped into this process: what is stored here is seen by the next packet.
 *
 * <p>Single fields are changed by one aligned release store each, so that the kernel sees them in
 * the order of the calls: tables first, then {@link Revisions}, then {@link #setRevision}. After
 * each the endpoint's {@code moves} is one more, so that a program reads several as of one moment.
 * One writer; any thread may read. Not final, so that a test may look at every store.
 */
public class EndpointTable {
  private static final VarHandle INT = ValueLayout.JAVA_INT.varHandle();
  private static final VarHandle LONG = ValueLayout.JAVA_LONG.varHandle();

  private final MemorySegment map;

  /**
   * Over the mapped array.
   *
   * @param map the mapped array: {@link Endpoint#MAX_ENDPOINTS} values of 128 bytes, aligned to a
   *     page; stays the caller's, who unmaps it after the last use of this table
   */
  public EndpointTable(MemorySegment map) {
    if (map.byteSize() < (long) Endpoint.MAX_ENDPOINTS * Endpoint.SIZE) {
      throw new IllegalArgumentException(
          "endpoint_map is mapped with only " + map.byteSize() + " bytes");
    }
    this.map = map;
  }

  /** Null if the endpoint is not there. */
  public @Nullable Endpoint get(int id) {
    long at = at(id);
    int flags = (int) INT.getAcquire(map, at + Endpoint.FLAGS);
    return (flags & Endpoint.Flag.PRESENT.bit) == 0 ? null : Endpoint.CODEC.read(map, at);
  }

  /** Writes a whole endpoint; it exists for the packet path only when all of it stands. */
  public void put(int id, Endpoint endpoint) {
    long at = at(id);
    set(id, Endpoint.FLAGS, 0);
    VarHandle.fullFence();
    endpoint.writeAllButFlags(map, at);
    set(id, Endpoint.FLAGS, Endpoint.Flag.bits(endpoint.flags()));
  }

  /** From here on nothing passes to or from the endpoint; no error if there is none. */
  public void remove(int id) {
    set(id, Endpoint.FLAGS, 0);
  }

  public void setRevision(int id, long revision) {
    LONG.setRelease(map, at(id) + Endpoint.REVISION, revision);
  }

  public void setIdentity(int id, int identity) {
    set(id, Endpoint.IDENTITY, identity);
  }

  /** What stands in class_map for the identity; 0: the identity itself. */
  public void setVariant(int id, int variant) {
    set(id, Endpoint.VARIANT, variant);
  }

  public void setPolicy(int id, int policy) {
    set(id, Endpoint.POLICY, policy);
  }

  public void setFlags(int id, Set<Endpoint.Flag> flags) {
    set(id, Endpoint.FLAGS, Endpoint.Flag.bits(flags));
  }

  private void set(int id, int field, int value) {
    long moves = at(id) + Endpoint.MOVES;
    INT.setRelease(map, at(id) + field, value);
    INT.setRelease(map, moves, (int) INT.get(map, moves) + 1);
  }

  /**
   * The generation that the id had last, present or not: a new owner of the id takes another one.
   * 16 bits.
   */
  public int generation(int id) {
    return Bytes.u16(map, at(id) + Endpoint.GENERATION);
  }

  private static long at(int id) {
    Endpoint.requireId(id);
    return (long) id * Endpoint.SIZE;
  }
}
