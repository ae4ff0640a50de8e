package io.ovenet.datapath;

import java.net.InetAddress;
import java.util.HashMap;
import java.util.Map;

/** Services in a datapath's tables, as an agent writes them: fresh ranges, then the value. */
final class TestServices {
  private final Datapath datapath;
  private int nextSlot;
  private int lastBackend;

  TestServices(Datapath datapath) {
    this.datapath = datapath;
  }

  /** A backend's number. */
  int backend(Backend backend) {
    datapath.backends().upsert(++lastBackend, backend);
    return lastBackend;
  }

  void put(InetAddress address, int port, int protocol, int service, int... backends) {
    int first = range(backends);
    put(
        new ServiceKey(address, port, protocol),
        new ServiceValue(service, first, backends.length, 0, 0, 0, 0));
  }

  /** With affinity. */
  void putAffine(
      InetAddress address, int port, int protocol, int service, int seconds, int... backends) {
    int first = range(backends);
    put(
        new ServiceKey(address, port, protocol),
        new ServiceValue(service, first, backends.length, 0, 0, seconds, 0));
  }

  void put(ServiceKey key, ServiceValue value) {
    datapath.services().upsert(key, value);
  }

  /** Writes a range; its first slot. */
  int range(int... backends) {
    int first = nextSlot;
    for (int backend : backends) {
      datapath.serviceSlots().upsert(nextSlot++, backend);
    }
    return first;
  }

  void remove(InetAddress address, int port, int protocol) {
    datapath.services().delete(new ServiceKey(address, port, protocol));
  }

  Map<ServiceFlowKey, ServiceFlow> flows() {
    Map<ServiceFlowKey, ServiceFlow> flows = new HashMap<>();
    datapath.serviceFlows().forEach(flows::put);
    return flows;
  }
}
