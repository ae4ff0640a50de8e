package io.ovenet.ui;

import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;

/** A node of the map: a namespace, an application, a pod or a machine, or what is none of these. */
final class MapNode {
  private final String id;
  private final String label;
  private final String namespace;
  private final boolean entity;
  private final Set<String> pods = new HashSet<>();
  private final Set<String> machines = new HashSet<>();

  MapNode(String id, End.Level level, End end) {
    this.id = id;
    this.namespace = end.namespace();
    this.entity = !end.isPod();
    this.label =
        entity
            ? end.entity()
            : switch (level) {
              case NAMESPACE -> end.namespace();
              case APPLICATION -> end.application();
              case POD -> end.machine().isEmpty() ? end.pod() : end.machine();
            };
  }

  void add(End end) {
    if (end.isPod()) {
      (end.machine().isEmpty() ? pods : machines)
          .add(end.machine().isEmpty() ? end.pod() : end.machine());
    }
  }

  Map<String, Object> json() {
    Map<String, Object> object = new LinkedHashMap<>();
    object.put("id", id);
    object.put("label", label);
    object.put("namespace", namespace);
    object.put(
        "kind", entity ? "entity" : machines.isEmpty() ? "pod" : pods.isEmpty() ? "vm" : "mixed");
    object.put("pods", (long) pods.size());
    object.put("machines", (long) machines.size());
    return object;
  }
}
