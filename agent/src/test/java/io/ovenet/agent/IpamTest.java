package io.ovenet.agent;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.net.Inet4Address;
import java.util.HashSet;
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
    assertThat(ipam.cidr()).isEqualTo("10.1.2.0/29");
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

  private static Inet4Address address(String literal) {
    return Inet4Address.ofLiteral(literal);
  }
}
