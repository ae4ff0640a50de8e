package io.ovenet.agent;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.Test;

class GoDurationTest {
  @Test
  void everyUnitIsTaken() {
    assertThat(GoDuration.parse("0")).isEqualTo(Duration.ZERO);
    assertThat(GoDuration.parse("0s")).isEqualTo(Duration.ZERO);
    assertThat(GoDuration.parse("3000000ns")).isEqualTo(Duration.ofMillis(3));
    for (var micro : new String[] {"us", "\u00b5s", "\u03bcs"}) {
      assertThat(GoDuration.parse("2500" + micro)).isEqualTo(Duration.ofMillis(2));
    }
    assertThat(GoDuration.parse("1h2m3.5s7ms"))
        .isEqualTo(Duration.ofHours(1).plusMinutes(2).plusMillis(3507));
  }

  @Test
  void whatIsNoneIsNone() {
    for (var text : new String[] {"", "1", "s", "1.s", "-1s", "1 s", "1d", "00"}) {
      assertThat(GoDuration.parse(text)).as(text).isNull();
    }
  }
}
