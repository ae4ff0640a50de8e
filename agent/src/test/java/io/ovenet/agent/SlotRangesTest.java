package io.ovenet.agent;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.ovenet.agent.SlotRanges.Range;
import java.util.ArrayList;
import java.util.Random;
import org.junit.jupiter.api.Test;

class SlotRangesTest {
  @Test
  void whatIsGivenBackRestsBeforeItIsUsedAgain() {
    var slots = new SlotRanges(10, 5);
    var range = slots.take(10);
    slots.release(range, 100);
    slots.collect(104);
    assertThatThrownBy(() -> slots.take(1)).isInstanceOf(Table.TableException.class);
    slots.collect(105);
    assertThat(slots.take(10)).isEqualTo(new Range(0, 10));
  }

  @Test
  void whatIsReservedIsNotGiven() {
    var slots = new SlotRanges(10, 0);
    slots.reserve(new Range(2, 3));
    slots.reserve(new Range(2, 3));
    slots.reserve(new Range(4, 2));
    slots.reserve(new Range(8, 1_000));
    assertThat(slots.available()).isEqualTo(6);
    assertThat(slots.take(3)).isEqualTo(new Range(6, 3));
    assertThat(slots.take(2)).isEqualTo(new Range(0, 2));
  }

  @Test
  void rangesNeverOverlapAndNothingIsLost() {
    long seed = Long.getLong("ovenet.seed", new Random().nextLong());
    var random = new Random(seed);
    var slots = new SlotRanges(1_000, 10);
    var taken = new ArrayList<Range>();
    long now = 0;
    for (int step = 0; step < 20_000; step++) {
      now++;
      slots.collect(now);
      if (random.nextBoolean() && !taken.isEmpty()) {
        slots.release(taken.remove(random.nextInt(taken.size())), now);
      } else {
        int count = 1 + random.nextInt(60);
        Range range;
        try {
          range = slots.take(count);
        } catch (Table.TableException _) {
          continue;
        }
        for (var other : taken) {
          assertThat(
                  range.first() >= other.first() + other.count()
                      || other.first() >= range.first() + count)
              .as("seed " + seed + ": " + range + " and " + other)
              .isTrue();
        }
        taken.add(range);
      }
    }
    for (var range : taken) {
      slots.release(range, now);
    }
    slots.collect(now + 10);
    assertThat(slots.available()).as("seed " + seed).isEqualTo(1_000);
    assertThat(slots.take(1_000)).isEqualTo(new Range(0, 1_000));
  }
}
