package io.ovenet.datapath;

import static org.assertj.core.api.Assertions.assertThat;

import io.ovenet.bpf.BpfProgram;
import java.io.IOException;
import java.time.Duration;
import java.util.Objects;
import org.junit.jupiter.api.Test;

/** Programs' runs are counted while somebody reads. */
class ProgramTimesKernelIT {
  @Test
  void runsAreCountedWhileSomebodyReads() throws IOException {
    try (TestNode node = new TestNode(TestNode.options());
        ProgramTimes times = new ProgramTimes(node.datapath, Duration.ofMillis(50))) {
      BpfProgram.Statistics counted;
      long deadline = System.nanoTime() + LiveNode.ANSWER.toNanos();
      do {
        assertThat(System.nanoTime()).as("nothing is counted").isLessThan(deadline);
        counted = Objects.requireNonNull(times.read().get(Datapath.FROM_POD));
        node.send(node.client, node.client.to(node.web).udp(1, 53));
      } while (counted.runs() == 0);
      assertThat(counted.nanos()).isPositive();
      assertThat(times.read()).containsKeys("to_pod", "from_overlay", "from_network", "from_host");
    }
  }
}
