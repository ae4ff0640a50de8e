package io.ovenet.ui;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Map;
import org.junit.jupiter.api.Test;

/** The filters of the table, as its address says them. */
class FlowQueryTest {
  private static final FlowView VIEW =
      FlowView.of(
          1,
          FakeHubble.tcp(
                  FakeHubble.pod("shop", "web-1", "web"),
                  FakeHubble.pod("shop", "virt-launcher-db-x7k2p", "db"),
                  5432,
                  false)
              .build());

  private static boolean matches(String name, String value) {
    return FlowQuery.of(Map.of(name, value)).matches(VIEW);
  }

  @Test
  void eachFilterTakesAndRefuses() {
    assertThat(FlowQuery.ALL.matches(VIEW)).isTrue();
    for (String[] filter :
        new String[][] {
          {"verdict", "DROPPED", "FORWARDED"},
          {"verdict", "forwarded,dropped", "AUDIT"},
          {"namespace", "shop", "sho"},
          {"from", "SHOP/web", "shop/db"},
          {"from", "10.0.0.1", "10.0.0.2"},
          {"to", "vm shop/db", "web"},
          {"port", "5432", "543"},
          {"protocol", "tcp", "udp"},
          {"type", "denied", "to-endpoint"},
          {"node", "node-1", "node-2"},
          {"text", "5432", "nothing of this"},
        }) {
      assertThat(matches(filter[0], filter[1])).as("%s=%s", filter[0], filter[1]).isTrue();
      assertThat(matches(filter[0], filter[2])).as("%s=%s", filter[0], filter[2]).isFalse();
    }
  }

  @Test
  void filtersNarrowTogether() {
    assertThat(FlowQuery.of(Map.of("verdict", "DROPPED", "port", "80")).matches(VIEW)).isFalse();
  }
}
