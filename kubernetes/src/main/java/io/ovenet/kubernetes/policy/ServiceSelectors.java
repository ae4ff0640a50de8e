package io.ovenet.kubernetes.policy;

import io.ovenet.kubernetes.JsonObject;
import io.ovenet.policy.EndpointSelector;
import io.ovenet.policy.Label;

/** The label selectors by which pools and announcements choose services. */
public final class ServiceSelectors {
  private ServiceSelectors() {}

  /**
   * Reads a selector over labels of the source {@link Label#K8S}; an empty one selects all.
   *
   * @param path where it stands
   * @throws io.ovenet.policy.PolicyException naming the field that is wrong
   */
  public static EndpointSelector parse(String path, JsonObject selector) {
    return EndpointSelector.of(
        SelectorParser.requirements(new Field(path, selector.fields()), Label.K8S, ""));
  }
}
