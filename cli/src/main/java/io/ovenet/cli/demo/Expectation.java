package io.ovenet.cli.demo;

import static io.ovenet.cli.demo.Workload.DATABASE;
import static io.ovenet.cli.demo.Workload.GATEWAY;
import static io.ovenet.cli.demo.Workload.OTHER_GATEWAY;
import static io.ovenet.cli.demo.Workload.STRANGER;
import static io.ovenet.cli.demo.Workload.WEB;
import static io.ovenet.cli.demo.Workload.WEB_VM;

import java.util.ArrayList;
import java.util.List;

/**
 * What {@code vm-web-policy} means for one connection.
 *
 * @param port a TCP port
 * @param body what the server answers with; a reply that arrives also shows that replies pass
 */
record Expectation(Workload from, Workload to, int port, boolean allowed, String body) {

  /** Every sentence of the policy, once for the container and once for the virtual machine. */
  static List<Expectation> ofVmWebPolicy() {
    List<Expectation> all = new ArrayList<>();
    for (Workload web : List.of(WEB, WEB_VM)) {
      String hello = web.machine() ? "hello from the virtual machine" : "hello from the container";
      all.add(new Expectation(GATEWAY, web, 80, true, hello));
      all.add(new Expectation(GATEWAY, web, 443, true, hello));
      all.add(new Expectation(GATEWAY, web, 8080, false, hello));
      all.add(new Expectation(STRANGER, web, 80, false, hello));
      all.add(new Expectation(OTHER_GATEWAY, web, 80, false, hello));
      all.add(new Expectation(web, DATABASE, 5432, true, "hello from the database"));
      all.add(new Expectation(web, DATABASE, 5433, false, "hello from the database"));
    }
    return all;
  }

  @Override
  public String toString() {
    return from + " → " + to + ":" + port;
  }
}
