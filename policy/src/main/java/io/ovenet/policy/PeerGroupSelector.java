package io.ovenet.policy;

import java.util.List;

/** Names groups in a rule; one that is not there holds nobody. */
public sealed interface PeerGroupSelector permits CidrGroupSelector, ServiceSelector {
  boolean names(PeerGroup group);

  /** Whom it selects by a group that it names. */
  List<? extends PeerSelector> in(PeerGroup group);
}
