package io.ovenet.policy;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.BitSet;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** A set of numbers is what a BitSet of them is, few or many. */
class NumberSetTest {
  @Test
  void isWhatABitSetIs() {
    long seed = Long.getLong("ovenet.seed", System.nanoTime());
    var random = new Random(seed);
    for (int turn = 0; turn < 300; turn++) {
      var set = new NumberSet();
      var bits = new BitSet();
      var other = new NumberSet();
      var otherBits = new BitSet();
      int most = random.nextBoolean() ? 60 : 100_000;
      for (int step = 0; step < 120; step++) {
        int number = random.nextInt(most);
        switch (random.nextInt(5)) {
          case 0 -> {
            int present = bits.nextSetBit(number);
            set.clear(Math.max(present, 0));
            bits.clear(Math.max(present, 0));
          }
          case 1 -> {
            other.set(number);
            otherBits.set(number);
          }
          default -> {
            set.set(number);
            bits.set(number);
          }
        }
        String when = "seed " + seed + ", turn " + turn + ", step " + step;
        int from = random.nextInt(most);
        assertThat(set.next(from)).as(when).isEqualTo(bits.nextSetBit(from));
        assertThat(set.get(from)).as(when).isEqualTo(bits.get(from));
        assertThat(set.isEmpty()).as(when).isEqualTo(bits.isEmpty());
        assertThat(set.intersects(otherBits)).as(when).isEqualTo(bits.intersects(otherBits));
        assertThat(set.isSame(otherBits)).as(when).isEqualTo(bits.equals(otherBits));
        assertThat(set.isSame(other)).as(when).isEqualTo(bits.equals(otherBits));
        assertThat(set.isSame(bits)).as(when).isTrue();
      }
      var both = new NumberSet();
      both.addAll(set);
      both.addAll(otherBits);
      bits.or(otherBits);
      assertThat(both.isSame(bits)).as("seed %s, turn %s", seed, turn).isTrue();
      // The same few after many have gone are the same set.
      for (int each = bits.nextSetBit(0); each >= 0; each = bits.nextSetBit(each + 1)) {
        if (each % 7 != 0) {
          both.clear(each);
          bits.clear(each);
        }
      }
      var few = new NumberSet();
      few.addAll(bits);
      assertThat(both.isSame(few) && few.isSame(both)).as("seed %s, turn %s", seed, turn).isTrue();
    }
  }
}
