package io.ovenet.lab;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The part of a pod's status that its node writes (Kubernetes API, PodStatus), as a merge patch.
 *
 * @param addresses of the pod; empty until the network is ready
 * @param waiting why containers don't run yet; null once they were started
 */
record PodStatusDocument(
    String phase,
    List<String> addresses,
    String hostAddress,
    Instant since,
    @Nullable String waiting,
    List<Container> containers) {
  private static final ObjectMapper JSON = new ObjectMapper();

  /** A container's part of it. */
  record Container(
      String name,
      String image,
      @Nullable Instant running,
      ContainerProcess.@Nullable Exit lastExit,
      int restarts,
      boolean mayRestart,
      boolean started,
      boolean ready) {
    static Container of(ContainerProcess process, boolean mayRestart) {
      return new Container(
          process.name(),
          process.image(),
          process.started(),
          process.lastExit(),
          process.restarts(),
          mayRestart,
          process.started() != null && process.probes().started(),
          process.started() != null && process.probes().ready());
    }
  }

  boolean ready() {
    return phase.equals("Running")
        && !containers.isEmpty()
        && containers.stream().allMatch(Container::ready);
  }

  /**
   * @param scheduled when the pod got its node, as the scheduler wrote it
   */
  String patch(String scheduled) {
    ObjectNode root = JSON.createObjectNode();
    ObjectNode status = root.putObject("status");
    status.put("phase", phase);
    status.put("hostIP", hostAddress);
    status.putArray("hostIPs").addObject().put("ip", hostAddress);
    status.put("startTime", text(since));
    if (!addresses.isEmpty()) {
      status.put("podIP", addresses.getFirst());
      ArrayNode all = status.putArray("podIPs");
      addresses.forEach(address -> all.addObject().put("ip", address));
    }
    ArrayNode conditions = status.putArray("conditions");
    condition(conditions, "PodScheduled", true, scheduled);
    condition(conditions, "Initialized", true, text(since));
    condition(conditions, "ContainersReady", ready(), text(Instant.now()));
    condition(conditions, "Ready", ready(), text(Instant.now()));
    ArrayNode all = status.putArray("containerStatuses");
    for (Container container : containers) {
      describe(container, all.addObject());
    }
    return root.toString();
  }

  private void describe(Container container, ObjectNode status) {
    status.put("name", container.name());
    status.put("image", container.image());
    status.put("imageID", "");
    status.put("restartCount", container.restarts());
    status.put("ready", container.ready());
    status.put("started", container.started());
    ObjectNode state = status.putObject("state");
    if (container.running() != null) {
      state.putObject("running").put("startedAt", text(container.running()));
      if (container.lastExit() != null) {
        terminated(status.putObject("lastState"), container.lastExit());
      }
    } else if (container.lastExit() != null && !container.mayRestart()) {
      terminated(state, container.lastExit());
    } else if (container.lastExit() != null) {
      state.putObject("waiting").put("reason", "CrashLoopBackOff");
      terminated(status.putObject("lastState"), container.lastExit());
    } else {
      ObjectNode reason = state.putObject("waiting").put("reason", "ContainerCreating");
      if (waiting != null) {
        reason.put("message", waiting);
      }
    }
  }

  private static void terminated(ObjectNode state, ContainerProcess.Exit exit) {
    state
        .putObject("terminated")
        .put("exitCode", exit.code())
        .put("reason", exit.code() == 0 ? "Completed" : "Error")
        .put("startedAt", text(exit.started()))
        .put("finishedAt", text(exit.finished()));
  }

  private static void condition(ArrayNode conditions, String type, boolean is, String since) {
    conditions
        .addObject()
        .put("type", type)
        .put("status", is ? "True" : "False")
        .put("lastTransitionTime", since);
  }

  private static String text(Instant instant) {
    return instant.truncatedTo(ChronoUnit.SECONDS).toString();
  }
}
