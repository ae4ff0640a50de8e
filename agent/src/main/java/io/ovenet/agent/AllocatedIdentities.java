package io.ovenet.agent;

import io.ovenet.kubernetes.IdentityAllocator;
import io.ovenet.policy.Labels;
import java.io.IOException;

/** Identities as the cluster's objects say, made where there is none. Thread-safe. */
record AllocatedIdentities(IdentityAllocator allocator) implements Identities {
  @Override
  public int known(Labels labels) {
    return allocator.known(labels);
  }

  @Override
  public boolean means(int number, Labels labels) {
    return allocator.means(number, labels);
  }

  @Override
  public int allocate(Labels labels) throws IOException {
    return allocator.allocate(labels);
  }
}
