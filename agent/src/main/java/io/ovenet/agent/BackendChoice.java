package io.ovenet.agent;

import io.ovenet.kubernetes.SliceEndpoint;
import java.util.Collection;
import java.util.List;
import java.util.TreeSet;
import java.util.function.Predicate;

/**
 * Which of a port's endpoints get new connections, as kube-proxy chooses (Kubernetes' documentation
 * of EndpointSlices and KEP-1669): those that are ready; of them those whose hints name this node
 * or zone, if every one of them has such a hint; if none is ready, those that serve while they end.
 */
final class BackendChoice {
  private final String node;
  private final String zone;

  BackendChoice(String node, String zone) {
    this.node = node;
    this.zone = zone;
  }

  /** An endpoint, and the backend that it is at a port. */
  record Candidate(ServiceBackend backend, SliceEndpoint endpoint) {}

  /** Of the whole cluster, sorted. */
  List<BackendKey> cluster(Collection<Candidate> candidates) {
    var ready = candidates.stream().filter(c -> c.endpoint.ready()).toList();
    if (ready.isEmpty()) {
      return keys(candidates, this::lastResort);
    }
    if (hinted(ready, c -> !c.endpoint.hintNodes().isEmpty(), this::forThisNode)) {
      return keys(ready, this::forThisNode);
    }
    if (hinted(ready, c -> !c.endpoint.hintZones().isEmpty(), this::forThisZone)) {
      return keys(ready, this::forThisZone);
    }
    return keys(ready, _ -> true);
  }

  /** Of this node, sorted. */
  List<BackendKey> local(Collection<Candidate> candidates) {
    var here = candidates.stream().filter(c -> c.backend.local()).toList();
    var ready = keys(here, c -> c.endpoint.ready());
    return ready.isEmpty() ? keys(here, this::lastResort) : ready;
  }

  private boolean lastResort(Candidate candidate) {
    return candidate.endpoint.serving() && candidate.endpoint.terminating();
  }

  private boolean forThisNode(Candidate candidate) {
    return candidate.endpoint.hintNodes().contains(node);
  }

  private boolean forThisZone(Candidate candidate) {
    return !zone.isEmpty() && candidate.endpoint.hintZones().contains(zone);
  }

  /** Hints that are missing somewhere are being changed: then everybody is asked as before. */
  private static boolean hinted(
      List<Candidate> ready, Predicate<Candidate> hint, Predicate<Candidate> forUs) {
    return ready.stream().allMatch(hint) && ready.stream().anyMatch(forUs);
  }

  private static List<BackendKey> keys(
      Collection<Candidate> candidates, Predicate<Candidate> chosen) {
    var keys = new TreeSet<BackendKey>();
    for (var candidate : candidates) {
      if (chosen.test(candidate)) {
        keys.add(candidate.backend.key());
      }
    }
    return List.copyOf(keys);
  }
}
