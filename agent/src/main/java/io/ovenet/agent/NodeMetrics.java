package io.ovenet.agent;

import io.ovenet.kubernetes.KubernetesApi;
import io.ovenet.metrics.MetricsText;
import java.util.List;

/**
 * How far this node is from where nothing more fits, and from what the cluster wants of it. Safe
 * for any thread.
 */
final class NodeMetrics {
  private static final List<String> TABLE = List.of("table");
  private static final List<String> STATE = List.of("state");
  private static final List<String> RESOURCE = List.of("resource");

  private final TableSizes sizes;
  private final PoliciesInForce policies;
  private final EndpointLifecycle lifecycle;
  private final KubernetesApi api;

  NodeMetrics(
      TableSizes sizes, PoliciesInForce policies, EndpointLifecycle lifecycle, KubernetesApi api) {
    this.sizes = sizes;
    this.policies = policies;
    this.lifecycle = lifecycle;
    this.api = api;
  }

  void write(MetricsText to) {
    tables(to);
    policies(to);
    addresses(to);
    watches(to);
  }

  private void tables(MetricsText to) {
    var all = sizes.lately();
    to.gauge("ovenet_table_entries", "Entries of the kernel's tables.");
    for (var table : all) {
      to.sample(
          "ovenet_table_entries", TABLE, new String[] {table.name()}, (double) table.entries());
    }
    to.gauge("ovenet_table_room", "How many entries they have room for.");
    for (var table : all) {
      to.sample("ovenet_table_room", TABLE, new String[] {table.name()}, table.room());
    }
  }

  private void policies(MetricsText to) {
    int valid = 0;
    int invalid = 0;
    int behind = 0;
    for (var policy : policies.all()) {
      if (policy.isInvalid()) {
        invalid++;
      } else if (policy.wanted() != null) {
        valid++;
      }
      behind += policy.isBehind() ? 1 : 0;
    }
    to.gauge(
        "ovenet_policies",
        "Policies; of an invalid one the last valid version is in force, or isolation.");
    to.sample("ovenet_policies", STATE, new String[] {"valid"}, valid);
    to.sample("ovenet_policies", STATE, new String[] {"invalid"}, invalid);
    to.gauge("ovenet_policies_behind", "Policies whose newest version the kernel is not at yet.");
    to.sample("ovenet_policies_behind", behind);
  }

  private void addresses(MetricsText to) {
    var addresses = lifecycle.addresses();
    if (addresses == null) {
      return; // there is no prefix to give any of
    }
    to.gauge("ovenet_pod_addresses", "Addresses of the node's pod CIDRs.");
    to.sample("ovenet_pod_addresses", STATE, new String[] {"free"}, addresses.free());
    to.sample("ovenet_pod_addresses", STATE, new String[] {"given"}, addresses.given());
  }

  private void watches(MetricsText to) {
    var all = api.watches();
    to.gauge("ovenet_api_watches", "Watches of the API server that there are to be.");
    all.forEach(
        (resource, count) ->
            to.sample("ovenet_api_watches", RESOURCE, new String[] {resource}, count.all()));
    to.gauge(
        "ovenet_api_watches_standing",
        "Those that tell of changes now; without one, this node goes on with what it knew.");
    all.forEach(
        (resource, count) ->
            to.sample(
                "ovenet_api_watches_standing",
                RESOURCE,
                new String[] {resource},
                count.standing()));
  }
}
