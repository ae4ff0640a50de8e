package io.ovenet.lab;

import io.fabric8.kubernetes.api.model.IntOrString;
import io.fabric8.kubernetes.api.model.apps.Deployment;
import io.fabric8.kubernetes.api.model.apps.RollingUpdateDeployment;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * How many pods each ReplicaSet of a Deployment is to have next, so that there are never more than
 * its surge allows nor fewer than may be unavailable (Kubernetes API, DeploymentStrategy).
 */
final class Rollout {
  /** A set's pods. */
  record Pods(int wanted, int available) {}

  /** What the current set and the old ones, in their order, are to have. */
  record Step(int current, List<Integer> old) {}

  private Rollout() {}

  static Step next(Deployment deployment, Pods current, List<Pods> old) {
    int replicas = Objects.requireNonNullElse(deployment.getSpec().getReplicas(), 1);
    var strategy = deployment.getSpec().getStrategy();
    boolean recreate = strategy != null && "Recreate".equals(strategy.getType());
    RollingUpdateDeployment rolling = strategy == null ? null : strategy.getRollingUpdate();
    if (recreate) {
      boolean emptied = old.stream().allMatch(each -> each.wanted() == 0 && each.available() == 0);
      return new Step(emptied ? replicas : 0, old.stream().map(_ -> 0).toList());
    }
    int surge = amount(rolling == null ? null : rolling.getMaxSurge(), replicas, true);
    int unavailable = amount(rolling == null ? null : rolling.getMaxUnavailable(), replicas, false);
    if (surge == 0 && unavailable == 0) {
      unavailable = 1; // else nothing could ever move
    }
    int total = current.wanted() + old.stream().mapToInt(Pods::wanted).sum();
    int next =
        current.wanted() >= replicas
            ? replicas
            : Math.min(replicas, current.wanted() + Math.max(0, replicas + surge - total));
    int available = current.available() + old.stream().mapToInt(Pods::available).sum();
    int spare = available - (replicas - unavailable);
    List<Integer> left = new ArrayList<>();
    for (Pods each : old) {
      // Those that are not available are missed by nobody.
      int idle = Math.max(0, each.wanted() - each.available());
      int taken = Math.min(each.wanted() - idle, Math.max(0, spare));
      spare -= taken;
      left.add(each.wanted() - idle - taken);
    }
    return new Step(next, left);
  }

  /** A number, or a share of all that is rounded up for a surge; a quarter if nothing is said. */
  private static int amount(@Nullable IntOrString value, int of, boolean up) {
    Object said = value == null ? "25%" : value.getValue();
    if (said instanceof Integer number) {
      return number;
    }
    int percent = Integer.parseInt(String.valueOf(said).replace("%", ""));
    return up ? (of * percent + 99) / 100 : of * percent / 100;
  }
}
