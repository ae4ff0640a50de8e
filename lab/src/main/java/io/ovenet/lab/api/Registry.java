package io.ovenet.lab.api;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** All resources that are served: the built-in ones and those that CRDs made. Thread-safe. */
final class Registry {
  /** One state of it. Immutable. */
  private record Snapshot(List<Resource> all, Map<String, Resource> byPath) {}

  private final List<Resource> builtIns;
  private final Map<String, List<Resource>> custom = new TreeMap<>();
  private volatile Snapshot snapshot;

  Registry(List<Resource> builtIns) {
    this.builtIns = builtIns;
    this.snapshot = snapshot();
  }

  private Snapshot snapshot() {
    List<Resource> all = new ArrayList<>(builtIns);
    custom.values().forEach(all::addAll);
    Map<String, Resource> byPath = new HashMap<>();
    all.forEach(one -> byPath.put(one.apiVersion() + "/" + one.plural(), one));
    return new Snapshot(List.copyOf(all), Map.copyOf(byPath));
  }

  /** Serves the versions of a CRD from now on; none for a CRD that is gone. */
  synchronized void put(String crd, List<Resource> versions) {
    if (versions.isEmpty()) {
      custom.remove(crd);
    } else {
      custom.put(crd, versions);
    }
    snapshot = snapshot();
  }

  List<Resource> all() {
    return snapshot.all();
  }

  @Nullable Resource find(String group, String version, String plural) {
    String apiVersion = group.isEmpty() ? version : group + "/" + version;
    return snapshot.byPath().get(apiVersion + "/" + plural);
  }

  /** A resource in its storage version by its id, for those who go by stored keys. */
  @Nullable Resource byId(String id) {
    for (Resource resource : snapshot.all()) {
      if (resource.version().equals(resource.storageVersion()) && resource.id().equals(id)) {
        return resource;
      }
    }
    return null;
  }

  /** The groups with their versions, newest version of a group first; the core group is "". */
  Map<String, List<String>> groups() {
    Map<String, List<String>> groups = new TreeMap<>();
    for (Resource resource : snapshot.all()) {
      List<String> versions = groups.computeIfAbsent(resource.group(), key -> new ArrayList<>());
      if (!versions.contains(resource.version())) {
        versions.add(resource.version());
      }
    }
    groups.values().forEach(versions -> versions.sort(Registry::compareVersions));
    return groups;
  }

  /** Kubernetes' order of versions: v2, v1, v1beta1, v1alpha1. */
  static int compareVersions(String left, String right) {
    int byRank = Long.compare(rank(right), rank(left));
    return byRank != 0 ? byRank : left.compareTo(right);
  }

  private static long rank(String version) {
    java.util.regex.Matcher parts =
        java.util.regex.Pattern.compile("v(\\d{1,6})(?:(alpha|beta)(\\d{1,6}))?").matcher(version);
    if (!parts.matches()) {
      return -1;
    }
    String stage = parts.group(2);
    long rank = (stage == null ? 2 : stage.equals("beta") ? 1 : 0) * 1_000_000L;
    rank = (rank + Long.parseLong(parts.group(1))) * 1_000_000L;
    return stage == null ? rank : rank + Long.parseLong(parts.group(3));
  }
}
