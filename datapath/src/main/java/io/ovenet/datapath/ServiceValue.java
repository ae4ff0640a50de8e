package io.ovenet.datapath;

import java.lang.foreign.MemorySegment;

/**
 * {@code struct service_value}: who serves a frontend, as ranges of service_slots. 28 bytes:
 *
 * <pre>
 *   0         4       8       12             16            20                 24      26
 *   | service | first | count | Maglev first | Maglev size | affinity seconds | flags | reserved (2)
 * </pre>
 *
 * @param service number of the frontend; never 0
 * @param count 0: nobody serves
 * @param maglevSize 0: backends are chosen by chance for the outside too
 * @param affinitySeconds how long a client keeps its backend; 0: not at all
 */
public record ServiceValue(
    int service,
    int first,
    int count,
    int maglevFirst,
    int maglevSize,
    int affinitySeconds,
    int flags) {
  /** Of {@code flags}: may be reached from outside. */
  public static final int EXTERNAL = 1;

  /** From outside only by who is in source_range_map. */
  public static final int SOURCE_RANGES = 2;

  /** Its backends are this node's alone. */
  public static final int LOCAL_ONLY = 4;

  /** A local redirect. */
  public static final int REDIRECT = 8;

  /** A pod's hostPort. */
  public static final int HOST_PORT = 16;

  /** Not for the pods in redirect_skip_map: these see it in another scope, if at all. */
  public static final int SKIPPED = 32;

  public static final Codec<ServiceValue> CODEC =
      new Codec<>() {
        @Override
        public int size() {
          return 28;
        }

        @Override
        public void write(ServiceValue value, MemorySegment to, long offset) {
          to.set(Bytes.U32, offset, value.service);
          to.set(Bytes.U32, offset + 4, value.first);
          to.set(Bytes.U32, offset + 8, value.count);
          to.set(Bytes.U32, offset + 12, value.maglevFirst);
          to.set(Bytes.U32, offset + 16, value.maglevSize);
          to.set(Bytes.U32, offset + 20, value.affinitySeconds);
          to.set(Bytes.U32, offset + 24, 0);
          to.set(Bytes.U16, offset + 24, (short) value.flags);
        }

        @Override
        public ServiceValue read(MemorySegment from, long offset) {
          return new ServiceValue(
              from.get(Bytes.U32, offset),
              from.get(Bytes.U32, offset + 4),
              from.get(Bytes.U32, offset + 8),
              from.get(Bytes.U32, offset + 12),
              from.get(Bytes.U32, offset + 16),
              from.get(Bytes.U32, offset + 20),
              Bytes.u16(from, offset + 24));
        }
      };
}
