package io.ovenet.prove;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import org.junit.jupiter.api.Test;

/** Worlds by chance, in the kernel too: {@code -Dovenet.seed=N} runs those of a seed again. */
class KernelWorldKernelIT {
  private static final long SEED = Long.getLong("ovenet.seed", System.nanoTime());
  private static final long LEAST = Long.getLong("ovenet.prove.kernel", 50_000);

  @Test
  void theProgramDecidesAsTheDocumentsSay() throws IOException {
    System.out.println("KernelWorldKernelIT: -Dovenet.seed=" + SEED);
    var proof = new Proof(SEED);
    try (var devices = new Devices()) {
      while (proof.coverage().byKernel() < LEAST) {
        proof.world(devices);
      }
    }
    System.out.println("KernelWorldKernelIT: " + proof.coverage());
    assertThat(proof.coverage().byKernel()).isGreaterThanOrEqualTo(LEAST);
  }
}
