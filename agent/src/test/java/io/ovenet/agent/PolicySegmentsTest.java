package io.ovenet.agent;

import static org.assertj.core.api.Assertions.assertThat;

import io.ovenet.datapath.PolicyKey;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class PolicySegmentsTest {
  private static final long SEED = Long.getLong("ovenet.seed", System.nanoTime());

  private static PolicySegments.Segment at(int protocol, int port) {
    return new PolicySegments.Segment(protocol, port);
  }

  @Test
  void aSegmentBeginsWhereAnEntryDoesAndBehindIt() {
    var segments = new PolicySegments();
    segments.add(6, 80, 16);
    segments.add(6, 0x2000, 4);
    segments.add(17, 0, 0);
    segments.add(1, 8 << 8, 8);
    segments.add(0, 0, 0);
    assertThat(segments.all())
        .containsExactly(
            at(2, 0),
            at(1, 0),
            at(1, 8 << 8),
            at(1, 9 << 8),
            at(6, 0),
            at(6, 80),
            at(6, 81),
            at(6, 0x2000),
            at(6, 0x3000),
            at(17, 0));
  }

  /** Packed as they are: what comes back are the entries of one policy, class and direction. */
  @Test
  void entriesComeBackByPolicyClassAndDirection() {
    System.out.println("PolicySegmentsTest: -Dovenet.seed=" + SEED);
    var random = new Random(SEED);
    var keys = new HashSet<PolicyKey>();
    var entries = new KernelEntries();
    for (int i = 0; i < 3000; i++) {
      int protocol = List.of(0, 6, 17, 255).get(random.nextInt(4));
      int bits = protocol == 0 ? 0 : random.nextInt(17);
      int port = bits == 0 ? 0 : random.nextInt(1 << bits) << (16 - bits);
      var key =
          new PolicyKey(
              1 + random.nextInt(4),
              random.nextInt(5),
              1 + random.nextInt(2),
              protocol,
              port,
              bits);
      if (keys.add(key)) {
        entries.add(key);
      }
    }
    assertThat(entries.size()).isEqualTo(keys.size());
    for (int policy = 1; policy <= 5; policy++) {
      for (int identityClass = 0; identityClass < 6; identityClass++) {
        for (int direction = 1; direction <= 2; direction++) {
          var expected = new PolicySegments();
          var any = new ArrayList<PolicyKey>();
          for (var key : keys) {
            if (key.policy() == policy
                && key.identityClass() == identityClass
                && key.direction() == direction) {
              any.add(key);
              expected.add(key.protocol(), key.port(), key.portBits());
            }
          }
          var found = new PolicySegments();
          assertThat(entries.addTo(found, policy, identityClass, direction))
              .isEqualTo(!any.isEmpty());
          assertThat(found.all()).isEqualTo(expected.all());
        }
      }
    }
  }
}
