package io.ovenet.kubernetes;

import java.net.Inet4Address;
import java.time.Duration;
import java.util.Set;

/**
 * The Lease of a node that announces addresses, as it was read.
 *
 * @param version another one each time that the node renews it
 * @param lasting how long it counts without being renewed
 * @param offers what the node could announce
 * @param announces what it announces, or is about to
 */
public record AnnouncerLease(
    String node,
    String version,
    Duration lasting,
    Set<Inet4Address> offers,
    Set<Inet4Address> announces) {
  public AnnouncerLease {
    offers = Set.copyOf(offers);
    announces = Set.copyOf(announces);
  }
}
