package io.ovenet.agent;

import java.util.Arrays;
import java.util.List;

/**
 * Tables that spread connections over backends, the same on every node, of which little changes
 * when a backend comes or goes (Eisenbud et al., "Maglev: A Fast and Reliable Software Network Load
 * Balancer", section 3.4).
 */
final class Maglev {
  /** Primes, each about twice the one before. */
  private static final int[] SIZES = {251, 509, 1021, 2039, 4093, 8191, 16_381, 32_749, 65_521};

  /**
   * Places for each backend at least. With so many, and up to some 50 backends, fewer connections
   * of the others move when a backend goes than it had itself.
   */
  private static final int PLACES = 200;

  private Maglev() {}

  /** How large a table for so many backends is. It grows by doubling, which moves connections. */
  static int size(int backends) {
    for (int size : SIZES) {
      if (size >= (long) backends * PLACES) {
        return size;
      }
    }
    return SIZES[SIZES.length - 1];
  }

  /**
   * Which backend has each place, as an index into {@code backends}.
   *
   * @param backends sorted; at least one
   * @param size a prime
   */
  static int[] table(List<BackendKey> backends, int size) {
    int count = backends.size();
    int[] offsets = new int[count];
    int[] skips = new int[count];
    for (int i = 0; i < count; i++) {
      long hash = hash(backends.get(i));
      offsets[i] = (int) Long.remainderUnsigned(hash, size);
      skips[i] = (int) Long.remainderUnsigned(mix(hash), size - 1) + 1;
    }
    int[] table = new int[size];
    Arrays.fill(table, -1);
    int filled = 0;
    while (true) {
      for (int i = 0; i < count; i++) {
        while (table[offsets[i]] >= 0) {
          offsets[i] = (offsets[i] + skips[i]) % size;
        }
        table[offsets[i]] = i;
        if (++filled == size) {
          return table;
        }
      }
    }
  }

  /** Of address and port: neither numbers of this node nor who has the address. */
  private static long hash(BackendKey backend) {
    long hash = (long) backend.port() << 8 | backend.protocol();
    for (byte octet : backend.address().getAddress()) {
      hash = mix(hash ^ (octet & 0xff));
    }
    return mix(hash);
  }

  /** The finalizer of SplitMix64 (Steele, Lea, Flood). */
  private static long mix(long value) {
    long mixed = value + 0x9e3779b97f4a7c15L;
    mixed = (mixed ^ mixed >>> 30) * 0xbf58476d1ce4e5b9L;
    mixed = (mixed ^ mixed >>> 27) * 0x94d049bb133111ebL;
    return mixed ^ mixed >>> 31;
  }
}
