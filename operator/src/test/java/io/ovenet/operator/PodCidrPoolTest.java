package io.ovenet.operator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class PodCidrPoolTest {
  private static PodCidrPool pool(String prefix, int length) {
    return new PodCidrPool(Ipv4Prefix.parse(prefix), length);
  }

  private static List<Ipv4Prefix> prefixes(String... texts) {
    return Stream.of(texts).map(Ipv4Prefix::parse).toList();
  }

  @Test
  void aNodeMayHaveSeveral() {
    var pool = pool("10.0.0.0/22", 24);
    assertThat(pool.allocate("a")).hasToString("10.0.0.0/24");
    assertThat(pool.allocate("b")).hasToString("10.0.1.0/24");
    assertThat(pool.another("a")).hasToString("10.0.2.0/24");
    assertThat(pool.allocate("a")).hasToString("10.0.0.0/24");
    assertThat(pool.free()).isEqualTo(1);
    assertThat(pool.occupy("b", prefixes("10.0.1.0/24", "10.0.2.0/25")))
        .isEqualTo(new PodCidrPool.Overlap(Ipv4Prefix.parse("10.0.2.0/25"), "a"));
    assertThat(pool.occupy("a", prefixes("10.0.0.0/24"))).isNull();
    assertThat(pool.occupy("b", prefixes("10.0.1.0/24", "10.0.2.0/25"))).isNull();
    pool.release("b");
    assertThat(pool.free()).isEqualTo(3);
  }

  @Test
  void givesEachNodeItsOwnAndTellsWhenNoneIsLeft() {
    var pool = pool("10.0.0.0/22", 24);
    for (var i = 0; i < 4; i++) {
      assertThat(pool.allocate("n" + i)).hasToString("10.0." + i + ".0/24");
    }
    assertThat(pool.allocate("n4")).isNull();
    assertThat(pool.allocate("n2")).hasToString("10.0.2.0/24");
    pool.release("n1");
    assertThat(pool.allocate("n4")).hasToString("10.0.1.0/24");
    assertThat(pool.free()).isZero();
  }

  @Test
  void whatNodesHaveAlreadyIsNotGivenAgain() {
    var pool = pool("10.0.0.0/22", 24);
    assertThat(pool.occupy("big", prefixes("10.0.0.0/23"))).isNull();
    assertThat(pool.occupy("small", prefixes("10.0.2.128/25"))).isNull();
    assertThat(pool.occupy("elsewhere", prefixes("192.168.0.0/24"))).isNull();
    assertThat(pool.allocate("n")).hasToString("10.0.3.0/24");
    assertThat(pool.occupy("thief", prefixes("10.0.4.0/24", "10.0.1.0/24")))
        .isEqualTo(new PodCidrPool.Overlap(Ipv4Prefix.parse("10.0.1.0/24"), "big"));
    pool.release("big");
    assertThat(pool.occupy("thief", prefixes("10.0.1.0/24"))).isNull();
  }

  @Test
  void neverGivesWhatOverlaps() {
    var seed = System.nanoTime();
    System.out.println("seed " + seed);
    var random = new Random(seed);
    var pool = pool("10.128.0.0/18", 24);
    var given = new HashMap<String, List<Ipv4Prefix>>();
    for (var step = 0; step < 2_000; step++) {
      var node = "n" + random.nextInt(90);
      switch (random.nextInt(3)) {
        case 0 -> {
          pool.release(node);
          given.remove(node);
        }
        case 1 -> {
          var prefixes = new ArrayList<Ipv4Prefix>();
          for (var i = 0; i <= random.nextInt(2); i++) {
            var length = 22 + random.nextInt(6);
            var address = 0x0a80_0000 | (random.nextInt(1 << 14) & (-1 << (32 - length)));
            prefixes.add(new Ipv4Prefix(address, length));
          }
          if (pool.occupy(node, prefixes) == null) {
            given.put(node, prefixes);
          }
        }
        default -> {
          var prefix = random.nextBoolean() ? pool.allocate(node) : pool.another(node);
          if (prefix != null) {
            var all = given.computeIfAbsent(node, _ -> new ArrayList<>());
            if (!all.contains(prefix)) {
              all.add(prefix);
            }
          } else {
            assertThat(pool.free()).isZero();
          }
        }
      }
      assertApart(given);
    }
  }

  private static void assertApart(Map<String, List<Ipv4Prefix>> given) {
    for (var a : given.entrySet()) {
      for (var b : given.entrySet()) {
        if (!a.getKey().equals(b.getKey())
            && a.getValue().stream().anyMatch(p -> b.getValue().stream().anyMatch(p::overlaps))) {
          throw new AssertionError(a + " and " + b);
        }
      }
    }
  }

  @Test
  void refusesWhatIsNoPrefixOrNoSize() {
    for (var wrong :
        new String[] {"10.0.0.0", "10.0.0.1/24", "10.0.0.256/32", "::/0", "1.2.3.4/33"}) {
      assertThatThrownBy(() -> Ipv4Prefix.parse(wrong))
          .isInstanceOf(IllegalArgumentException.class);
    }
    assertThatThrownBy(() -> pool("10.0.0.0/16", 12)).hasMessageContaining("16 to 30");
    assertThatThrownBy(() -> pool("0.0.0.0/0", 24)).hasMessageContaining("a million");
  }
}
