package io.ovenet.lab;

import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.ContainerPort;
import io.fabric8.kubernetes.api.model.IntOrString;
import io.fabric8.kubernetes.api.model.Probe;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * How a container is probed (Kubernetes API, Probe).
 *
 * @param successes how many in a row make it pass
 * @param failures how many in a row make it fail
 */
record ProbeSpec(
    Kind kind,
    Action action,
    Duration delay,
    Duration period,
    Duration timeout,
    int successes,
    int failures) {
  /** What a probe decides. */
  enum Kind {
    /** Whether the others begin; failing ends the container. */
    STARTUP,
    /** Whether the container is ready. */
    READINESS,
    /** Failing ends the container. */
    LIVENESS
  }

  /** What is done. */
  sealed interface Action {
    record Exec(List<String> command) implements Action {}

    /** A code from 200 to 399 passes. */
    record HttpGet(@Nullable String host, int port, String path, List<String> headers)
        implements Action {}

    record TcpSocket(@Nullable String host, int port) implements Action {}
  }

  /**
   * The probes of a container.
   *
   * @throws IllegalArgumentException for one that can't be done, naming the field
   */
  static List<ProbeSpec> of(Container container) {
    List<ProbeSpec> all = new ArrayList<>();
    add(all, Kind.STARTUP, container, container.getStartupProbe());
    add(all, Kind.READINESS, container, container.getReadinessProbe());
    add(all, Kind.LIVENESS, container, container.getLivenessProbe());
    return List.copyOf(all);
  }

  private static void add(
      List<ProbeSpec> to, Kind kind, Container container, @Nullable Probe probe) {
    if (probe != null) {
      String field = kind.name().toLowerCase(java.util.Locale.ROOT) + "Probe";
      to.add(
          new ProbeSpec(
              kind,
              action(container, probe, container.getName() + "." + field),
              seconds(probe.getInitialDelaySeconds(), 0),
              seconds(probe.getPeriodSeconds(), 10),
              seconds(probe.getTimeoutSeconds(), 1),
              Objects.requireNonNullElse(probe.getSuccessThreshold(), 1),
              Objects.requireNonNullElse(probe.getFailureThreshold(), 3)));
    }
  }

  private static Duration seconds(@Nullable Integer given, int otherwise) {
    return Duration.ofSeconds(given == null ? otherwise : given);
  }

  private static Action action(Container container, Probe probe, String field) {
    if (probe.getExec() != null) {
      return new Action.Exec(List.copyOf(probe.getExec().getCommand()));
    }
    if (probe.getTcpSocket() != null) {
      var socket = probe.getTcpSocket();
      return new Action.TcpSocket(
          socket.getHost(), port(container, socket.getPort(), field + ".tcpSocket.port"));
    }
    if (probe.getHttpGet() != null) {
      var get = probe.getHttpGet();
      if ("HTTPS".equals(get.getScheme())) {
        throw new IllegalArgumentException(
            field + ".httpGet.scheme: HTTPS is not supported by the lab: use HTTP or tcpSocket");
      }
      List<String> headers = new ArrayList<>();
      get.getHttpHeaders().forEach(h -> headers.add(h.getName() + ": " + h.getValue()));
      return new Action.HttpGet(
          get.getHost(),
          port(container, get.getPort(), field + ".httpGet.port"),
          get.getPath() == null || get.getPath().isEmpty() ? "/" : get.getPath(),
          List.copyOf(headers));
    }
    throw new IllegalArgumentException(
        field + ": the lab supports exec, httpGet and tcpSocket: use one of them");
  }

  private static int port(Container container, IntOrString port, String field) {
    if (port.getIntVal() != null) {
      return port.getIntVal();
    }
    for (ContainerPort each : container.getPorts()) {
      if (port.getStrVal().equals(each.getName())) {
        return each.getContainerPort();
      }
    }
    throw new IllegalArgumentException(
        field + ": no port of the container is named " + port.getStrVal());
  }
}
