package io.ovenet.policy;

import java.nio.charset.StandardCharsets;

/**
 * Which identity numbers a set of labels tries, in which order. Every agent gets the same sequence
 * for the same labels, and the sequence visits each number from 256 to 65535 once: so agents that
 * race for a number meet at the same API object. Part of the format that a cluster shares: changing
 * it lets old and new agents give one set of labels two numbers.
 */
public final class IdentityHash {
  /** How many numbers there are to try. */
  public static final int NUMBERS = NumericIdentity.CLUSTER_MAX - NumericIdentity.CLUSTER_MIN + 1;

  private final int first;
  private final int step;

  private IdentityHash(int first, int step) {
    this.first = first;
    this.step = step;
  }

  public static IdentityHash of(Labels labels) {
    // FNV-1a over "source:key=value;" of the sorted labels, mixed so that all bits depend on all.
    long hash = 0xcbf29ce484222325L;
    for (Label label : labels.asList()) {
      String text = label.source() + ":" + label.key() + "=" + label.value() + ";";
      for (byte b : text.getBytes(StandardCharsets.UTF_8)) {
        hash = (hash ^ (b & 0xff)) * 0x100000001b3L;
      }
    }
    hash = (hash ^ hash >>> 33) * 0xff51afd7ed558ccdL;
    hash = (hash ^ hash >>> 33) * 0xc4ceb9fe1a85ec53L;
    hash ^= hash >>> 33;
    int step = 1 + (int) ((hash >>> 40) % (NUMBERS - 1));
    while (gcd(step, NUMBERS) != 1) {
      step++;
    }
    return new IdentityHash((int) Long.remainderUnsigned(hash & 0xffffffffffL, NUMBERS), step);
  }

  /** The number to try after {@code attempt} others, from 0 on, were taken by other labels. */
  public int candidate(int attempt) {
    if (attempt < 0 || attempt >= NUMBERS) {
      throw new IllegalArgumentException("attempt out of 0-" + (NUMBERS - 1) + ": " + attempt);
    }
    return NumericIdentity.CLUSTER_MIN + (int) ((first + (long) attempt * step) % NUMBERS);
  }

  private static int gcd(int a, int b) {
    return b == 0 ? a : gcd(b, a % b);
  }
}
