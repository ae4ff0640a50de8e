package io.ovenet.lab.api;

import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A kind of object in one version of its group, as it is served.
 *
 * @param group "" for the core group
 * @param storageVersion the version in which its objects are kept
 * @param status whether {@code status} is written through a subresource of its own
 * @param custom whether a CustomResourceDefinition made it
 * @param columns what its table shows after the name and before the age; empty for built-in kinds,
 *     whose cells {@link BuiltInTable} computes
 * @param schema what its objects must look like
 */
public record Resource(
    String group,
    String version,
    String kind,
    String listKind,
    String plural,
    String singular,
    List<String> shortNames,
    List<String> categories,
    boolean namespaced,
    boolean status,
    boolean custom,
    String storageVersion,
    List<Column> columns,
    Schemas.Source schema) {
  static final Set<String> VERBS =
      Set.of("create", "delete", "deletecollection", "get", "list", "patch", "update", "watch");

  /** Plural and group: {@code pods}, {@code ciliumnodes.cilium.io}. */
  public String id() {
    return group.isEmpty() ? plural : plural + "." + group;
  }

  /** As objects name it: {@code v1}, {@code cilium.io/v2}. */
  public String apiVersion() {
    return apiVersion(version);
  }

  String storageApiVersion() {
    return apiVersion(storageVersion);
  }

  private String apiVersion(String of) {
    return group.isEmpty() ? of : group + "/" + of;
  }

  Key key(String namespace, String name) {
    return new Key(id(), namespaced ? namespace : "", name);
  }

  boolean is(String wantedGroup, @Nullable String wantedPlural) {
    return group.equals(wantedGroup) && plural.equals(wantedPlural);
  }
}
