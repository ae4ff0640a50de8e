package io.ovenet.policy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.math.BigInteger;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class CidrTest {
  @Test
  void clearsHostBitsAndReadsAddressesAlone() {
    assertThat(Cidr.parse("10.1.2.3/8")).hasToString("10.0.0.0/8");
    assertThat(Cidr.parse("10.1.2.3")).hasToString("10.1.2.3/32");
    assertThat(Cidr.parse("fd00::1/64")).hasToString("fd00:0:0:0:0:0:0:0/64");
    assertThat(Cidr.parse("255.255.255.255/0")).isEqualTo(Cidr.ALL_IPV4);
    assertThat(Cidr.parse("ffff::/0")).isEqualTo(Cidr.ALL_IPV6);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "10",
        "10.1",
        "10.0.0.0/",
        "10.0.0.0/33",
        "10.0.0.0/08",
        "010.0.0.0/8",
        "10.0.0.256",
        "::/129",
        "fe80::1%eth0",
        "example.org",
        "10.0.0.0/8/8",
        "10.0.0.0/-1",
        " 10.0.0.0",
        "0x0a000001"
      })
  void refusesWhatIsNoPrefix(String text) {
    assertThatThrownBy(() -> Cidr.parse(text)).isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void containsAsItsBitsSay() {
    long seed = System.nanoTime();
    Random random = new Random(seed);
    for (int i = 0; i < 100_000; i++) {
      boolean six = random.nextBoolean();
      Cidr a = random(random, six);
      Cidr b = random.nextBoolean() ? random(random, six) : near(random, a);
      int base = six ? 0 : 96;
      boolean expected =
          a.length() <= b.length()
              && (a.length() == 0
                  || bits(a)
                      .shiftRight(128 - base - a.length())
                      .equals(bits(b).shiftRight(128 - base - a.length())));
      assertThat(a.contains(b)).as("seed %d: %s in %s", seed, b, a).isEqualTo(expected);
      if (expected && !a.equals(b)) {
        assertThat(a).isLessThan(b);
      }
    }
    assertThat(Cidr.ALL_IPV6.contains(Cidr.ALL_IPV4)).isFalse();
  }

  private static BigInteger bits(Cidr cidr) {
    return new BigInteger(1, cidr.mappedAddress());
  }

  private static Cidr random(Random random, boolean six) {
    return new Cidr(six, random.nextLong(), random.nextLong(), random.nextInt(six ? 129 : 33));
  }

  private static Cidr near(Random random, Cidr cidr) {
    int length = random.nextInt(cidr.ipv6() ? 129 : 33);
    return new Cidr(cidr.ipv6(), cidr.high(), cidr.low() ^ 1L << random.nextInt(64), length);
  }

  @Test
  void mapsIpv4() {
    assertThat(Cidr.parse("10.1.2.0/24").mappedAddress())
        .containsExactly(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 10, 1, 2, 0);
    assertThat(Cidr.parse("10.1.2.0/24").mappedLength()).isEqualTo(120);
  }
}
