package io.ovenet.operator;

import io.ovenet.kubernetes.LoadBalancerPoolRecord;
import io.ovenet.kubernetes.ServiceRecord;
import io.ovenet.kubernetes.policy.ServiceSelectors;
import io.ovenet.policy.EndpointSelector;
import io.ovenet.policy.PolicyException;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/**
 * Addresses that services selected by it may have.
 *
 * @param conflict why it gives none, empty if it does
 */
record AddressPool(
    String name,
    String created,
    List<AddressRange> ranges,
    EndpointSelector selector,
    boolean disabled,
    String conflict) {
  /** The older first: of two that overlap it is the newer that gives nothing. */
  static final Comparator<AddressPool> BY_AGE =
      Comparator.comparing(AddressPool::created).thenComparing(AddressPool::name);

  AddressPool {
    ranges = List.copyOf(ranges);
  }

  /**
   * A pool as it was written, not yet compared with others.
   *
   * @throws IllegalArgumentException naming the field and the remedy
   */
  static AddressPool of(LoadBalancerPoolRecord written) {
    var ranges = new ArrayList<AddressRange>();
    for (var block : written.blocks()) {
      ranges.add(AddressRange.of(block, written.firstAndLast()));
    }
    try {
      var selector = ServiceSelectors.parse("spec.serviceSelector", written.serviceSelector());
      var pool =
          new AddressPool(
              written.name(), written.created(), ranges, selector, written.disabled(), "");
      return pool.conflicting(ownOverlap(ranges));
    } catch (PolicyException e) {
      throw new IllegalArgumentException(e.getMessage(), e);
    }
  }

  private static String ownOverlap(List<AddressRange> ranges) {
    for (var i = 0; i < ranges.size(); i++) {
      for (var j = 0; j < i; j++) {
        if (ranges.get(i).overlaps(ranges.get(j))) {
          return "its own " + ranges.get(j) + " and " + ranges.get(i) + " overlap";
        }
      }
    }
    return "";
  }

  AddressPool conflicting(String why) {
    return new AddressPool(name, created, ranges, selector, disabled, why);
  }

  /** Why it can't be beside an older pool, or "". */
  String overlap(AddressPool older) {
    for (var range : ranges) {
      for (var other : older.ranges) {
        if (range.overlaps(other)) {
          return range + " overlaps " + other + " of the older pool " + older.name;
        }
      }
    }
    return "";
  }

  /** Whether it gives addresses that nobody has yet. */
  boolean gives() {
    return !disabled && conflict.isEmpty();
  }

  boolean selects(ServiceRecord service) {
    return selector.matches(ServiceSelectors.labelsOf(service));
  }

  boolean contains(Address address) {
    return ranges.stream().anyMatch(range -> range.contains(address));
  }

  boolean has(boolean ipv6) {
    return ranges.stream().anyMatch(range -> range.first().ipv6() == ipv6);
  }

  BigInteger size() {
    return ranges.stream().map(AddressRange::size).reduce(BigInteger.ZERO, BigInteger::add);
  }
}
