package io.ovenet.kubernetes.policy;

import io.ovenet.policy.Cidr;
import io.ovenet.policy.CidrGroup;
import io.ovenet.policy.Label;
import io.ovenet.policy.Labels;
import io.ovenet.policy.PolicyException;
import io.ovenet.policy.PolicyNotice;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;

/** CiliumCIDRGroups as JSON → groups. */
public final class CidrGroups {
  private CidrGroups() {}

  /**
   * Reads one object. A prefix that is none is left out, and so is a label without a key.
   *
   * @param errors told of each field that means nothing
   * @throws PolicyException if it has no name
   */
  public static CidrGroup parse(Map<String, ?> document, Consumer<PolicyNotice> errors) {
    Field root = new Field("", document);
    Field metadata = root.get("metadata");
    List<Label> labels = new ArrayList<>();
    List<Cidr> cidrs = new ArrayList<>();
    Field written = metadata.get("labels");
    written
        .object()
        .forEach(
            (key, value) -> {
              if (key.isEmpty()) {
                errors.accept(written.error("a label without a key", "give it one").notice());
              } else {
                labels.add(new Label(CidrGroup.SOURCE, key, String.valueOf(value)));
              }
            });
    try {
      for (Field item : root.get("spec").get("externalCIDRs").items()) {
        try {
          cidrs.add(PeersParser.cidr(item));
        } catch (PolicyException e) {
          errors.accept(e.notice());
        }
      }
    } catch (PolicyException e) {
      errors.accept(e.notice());
    }
    return new CidrGroup(metadata.get("name").string(), Labels.of(labels), cidrs);
  }
}
