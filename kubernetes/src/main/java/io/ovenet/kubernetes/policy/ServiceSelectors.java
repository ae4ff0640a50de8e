package io.ovenet.kubernetes.policy;

import io.ovenet.kubernetes.JsonObject;
import io.ovenet.kubernetes.ServiceRecord;
import io.ovenet.policy.EndpointSelector;
import io.ovenet.policy.Label;
import io.ovenet.policy.Labels;
import java.util.ArrayList;

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

  /** A service's labels, and those by which its name and namespace are selected. */
  public static Labels labelsOf(ServiceRecord service) {
    var labels = new ArrayList<Label>();
    service.labels().forEach((key, value) -> labels.add(new Label(Label.K8S, key, value)));
    labels.add(new Label(Label.K8S, "io.kubernetes.service.namespace", service.key().namespace()));
    labels.add(new Label(Label.K8S, "io.kubernetes.service.name", service.key().name()));
    return Labels.of(labels);
  }
}
