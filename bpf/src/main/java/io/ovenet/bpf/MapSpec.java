package io.ovenet.bpf;

/**
 * What two users of a map have to agree on.
 *
 * @param keySize bytes
 * @param valueSize bytes, of one processor's value
 * @param flags BPF_F_* of map creation
 */
public record MapSpec(MapType type, int keySize, int valueSize, int maxEntries, int flags) {
  public static final int NO_PREALLOC = 1;
  public static final int MMAPABLE = 1 << 10;

  /** What differs, in words; empty if nothing. */
  String differences(MapSpec other) {
    StringBuilder text = new StringBuilder();
    differ(text, "type", type, other.type);
    differ(text, "key size", keySize, other.keySize);
    differ(text, "value size", valueSize, other.valueSize);
    differ(text, "max entries", maxEntries, other.maxEntries);
    differ(text, "flags", flags, other.flags);
    return text.toString();
  }

  private static void differ(StringBuilder text, String what, Object mine, Object theirs) {
    if (!mine.equals(theirs)) {
      text.append(text.isEmpty() ? "" : ", ").append(what).append(' ').append(mine);
      text.append(" instead of ").append(theirs);
    }
  }
}
