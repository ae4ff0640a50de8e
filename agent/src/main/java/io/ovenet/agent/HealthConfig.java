package io.ovenet.agent;

/**
 * How it is found out whether this node and others are well.
 *
 * @param healthzPort TCP port of {@code /healthz} on the loopback address; 0: none
 * @param nodePort TCP port at which nodes ask each other, the same on all; 0: they don't
 */
record HealthConfig(int healthzPort, int nodePort) {
  /** Upstream's. */
  private static final int NODE_PORT = 4240;

  static HealthConfig parse(ConfigValues values) {
    int healthz = values.number("agent-health-port", 9879, 0, 65_535);
    int nodes = values.number("cluster-health-port", NODE_PORT, 1, 65_535);
    return new HealthConfig(healthz, values.flag("enable-health-checking", true) ? nodes : 0);
  }
}
