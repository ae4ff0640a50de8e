package io.ovenet.operator;

import io.ovenet.kubernetes.ServiceRecord;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * Which service has which addresses. An address has one holder, or several that agree to share it.
 * Not thread-safe.
 */
final class AddressBook {
  /**
   * What a service has after it was looked at.
   *
   * @param reason why it has what it has, {@link #SATISFIED} if that is what it asked for
   */
  record Assignment(Set<Address> addresses, String reason, String message) {
    boolean satisfied() {
      return reason.equals(SATISFIED);
    }
  }

  static final String SATISFIED = "satisfied";
  static final String NO_POOL = "no_pool";
  static final String MISMATCH = "pool_selector_mismatch";
  static final String TAKEN = "already_allocated";
  static final String INCOMPATIBLE = "already_allocated_incompatible_service";
  static final String BAD_REQUEST = "bad_request";

  private final Map<String, AddressPool> pools = new TreeMap<>();

  /** Address to the services that have it, by their path. */
  private final TreeMap<Address, Map<String, AddressHolder>> held = new TreeMap<>();

  private final Map<String, Set<Address>> byService = new HashMap<>();

  /** The pools from now on. What services have changes when they are looked at again. */
  void pools(List<AddressPool> written) {
    pools.clear();
    var older = new ArrayList<AddressPool>();
    for (var pool : written.stream().sorted(AddressPool.BY_AGE).toList()) {
      var judged = pool;
      for (var other : older) {
        if (judged.conflict().isEmpty() && other.conflict().isEmpty()) {
          judged = judged.conflicting(pool.overlap(other));
        }
      }
      older.add(judged);
      pools.put(judged.name(), judged);
    }
  }

  List<AddressPool> pools() {
    return List.copyOf(pools.values());
  }

  /** How many of the pool's addresses are held. */
  BigInteger used(AddressPool pool) {
    var count = 0L;
    for (var range : pool.ranges()) {
      count += held.subMap(range.first(), true, range.last(), true).size();
    }
    return BigInteger.valueOf(count);
  }

  /**
   * Enters what the service's status says it has, as far as that may be so. To be done for all
   * services before any is given something new, the oldest first.
   */
  void adopt(ServiceRecord service) {
    AddressRequest request;
    try {
      request = AddressRequest.of(service);
    } catch (IllegalArgumentException e) {
      // Its status will say what is wrong; until it is corrected it has nothing to keep.
      return;
    }
    var holder = new AddressHolder(service, request);
    for (var text : service.ingressIps()) {
      Address address;
      try {
        address = Address.parse(text);
      } catch (IllegalArgumentException e) {
        continue;
      }
      if (poolOf(address, service, true) != null && free(address, holder).isEmpty()) {
        hold(address, holder);
      }
    }
  }

  /** Gives the service what it asks for and can have, and takes from it what it can't any more. */
  Assignment assign(ServiceRecord service) {
    var path = service.key().path();
    AddressRequest request;
    try {
      request = AddressRequest.of(service);
    } catch (IllegalArgumentException e) {
      release(path);
      return new Assignment(Set.of(), BAD_REQUEST, String.valueOf(e.getMessage()));
    }
    var holder = new AddressHolder(service, request);
    refresh(holder);
    return request.addresses().isEmpty() ? any(holder) : named(holder);
  }

  /** The service is gone, or none of ours any more. Whether it had something. */
  boolean release(String service) {
    var addresses = byService.remove(service);
    if (addresses == null) {
      return false;
    }
    addresses.forEach(address -> leave(address, service));
    return true;
  }

  /** Takes away what the service may not have as it is now, and enters how it is now. */
  private void refresh(AddressHolder holder) {
    var path = holder.service().key().path();
    var before = byService.getOrDefault(path, Set.of());
    for (var address : new TreeSet<>(before)) {
      leave(address, path);
      before.remove(address);
      var asked = holder.request().addresses();
      if ((asked.isEmpty() || asked.contains(address))
          && poolOf(address, holder.service(), true) != null
          && free(address, holder).isEmpty()) {
        hold(address, holder);
      }
    }
    if (byService.getOrDefault(path, Set.of()).isEmpty()) {
      byService.remove(path);
    }
  }

  private Assignment named(AddressHolder holder) {
    var reason = SATISFIED;
    var message = "";
    for (var address : new TreeSet<>(holder.request().addresses())) {
      if (has(holder, address)) {
        continue;
      }
      var why = refusal(address, holder);
      if (why.isEmpty()) {
        hold(address, holder);
      } else {
        reason = why.substring(0, why.indexOf(' '));
        message = address + ": " + why.substring(why.indexOf(' ') + 1);
      }
    }
    return assignment(holder, reason, message);
  }

