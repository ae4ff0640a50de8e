package io.ovenet.kubernetes;

import io.ovenet.policy.CidrGroup;
import io.ovenet.policy.PolicyNotice;
import java.util.List;

/**
 * A CiliumCIDRGroup.
 *
 * @param errors fields that mean nothing; their prefixes are left out of the group
 */
public record CidrGroupRecord(ObjectKey key, CidrGroup group, List<PolicyNotice> errors)
    implements KubernetesRecord {
  public CidrGroupRecord {
    errors = List.copyOf(errors);
  }
}
