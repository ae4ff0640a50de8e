package io.ovenet.cli.demo;

/**
 * A workload of {@code examples/demo/workloads.yaml}.
 *
 * @param machine a VirtualMachine, whose commands run in the guest
 */
record Workload(String namespace, String name, boolean machine) {
  static final Workload WEB = pod("app-web-prod", "web");
  static final Workload GATEWAY = pod("app-web-prod", "api-gateway");
  static final Workload DATABASE = pod("app-web-prod", "database");
  static final Workload STRANGER = pod("app-web-prod", "stranger");
  static final Workload OTHER_GATEWAY = pod("app-other-prod", "api-gateway");
  static final Workload WEB_VM = new Workload("app-web-prod", "web-vm", true);

  private static Workload pod(String namespace, String name) {
    return new Workload(namespace, name, false);
  }

  /** Short where the namespace is the policy's own. */
  @Override
  public String toString() {
    String kind = machine ? "vm " : "";
    return namespace.equals("app-web-prod") ? kind + name : kind + namespace + "/" + name;
  }
}
