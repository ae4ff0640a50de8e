package io.ovenet.kubernetes;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.net.Inet4Address;
import java.net.InetAddress;
import java.util.LinkedHashSet;
import java.util.List;
import org.junit.jupiter.api.Test;

class Ipv4RangesTest {
  private static List<Inet4Address> addresses(String... texts) {
    return List.of(texts).stream().map(text -> (Inet4Address) InetAddress.ofLiteral(text)).toList();
  }

  @Test
  void neighboursAreTogetherAndComeBack() {
    var some =
        addresses("10.0.0.255", "10.0.1.0", "10.0.0.20", "255.255.255.255", "0.0.0.0", "10.0.1.1");
    var text = Ipv4Ranges.write(some);
    assertThat(text).isEqualTo("0.0.0.0,10.0.0.20,10.0.0.255-10.0.1.1,255.255.255.255");
    assertThat(Ipv4Ranges.read(text)).isEqualTo(new LinkedHashSet<>(some));
    assertThat(Ipv4Ranges.write(List.of())).isEmpty();
    assertThat(Ipv4Ranges.read("")).isEmpty();
  }

  @Test
  void whatAnybodyMayHaveWrittenIsRefused() {
    for (var text :
        List.of(
            "x",
            ",",
            "10.0.0.1-",
            "10.0.0.2-10.0.0.1",
            "0.0.0.0-255.255.255.255",
            "::1",
            "10.0.0.1-::1",
            "10.0.0.0-10.0.255.255,10.1.0.0")) {
      assertThatThrownBy(() -> Ipv4Ranges.read(text))
          .as(text)
          .isInstanceOf(IllegalArgumentException.class);
    }
  }
}
