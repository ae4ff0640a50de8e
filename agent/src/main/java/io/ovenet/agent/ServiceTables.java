package io.ovenet.agent;

import io.ovenet.datapath.Backend;
import io.ovenet.datapath.Datapath;
import io.ovenet.datapath.RedirectSkipKey;
import io.ovenet.datapath.ServiceKey;
import io.ovenet.datapath.ServiceValue;
import io.ovenet.datapath.SourceRangeKey;

/**
 * What services are translated by, and the services' thread writes.
 *
 * @param slotCount how many slots there are
 */
record ServiceTables(
    Table<ServiceKey, ServiceValue> services,
    Table<Integer, Integer> slots,
    int slotCount,
    Table<Integer, Backend> backends,
    Table<SourceRangeKey, Integer> sourceRanges,
    Table<RedirectSkipKey, Integer> skips) {
  /** Those of the kernel. */
  static ServiceTables of(Datapath datapath) {
    var slots = datapath.serviceSlots();
    return new ServiceTables(
        new KernelTable<>("service_map", "use fewer services or addresses", datapath.services()),
        new KernelTable<>("service_slots", "use fewer services", slots),
        slots.capacity(),
        new KernelTable<>("backend_map", "use fewer backends", datapath.backends()),
        new KernelTable<>("source_range_map", "use fewer prefixes", datapath.sourceRanges()),
        new KernelTable<>(
            "redirect_skip_map",
            "use fewer redirects that their own pods skip",
            datapath.redirectSkips()));
  }
}
