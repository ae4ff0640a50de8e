package io.ovenet.lab.api;

/**
 * A column of what {@code kubectl get} prints.
 *
 * @param type {@code string}, {@code integer}, {@code number}, {@code boolean} or {@code date}
 * @param priority 0 shows always, 1 with {@code -o wide}
 */
record Column(String name, String type, String description, int priority, JsonPath path) {}