  /** Reason and message with a space between them, or "". */
  private String refusal(Address address, AddressHolder holder) {
    if (pools.values().stream().noneMatch(pool -> pool.gives() && pool.contains(address))) {
      return NO_POOL + " in no pool that gives addresses";
    }
    if (poolOf(address, holder.service(), false) == null) {
      return MISMATCH + " the pool's serviceSelector doesn't select this service";
    }
    return free(address, holder);
  }

  private Assignment any(AddressHolder holder) {
    var missing = new ArrayList<String>();
    var reason = SATISFIED;
    var path = holder.service().key().path();
    for (var ipv6 : holder.request().ipv6()) {
      var present = byService.getOrDefault(path, Set.of());
      if (present.stream().anyMatch(address -> address.ipv6() == ipv6)) {
        continue;
      }
      var found = find(holder, ipv6);
      if (found != null) {
        hold(found, holder);
        continue;
      }
      var selected =
          pools.values().stream()
              .anyMatch(pool -> pool.gives() && pool.has(ipv6) && pool.selects(holder.service()));
      var exists = pools.values().stream().anyMatch(pool -> pool.gives() && pool.has(ipv6));
      reason = exists && !selected ? MISMATCH : NO_POOL;
      missing.add(
          (ipv6 ? "IPv6: " : "IPv4: ")
              + (selected
                  ? "every address of the pools that select it is given"
                  : exists ? "no pool selects this service" : "no pool gives such addresses"));
    }
    var has = !byService.getOrDefault(path, Set.of()).isEmpty();
    if (has && !holder.request().allFamilies()) {
      return assignment(holder, SATISFIED, "");
    }
    return assignment(holder, reason, String.join("; ", missing));
  }

  private @Nullable Address find(AddressHolder holder, boolean ipv6) {
    if (!holder.request().sharingKey().isEmpty()) {
      for (var entry : held.entrySet()) {
        var address = entry.getKey();
        if (address.ipv6() == ipv6
            && poolOf(address, holder.service(), false) != null
            && free(address, holder).isEmpty()) {
          return address;
        }
      }
    }
    for (var pool : pools.values()) {
      if (pool.gives() && pool.has(ipv6) && pool.selects(holder.service())) {
        for (var range : pool.ranges()) {
          var found = range.first().ipv6() == ipv6 ? lowestFree(range) : null;
          if (found != null) {
            return found;
          }
        }
      }
    }
    return null;
  }

  private @Nullable Address lowestFree(AddressRange range) {
    var candidate = range.first();
    for (var taken : held.subMap(range.first(), true, range.last(), true).keySet()) {
      if (taken.compareTo(candidate) > 0) {
        break;
      }
      candidate = taken.next();
    }
    return range.contains(candidate) ? candidate : null;
  }

  /**
   * The pool from which the service may have the address.
   *
   * @param kept it has the address already, so it may be one that gives nothing new
   */
  private @Nullable AddressPool poolOf(Address address, ServiceRecord service, boolean kept) {
    for (var pool : pools.values()) {
      if ((kept || pool.gives()) && pool.contains(address) && pool.selects(service)) {
        return pool;
      }
    }
    return null;
  }

  /** Why others keep the service from the address: reason and message, or "". */
  private String free(Address address, AddressHolder holder) {
    for (var other : held.getOrDefault(address, Map.of()).entrySet()) {
      if (!other.getKey().equals(holder.service().key().path())) {
        var why = holder.incompatible(other.getValue());
        if (!why.isEmpty()) {
          var reason = holder.request().sharingKey().isEmpty() ? TAKEN : INCOMPATIBLE;
          return reason + " service " + other.getKey() + " has it (" + why + ")";
        }
      }
    }
    return "";
  }

  private boolean has(AddressHolder holder, Address address) {
    return byService.getOrDefault(holder.service().key().path(), Set.of()).contains(address);
  }

  private void hold(Address address, AddressHolder holder) {
    var path = holder.service().key().path();
    held.computeIfAbsent(address, _ -> new LinkedHashMap<>()).put(path, holder);
    byService.computeIfAbsent(path, _ -> new HashSet<>()).add(address);
  }

  private void leave(Address address, String service) {
    var holders = held.get(address);
    if (holders != null) {
      holders.remove(service);
      if (holders.isEmpty()) {
        held.remove(address);
      }
    }
  }

  private Assignment assignment(AddressHolder holder, String reason, String message) {
    var addresses = byService.getOrDefault(holder.service().key().path(), Set.of());
    return new Assignment(Set.copyOf(addresses), reason, message);
  }
}
