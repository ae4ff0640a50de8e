package io.ovenet.kubernetes;

/**
 * Which object: its place in the API and the incarnation found there.
 *
 * @param namespace empty for objects of the whole cluster
 * @param uid changes when an object is deleted and made again under the same name
 */
public record ObjectKey(String namespace, String name, String uid) {
  /** {@code namespace/name}, or the name alone for objects of the whole cluster. */
  public String path() {
    return namespace.isEmpty() ? name : namespace + "/" + name;
  }

  @Override
  public String toString() {
    return path();
  }
}
