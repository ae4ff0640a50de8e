package io.ovenet.lab.api;

/**
 * The name of one object.
 *
 * @param resource plural, with the group behind a dot unless it is the core group: {@code pods},
 *     {@code ciliumnodes.cilium.io}
 * @param namespace "" for what belongs to the cluster
 */
record Key(String resource, String namespace, String name) {
  /** Sorts by namespace, then by name, as lists do. */
  String order() {
    return namespace + '\0' + name;
  }

  @Override
  public String toString() {
    return resource + " " + (namespace.isEmpty() ? name : namespace + "/" + name);
  }
}
