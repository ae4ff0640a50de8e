package io.ovenet.journeys;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.SortedSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code ovenet demo --once}: every expectation holds, and nothing is left. */
class DemoIT {
  @Test
  void everyExpectationHoldsAndNothingIsLeft(@TempDir Path directory) throws Exception {
    SortedSet<String> before = Traces.of(directory);

    Ovenet.Result demo = new Ovenet(directory).run("demo", "--once");

    assertThat(demo.exit()).as(demo.out() + demo.err()).isZero();
    assertThat(demo.out()).doesNotContain("✗");
    assertThat(demo.out().lines().filter(line -> line.startsWith("✓"))).hasSize(30);
    assertThat(Traces.of(directory)).isEqualTo(before);
  }
}
