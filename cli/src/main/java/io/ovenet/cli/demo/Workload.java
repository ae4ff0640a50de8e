package io.ovenet.cli.demo;

/** Who takes part in the demo: a workload of {@code examples/demo}, or the client outside. */
record Workload(String namespace, String name, Kind kind) {
  /** Where a workload's commands run. */
  enum Kind {
    POD,
    /** A VirtualMachine, whose commands run in the guest. */
    MACHINE,
    /** Not of the cluster. */
    OUTSIDE
  }

  static final Workload WEB = pod("app-web-prod", "web");
  static final Workload GATEWAY = pod("app-web-prod", "api-gateway");
  static final Workload DATABASE = pod("app-web-prod", "database");
  static final Workload STRANGER = pod("app-web-prod", "stranger");
  static final Workload WEB_VM = new Workload("app-web-prod", "web-vm", Kind.MACHINE);

  static final Workload OTHER_GATEWAY = pod("app-other-prod", "api-gateway");
  static final Workload ORDERS = pod("app-other-prod", "orders");
  static final Workload ORDERS_VM = new Workload("app-other-prod", "orders-vm", Kind.MACHINE);

  static final Workload DNS = pod("kube-system", "coredns");
  static final Workload MONITORING = pod("monitoring", "pushgateway");
  static final Workload LOGGING = pod("logging", "collector");

  static final Workload OUTSIDE = new Workload("", "outside", Kind.OUTSIDE);

  private static Workload pod(String namespace, String name) {
    return new Workload(namespace, name, Kind.POD);
  }

  boolean machine() {
    return kind == Kind.MACHINE;
  }

  boolean outside() {
    return kind == Kind.OUTSIDE;
  }

  /** Short where the namespace is that of the mission's policy. */
  @Override
  public String toString() {
    String kindOf = machine() ? "vm " : "";
    return namespace.equals("app-web-prod") || outside()
        ? kindOf + name
        : kindOf + namespace + "/" + name;
  }
}
