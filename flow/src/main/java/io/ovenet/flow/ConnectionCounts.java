package io.ovenet.flow;

/**
 * What each connection had counted when it was looked at last, in 33 bytes each. What was not seen
 * in the latest two looks is forgotten when room is needed. For one thread.
 */
final class ConnectionCounts {
  private static final int LEAST = 1024;
  private static final int WORDS = 3;

  private long[] keys = new long[LEAST];

  /** Bytes onwards and back; packets, the low half of each. */
  private long[] counts = new long[LEAST * WORDS];

  private byte[] seen = new byte[LEAST];
  private int size;
  private byte look = 1;

  private long packetsOnwards;
  private long packetsBack;
  private long bytesOnwards;
  private long bytesBack;

  /** A look at all connections begins. */
  void begin() {
    look = (byte) (look == Byte.MAX_VALUE ? 1 : look + 1);
  }

  /**
   * Notes what a connection has counted. What has come since the last time is asked for by the
   * methods below; of one that was not seen before all, but of an old one, nothing.
   *
   * @param hash who it is
   * @param old there were packets that are not to be counted
   */
  void update(long hash, boolean old, long packets0, long packets1, long bytes0, long bytes1) {
    long key = hash == 0 ? 1 : hash;
    int slot = slot(key);
    if (keys[slot] == 0) {
      if (size >= keys.length - keys.length / 4) {
        makeRoom();
        slot = slot(key);
      }
      size++;
      keys[slot] = key;
      packetsOnwards = old ? 0 : packets0;
      packetsBack = old ? 0 : packets1;
      bytesOnwards = old ? 0 : bytes0;
      bytesBack = old ? 0 : bytes1;
    } else {
      // Stored without a lock in the kernel: it may be off by a few, and never counts backwards.
      packetsOnwards = Math.max(0, (int) packets0 - (int) counts[slot * WORDS + 2]);
      packetsBack = Math.max(0, (int) packets1 - (int) (counts[slot * WORDS + 2] >>> 32));
      bytesOnwards = Math.max(0, bytes0 - counts[slot * WORDS]);
      bytesBack = Math.max(0, bytes1 - counts[slot * WORDS + 1]);
    }
    counts[slot * WORDS] = bytes0;
    counts[slot * WORDS + 1] = bytes1;
    counts[slot * WORDS + 2] = packets1 << 32 | (packets0 & 0xffff_ffffL);
    seen[slot] = look;
  }

  long packetsOnwards() {
    return packetsOnwards;
  }

  long packetsBack() {
    return packetsBack;
  }

  long bytesOnwards() {
    return bytesOnwards;
  }

  long bytesBack() {
    return bytesBack;
  }

  /** Of connections that are remembered. */
  int size() {
    return size;
  }

  private int slot(long key) {
    int mask = keys.length - 1;
    int slot = (int) (key ^ key >>> 32) & mask;
    while (keys[slot] != 0 && keys[slot] != key) {
      slot = (slot + 1) & mask;
    }
    return slot;
  }

  private boolean isFresh(int slot) {
    int before = look == 1 ? Byte.MAX_VALUE : look - 1;
    return keys[slot] != 0 && (seen[slot] == look || seen[slot] == before);
  }

  private void makeRoom() {
    int fresh = 0;
    for (int slot = 0; slot < keys.length; slot++) {
      fresh += isFresh(slot) ? 1 : 0;
    }
    int capacity = LEAST;
    while (capacity / 2 < fresh + 1) {
      capacity *= 2;
    }
    long[] oldKeys = keys;
    long[] oldCounts = counts;
    byte[] oldSeen = seen;
    boolean[] kept = new boolean[oldKeys.length];
    for (int slot = 0; slot < oldKeys.length; slot++) {
      kept[slot] = isFresh(slot);
    }
    keys = new long[capacity];
    counts = new long[capacity * WORDS];
    seen = new byte[capacity];
    size = fresh;
    for (int from = 0; from < oldKeys.length; from++) {
      if (kept[from]) {
        int to = slot(oldKeys[from]);
        keys[to] = oldKeys[from];
        System.arraycopy(oldCounts, from * WORDS, counts, to * WORDS, WORDS);
        seen[to] = oldSeen[from];
      }
    }
  }
}
