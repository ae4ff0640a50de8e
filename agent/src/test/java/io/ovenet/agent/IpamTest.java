package io.ovenet.agent;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.net.Inet4Address;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class IpamTest {
  @Test
  void givesEveryAddressOnceButNetworkRouterAndBroadcast() {
    var ipam = new Ipam("10.1.2.0/29");
    var given = new HashSet<String>();
    for (int i = 0; i < 5; i++) {
      given.add(ipam.allocate().getHostAddress());
    }
    assertThat(given)
        .containsExactlyInAnyOrder("10.1.2.2", "10.1.2.3", "10.1.2.4", "10.1.2.5", "10.1.2.6");
    assertThat(ipam.router().getHostAddress()).isEqualTo("10.1.2.1");
    assertThatThrownBy(ipam::allocate)
        .isInstanceOf(Ipam.ExhaustedException.class)
        .hasMessageContaining("10.1.2.0/29");
  }

  @Test
  void givesAFreedAddressAsLateAsPossible() {
    var ipam = new Ipam("10.1.2.0/29");
    var first = ipam.allocate();
    ipam.release(first);
    for (int i = 0; i < 4; i++) {
      assertThat(ipam.allocate()).isNotEqualTo(first);
    }
    assertThat(ipam.allocate()).isEqualTo(first);
  }

  @Test
  void claimsWhatARestartFindsOnce() {
    var ipam = new Ipam("10.1.2.7/29");
    assertThat(ipam.cidrs()).containsExactly("10.1.2.0/29");
    assertThat(ipam.claim(address("10.1.2.2"))).isTrue();
    assertThat(ipam.claim(address("10.1.2.2"))).isFalse();
    assertThat(ipam.claim(address("10.1.3.2"))).isFalse();
    assertThat(ipam.claim(address("10.1.2.1"))).isFalse();
    assertThat(ipam.allocate()).isEqualTo(address("10.1.2.3"));
  }

  @Test
  void neverFreesWhatIsNotAnEndpoints() {
    var ipam = new Ipam("10.1.2.0/29");
    ipam.release(address("10.1.2.1"));
    ipam.release(address("10.1.2.7"));
    ipam.release(address("10.9.9.9"));
    assertThat(ipam.free()).isEqualTo(5);
  }

  @Test
  void refusesWhatIsNoPodCidr() {
    for (var cidr :
        new String[] {"", "10.0.0.0", "10.0.0.0/31", "10.0.0/24", "fd00::/64", "x/24"}) {
      assertThatThrownBy(() -> new Ipam(cidr))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("'" + cidr + "'");
    }
  }

  @Test
  void goesOnInFurtherCidrs() {
    var ipam = new Ipam("10.1.2.0/29");
    ipam.use(List.of("10.1.2.0/29"));
    var first = ipam.allocate();
    for (int i = 0; i < 4; i++) {
      assertThat(ipam.isLow()).isFalse();
      ipam.allocate();
    }
    assertThat(ipam.isLow()).isTrue();
    ipam.use(List.of("10.1.2.0/29", "10.9.0.0/30"));
    assertThat(ipam.isLow()).isFalse();
    assertThat(ipam.free()).isEqualTo(2);
    assertThat(ipam.given()).isEqualTo(5);
    ipam.release(first);
    assertThat(ipam.allocate()).isEqualTo(address("10.9.0.1"));
    assertThat(ipam.allocate()).isEqualTo(address("10.9.0.2"));
    assertThat(ipam.allocate()).isEqualTo(first);
    assertThatThrownBy(ipam::allocate)
        .isInstanceOf(Ipam.ExhaustedException.class)
        .hasMessageContaining("10.1.2.0/29, 10.9.0.0/30");
    assertThat(ipam.router()).isEqualTo(address("10.1.2.1"));
  }

  @Test
  void givesNothingOfWhatWasTakenAwayButKnowsWhoHasIt() {
    var ipam = new Ipam("10.1.2.0/30");
    ipam.use(List.of("10.1.2.0/30", "10.9.0.0/29"));
    assertThat(ipam.claim(address("10.9.0.1"))).isTrue();
    ipam.use(List.of("10.1.2.0/30"));
    assertThat(ipam.allocate()).isEqualTo(address("10.1.2.2"));
    assertThatThrownBy(ipam::allocate).isInstanceOf(Ipam.ExhaustedException.class);
    assertThat(ipam.claim(address("10.9.0.1"))).isFalse();
    assertThat(ipam.given()).isEqualTo(2);
    ipam.use(List.of("10.9.0.0/29"));
    assertThat(ipam.allocate()).isEqualTo(address("10.9.0.2"));
  }

  @Test
  void knowsWhatItGivesOf() {
    var ipam = new Ipam("10.0.0.8/29");
    assertThat(ipam.knows(List.of("10.0.0.8/29"))).isTrue();
    assertThat(ipam.knows(List.of("10.0.0.8/29", "10.0.0.16/29"))).isFalse();
    assertThat(ipam.knows(List.of("10.0.0.9/29", "fd00::/64"))).as("the same; never").isTrue();
    ipam.use(List.of("10.0.0.8/29", "10.0.0.16/29"));
    assertThat(ipam.knows(List.of("10.0.0.16/29"))).isTrue();
  }

  @Test
  void refusesWhatOverlapsOrIsNone() {
    var ipam = new Ipam("10.1.2.0/24");
    for (var wrong : List.of("10.1.2.128/25", "10.1.0.0/16", "fd00::/64", "10.1.2.0")) {
      assertThatThrownBy(() -> ipam.use(List.of("10.1.2.0/24", wrong)))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining(wrong);
    }
    assertThat(ipam.cidrs()).containsExactly("10.1.2.0/24");
    assertThat(ipam.allocate()).isEqualTo(address("10.1.2.2"));
  }

  /** Against a set: what is given is nobody's, and in one of the CIDRs. */
  @Test
  void neverGivesTwice() {
    long seed = Long.getLong("ovenet.seed", System.nanoTime());
    System.out.println("IpamTest: -Dovenet.seed=" + seed);
    var random = new Random(seed);
    var ipam = new Ipam("10.0.0.0/28");
    var cidrs = new ArrayList<>(List.of("10.0.0.0/28"));
    var given = new ArrayList<Inet4Address>();
    for (int step = 0; step < 5000; step++) {
      int what = random.nextInt(100);
      if (what < 3) {
        var extra = "10.0." + (1 + random.nextInt(4)) + ".0/2" + (7 + random.nextInt(3));
        if (cidrs.stream().noneMatch(c -> c.startsWith(extra.substring(0, 7)))) {
          cidrs.add(extra);
          ipam.use(cidrs);
        }
      } else if (what < 50 && !given.isEmpty()) {
        ipam.release(given.remove(random.nextInt(given.size())));
      } else if (ipam.free() == 0) {
        assertThatThrownBy(ipam::allocate).isInstanceOf(Ipam.ExhaustedException.class);
      } else {
        var address = ipam.allocate();
        assertThat(given).as("seed %d, step %d", seed, step).doesNotContain(address);
        given.add(address);
      }
      assertThat(ipam.given()).as("seed %d, step %d", seed, step).isEqualTo(given.size());
    }
  }

  private static Inet4Address address(String literal) {
    return Inet4Address.ofLiteral(literal);
  }
}
