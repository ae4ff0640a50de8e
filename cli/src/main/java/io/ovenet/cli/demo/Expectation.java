package io.ovenet.cli.demo;

import static io.ovenet.cli.demo.Workload.DATABASE;
import static io.ovenet.cli.demo.Workload.DNS;
import static io.ovenet.cli.demo.Workload.GATEWAY;
import static io.ovenet.cli.demo.Workload.LOGGING;
import static io.ovenet.cli.demo.Workload.MONITORING;
import static io.ovenet.cli.demo.Workload.ORDERS;
import static io.ovenet.cli.demo.Workload.ORDERS_VM;
import static io.ovenet.cli.demo.Workload.OTHER_GATEWAY;
import static io.ovenet.cli.demo.Workload.OUTSIDE;
import static io.ovenet.cli.demo.Workload.STRANGER;
import static io.ovenet.cli.demo.Workload.WEB;
import static io.ovenet.cli.demo.Workload.WEB_VM;

import java.util.ArrayList;
import java.util.List;

/**
 * What the policies in force mean for one connection.
 *
 * @param to who answers, or would
 * @param port its TCP port, or UDP for a request of DNS
 * @param body what the answer has in it; one that arrives also shows that replies pass
 * @param way how it is asked
 */
record Expectation(Workload from, Workload to, int port, boolean allowed, String body, Way way) {
  /** How a client asks. */
  sealed interface Way {
    /** By HTTP at the workload's own address. */
    record Directly() implements Way {}

    /**
     * By HTTP at a service's address, given here or the one that the API knows.
     *
     * @param service namespace/name, or an address
     * @param port the service's
     */
    record ByService(String service, int port) implements Way {}

    /** Asks the cluster's DNS service for a name. */
    record Lookup(String name) implements Way {}
  }

  private static final Way DIRECTLY = new Way.Directly();
  private static final String WEB_HELLO = "hello from the container";
  private static final String VM_HELLO = "hello from the virtual machine";
  private static final String DATABASE_HELLO = "hello from the database";

  private static Expectation connection(
      Workload from, Workload to, int port, boolean allowed, String body) {
    return new Expectation(from, to, port, allowed, body, DIRECTLY);
  }

  /** Every sentence of vm-web-policy, once for the container and once for the virtual machine. */
  static List<Expectation> ofVmWebPolicy() {
    List<Expectation> all = new ArrayList<>();
    for (Workload web : List.of(WEB, WEB_VM)) {
      String hello = web.machine() ? VM_HELLO : WEB_HELLO;
      all.add(connection(GATEWAY, web, 80, true, hello));
      all.add(connection(GATEWAY, web, 443, true, hello));
      all.add(connection(GATEWAY, web, 8080, false, hello));
      all.add(connection(STRANGER, web, 80, false, hello));
      all.add(connection(OTHER_GATEWAY, web, 80, false, hello));
      all.add(connection(web, DATABASE, 5432, true, DATABASE_HELLO));
      all.add(connection(web, DATABASE, 5433, false, DATABASE_HELLO));
    }
    return all;
  }

  /** Two tenants that share DNS, monitoring and logging and nothing else. */
  static List<Expectation> ofTenants() {
    List<Expectation> all = new ArrayList<>();
    for (Workload machine : List.of(WEB_VM, ORDERS_VM)) {
      Way way = new Way.Lookup("pushgateway.monitoring.svc.cluster.local");
      all.add(new Expectation(machine, DNS, 53, true, "pushgateway", way));
    }
    Way metrics = new Way.ByService("monitoring/pushgateway", 9091);
    Way logs = new Way.ByService("logging/collector", 3100);
    all.add(new Expectation(GATEWAY, MONITORING, 9091, true, "metrics kept", metrics));
    all.add(new Expectation(OTHER_GATEWAY, LOGGING, 3100, true, "line kept", logs));
    all.add(connection(STRANGER, MONITORING, 8080, false, "metrics kept"));
    all.add(connection(LOGGING, ORDERS, 80, false, "hello from orders"));

    all.add(connection(OTHER_GATEWAY, ORDERS, 80, true, "hello from orders"));
    all.add(connection(OTHER_GATEWAY, ORDERS_VM, 80, true, "hello from the orders' machine"));
    all.add(connection(GATEWAY, ORDERS, 80, false, "hello from orders"));
    all.add(connection(GATEWAY, ORDERS_VM, 80, false, "hello from the orders' machine"));
    all.add(connection(ORDERS, DATABASE, 5432, false, DATABASE_HELLO));
    all.add(connection(ORDERS_VM, WEB_VM, 80, false, VM_HELLO));
    return all;
  }

  /** vm-web-service, which selects the container and the virtual machine. */
  static List<Expectation> ofOutside() {
    Way address = new Way.ByService("10.100.0.10", 80);
    return List.of(
        new Expectation(OUTSIDE, WEB_VM, 8080, true, VM_HELLO, address),
        new Expectation(OUTSIDE, WEB, 8080, true, WEB_HELLO, address),
        connection(OUTSIDE, WEB_VM, 80, false, VM_HELLO),
        connection(OUTSIDE, ORDERS_VM, 80, false, "hello from the orders' machine"));
  }

  @Override
  public String toString() {
    return switch (way) {
      case Way.Directly _ -> from + " → " + to + ":" + port;
      case Way.Lookup _ -> from + " → DNS";
      case Way.ByService by when by.service().contains("/") ->
          from + " → service " + by.service() + ":" + by.port();
      case Way.ByService by -> from + " → " + by.service() + ":" + by.port() + " → " + to;
    };
  }
}
