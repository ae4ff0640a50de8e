package io.ovenet.prove;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Random;
import org.junit.jupiter.api.Test;

/**
 * Planted faults are found. A few by chance, since each is built and looked for by itself: {@code
 * -Dovenet.faults=N} for more, {@code ovenet bench faults} for all.
 */
class PlantedFaultsKernelIT {
  private static final long SEED = Long.getLong("ovenet.seed", System.nanoTime());
  private static final int COUNT = Integer.getInteger("ovenet.faults", 3);

  @Test
  void plantedFaultsAreFound() throws IOException, InterruptedException {
    System.out.println("PlantedFaultsKernelIT: -Dovenet.seed=" + SEED);
    var faults = new ArrayList<>(PlantedFault.readAll(PlantedFaultsTest.PATCHES));
    Collections.shuffle(faults, new Random(SEED));
    var hunt = new FaultHunt(PlantedFaultsTest.ROOT);
    for (var fault : faults.subList(0, Math.min(COUNT, faults.size()))) {
      var outcome = hunt.hunt(fault, SEED);
      System.out.println(fault.name() + ": " + outcome.summary());
      assertThat(outcome.found())
          .as("%s: %s%n%s", fault.name(), fault.what(), outcome.output())
          .isTrue();
    }
  }
}
