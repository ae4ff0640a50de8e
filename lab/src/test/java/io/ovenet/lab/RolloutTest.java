package io.ovenet.lab;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.IntOrString;
import io.fabric8.kubernetes.api.model.apps.Deployment;
import io.fabric8.kubernetes.api.model.apps.DeploymentBuilder;
import io.ovenet.lab.Rollout.Pods;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class RolloutTest {
  private static Deployment deployment(int replicas, String surge, String unavailable) {
    return new DeploymentBuilder()
        .withNewSpec()
        .withReplicas(replicas)
        .withNewStrategy()
        .withType("RollingUpdate")
        .withNewRollingUpdate()
        .withMaxSurge(new IntOrString(surge))
        .withMaxUnavailable(new IntOrString(unavailable))
        .endRollingUpdate()
        .endStrategy()
        .endSpec()
        .build();
  }

  @Test
  void aQuarterIsRoundedUpForTheSurgeAndDownForTheRest() {
    Rollout.Step step =
        Rollout.next(deployment(3, "25%", "25%"), new Pods(0, 0), List.of(new Pods(3, 3)));
    assertThat(step).isEqualTo(new Rollout.Step(1, List.of(3)));
    step = Rollout.next(deployment(8, "25%", "25%"), new Pods(0, 0), List.of(new Pods(8, 8)));
    assertThat(step).isEqualTo(new Rollout.Step(2, List.of(6)));
  }

  @Test
  void recreateEmptiesBeforeItFills() {
    Deployment recreate =
        new DeploymentBuilder(deployment(2, "25%", "25%"))
            .editSpec()
            .withNewStrategy()
            .withType("Recreate")
            .endStrategy()
            .endSpec()
            .build();
    assertThat(Rollout.next(recreate, new Pods(0, 0), List.of(new Pods(2, 2))))
        .isEqualTo(new Rollout.Step(0, List.of(0)));
    assertThat(Rollout.next(recreate, new Pods(0, 0), List.of(new Pods(0, 1))))
        .isEqualTo(new Rollout.Step(0, List.of(0)));
    assertThat(Rollout.next(recreate, new Pods(0, 0), List.of(new Pods(0, 0))))
        .isEqualTo(new Rollout.Step(2, List.of(0)));
  }

  /** Pods become available when they like; the bounds hold at each step and it comes to its end. */
  @Test
  void neverTooManyNorTooFewAndItEnds() {
    long seed = System.nanoTime();
    Random random = new Random(seed);
    for (int world = 0; world < 500; world++) {
      int replicas = 1 + random.nextInt(12);
      int surge = random.nextInt(4);
      int unavailable = surge == 0 ? 1 + random.nextInt(3) : random.nextInt(4);
      Deployment deployment =
          deployment(replicas, Integer.toString(surge), Integer.toString(unavailable));
      Pods current = new Pods(0, 0);
      int first = random.nextInt(replicas + 1);
      List<Pods> old =
          List.of(new Pods(first, first), new Pods(replicas - first, replicas - first));
      int steps = 0;
      while (current.available() < replicas || old.stream().anyMatch(o -> o.wanted() > 0)) {
        assertThat(++steps).as("seed " + seed).isLessThan(1_000);
        Rollout.Step step = Rollout.next(deployment, current, old);
        int wanted = step.current() + step.old().stream().mapToInt(Integer::intValue).sum();
        assertThat(wanted).as("seed " + seed).isLessThanOrEqualTo(replicas + surge);
        // Who is deleted first is who isn't available.
        current = new Pods(step.current(), Math.min(step.current(), current.available()));
        List<Pods> left = new ArrayList<>();
        int available = current.available();
        for (int i = 0; i < old.size(); i++) {
          int kept = step.old().get(i);
          left.add(new Pods(kept, Math.min(kept, old.get(i).available())));
          available += left.get(i).available();
        }
        old = left;
        assertThat(available).as("seed " + seed).isGreaterThanOrEqualTo(replicas - unavailable);
        current =
            new Pods(
                current.wanted(),
                current.available() + random.nextInt(current.wanted() - current.available() + 1));
      }
    }
  }
}
