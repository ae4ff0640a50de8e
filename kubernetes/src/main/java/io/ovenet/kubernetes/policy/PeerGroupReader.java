package io.ovenet.kubernetes.policy;

import io.ovenet.kubernetes.EndpointSliceRecord;
import io.ovenet.kubernetes.JsonObject;
import io.ovenet.kubernetes.RecordKind;
import io.ovenet.policy.CidrGroup;
import io.ovenet.policy.PeerGroup;
import io.ovenet.policy.PolicyException;
import io.ovenet.policy.PolicyNotice;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Consumer;

/**
 * Whole objects that rules may name, as JSON → groups: CiliumCIDRGroups, Services and their slices.
 */
public final class PeerGroupReader {
  private static final String SLICE = "EndpointSlice";
  private static final String SERVICE = "Service";

  /** What it reads; what has no kind is a CiliumCIDRGroup. */
  public static final Set<String> KINDS = Set.of("CiliumCIDRGroup", SERVICE, SLICE);

  private final PeerServices.Listener listener;
  private final PeerServices services;

  public PeerGroupReader(PeerServices.Listener listener) {
    this.listener = listener;
    services = new PeerServices(listener);
  }

  /**
   * Puts an object, in the place of the one with its kind and name.
   *
   * @param errors told of each field that means nothing and is left out
   * @throws PolicyException if it has no name
   */
  public void put(Map<String, ?> document, Consumer<PolicyNotice> errors) {
    Field root = new Field("", document);
    root.get("metadata").get("name").string();
    JsonObject object = JsonObject.of(document);
    switch (root.get("kind").stringOr("")) {
      case SERVICE -> services.upsert(RecordKind.SERVICES.reader().apply(object));
      case SLICE -> {
        EndpointSliceRecord slice = RecordKind.ENDPOINT_SLICES.reader().apply(object);
        for (String error : slice.errors()) {
          int colon = Math.max(error.indexOf(": "), 0);
          errors.accept(
              new PolicyNotice(error.substring(0, colon), error, "correct it; it is left out"));
        }
        services.upsert(slice);
      }
      default -> listener.upserted(CidrGroups.parse(document, errors));
    }
  }

  /**
   * The groups that objects make together.
   *
   * @param errors told of each field that means nothing and is left out
   * @throws PolicyException if one has no name
   */
  public static List<PeerGroup> groupsOf(
      Collection<? extends Map<String, ?>> documents, Consumer<PolicyNotice> errors) {
    Map<String, PeerGroup> groups = new TreeMap<>();
    PeerGroupReader reader =
        new PeerGroupReader(
            new PeerServices.Listener() {
              @Override
              public void upserted(PeerGroup group) {
                groups.put(group.id(), group);
              }

              @Override
              public void deleted(String id) {
                groups.remove(id);
              }
            });
    documents.forEach(document -> reader.put(document, errors));
    return List.copyOf(groups.values());
  }

  /** What tells objects apart: kind, namespace and name. */
  public static String keyOf(Map<String, ?> document) {
    Field metadata = new Field("", document).get("metadata");
    return new Field("", document).get("kind").stringOr("")
        + " "
        + metadata.get("namespace").stringOr("")
        + "/"
        + metadata.get("name").string();
  }

  /** Takes an object out; one that is not there is no error. */
  public void remove(Map<String, ?> document) {
    Field root = new Field("", document);
    JsonObject object = JsonObject.of(document);
    switch (root.get("kind").stringOr("")) {
      case SERVICE -> services.removeService(RecordKind.SERVICES.reader().apply(object).key());
      case SLICE -> services.removeSlice(RecordKind.ENDPOINT_SLICES.reader().apply(object).key());
      default -> listener.deleted(CidrGroup.id(root.get("metadata").get("name").string()));
    }
  }
}
