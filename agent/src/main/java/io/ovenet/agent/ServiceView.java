package io.ovenet.agent;

import io.ovenet.agent.ServiceFrontend.BackendSet;
import java.util.List;
import java.util.Map;

/**
 * A service as this node should have it.
 *
 * @param service {@code namespace/name}
 * @param frontends how it is called
 * @param sets who gets new connections, sorted
 * @param backends everybody who may still answer, also those in no set
 * @param notes what is not as it was asked for, a sentence each
 */
record ServiceView(
    String service,
    List<ServiceFrontend> frontends,
    Map<BackendSet, List<BackendKey>> sets,
    Map<BackendKey, ServiceBackend> backends,
    List<String> notes) {
  ServiceView {
    frontends = List.copyOf(frontends);
    sets = Map.copyOf(sets);
    backends = Map.copyOf(backends);
    notes = List.copyOf(notes);
  }

  static ServiceView none(String service) {
    return new ServiceView(service, List.of(), Map.of(), Map.of(), List.of());
  }
}
