package io.ovenet.agent;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.InetAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class MaglevTest {
  private static List<BackendKey> backends(int count) {
    var backends = new ArrayList<BackendKey>();
    for (int i = 0; i < count; i++) {
      backends.add(
          BackendKey.of(InetAddress.ofLiteral("10.1." + i / 200 + "." + (i % 200 + 1)), 80, 6, ""));
    }
    return backends;
  }

  @Test
  void everybodyHasNearlyTheSameShare() {
    for (int count : new int[] {1, 2, 3, 10, 100, 400}) {
      int size = Maglev.size(count);
      int[] shares = new int[count];
      for (int place : Maglev.table(backends(count), size)) {
        shares[place]++;
      }
      for (int share : shares) {
        assertThat(share).as("of " + count).isBetween(size / count, size / count + 1);
      }
    }
  }

  @Test
  void aBackendThatGoesMovesFewOfTheOthers() {
    long seed = Long.getLong("ovenet.seed", new Random().nextLong());
    var random = new Random(seed);
    for (int count : new int[] {3, 10, 40}) {
      int size = Maglev.size(count);
      var before = backends(count);
      int[] old = Maglev.table(before, size);
      int moved = 0;
      for (int round = 0; round < 50; round++) {
        var after = new ArrayList<>(before);
        var gone = after.remove(random.nextInt(count));
        int[] now = Maglev.table(after, size);
        for (int i = 0; i < size; i++) {
          var was = before.get(old[i]);
          if (!was.equals(gone) && !was.equals(after.get(now[i]))) {
            moved++;
          }
        }
      }
      assertThat(moved / 50)
          .as("seed " + seed + ": of " + size + " places of " + count)
          .isLessThanOrEqualTo(size / count);
    }
  }

  @Test
  void whoHasTheAddressAndTheOrderOfNumbersDoNotCount() {
    var one = BackendKey.of(InetAddress.ofLiteral("10.1.0.1"), 80, 6, "a");
    var same = BackendKey.of(InetAddress.ofLiteral("10.1.0.1"), 80, 6, "b");
    var two = BackendKey.of(InetAddress.ofLiteral("10.1.0.2"), 80, 6, "c");
    assertThat(Maglev.table(List.of(one, two), 251))
        .isEqualTo(Maglev.table(List.of(same, two), 251));
  }
}
