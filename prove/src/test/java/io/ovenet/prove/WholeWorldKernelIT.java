package io.ovenet.prove;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import org.junit.jupiter.api.Test;

/** A few worlds, decided whole: {@code -Dovenet.seed=N} runs those of a seed again. */
class WholeWorldKernelIT {
  private static final long SEED = Long.getLong("ovenet.seed", System.nanoTime());
  private static final int WORLDS = Integer.getInteger("ovenet.prove.whole", 3);
  private static final int CHANGES = 12;

  @Test
  void everyClassOfQuestionsIsDecidedAlike() throws IOException {
    System.out.println("WholeWorldKernelIT: -Dovenet.seed=" + SEED);
    var proof = new Proof(SEED);
    var classes = 0L;
    var questions = 0L;
    try (var devices = new Devices()) {
      for (var number = 0; number < WORLDS; number++) {
        var world = new RandomWorld(SEED + number);
        try (var node = new KernelNode(devices, world.settings())) {
          for (var i = 0; i < CHANGES; i++) {
            world.change();
          }
          node.follow(world);
          var count = new WholeWorld(proof, world).decide(node);
          classes += count.classes();
          questions += count.questions();
        }
      }
    }
    System.out.printf(
        "WholeWorldKernelIT: %d classes, %d questions, %s%n", classes, questions, proof.coverage());
    assertThat(proof.coverage().decisions()).isEqualTo(questions);
    assertThat(classes).isGreaterThan(50L * WORLDS);
    assertThat(proof.coverage().byKernel()).isGreaterThan(questions / 3);
  }
}
