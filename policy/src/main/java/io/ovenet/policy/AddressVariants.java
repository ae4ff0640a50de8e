package io.ovenet.policy;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Addresses that rules in use tell apart though they have one identity: of pods by the numbers that
 * named ports have there, and by the prefixes that NetworkPolicies name; of nodes by the labels
 * that each has of its own. All addresses of an identity of which the rules say the same are one
 * variant, with a number of its own in the place of the identity's; nodes with the same labels
 * likewise. Where there is nothing of the kind, there are no variants.
 *
 * <p>Variants become finer at once, coarser only by {@link #trim}; until then one without addresses
 * stays, since the kernel may still have it.
 */
final class AddressVariants {
  /** What makes a variant; {@code own} instead of the identity's labels. */
  private record Facts(
      int identity, @Nullable Cidr prefix, NamedPorts ports, @Nullable Labels own) {}

  private static final class Variant {
    final Facts facts;
    final int number;
    int addresses;

    Variant(Facts facts, int number) {
      this.facts = facts;
      this.number = number;
    }
  }

  private static final class Address {
    final Cidr address;
    final int identity;
    final NamedPorts ports;
    final @Nullable Labels own;
    @Nullable Variant variant;

    Address(Cidr address, int identity, NamedPorts ports, @Nullable Labels own) {
      this.address = address;
      this.identity = identity;
      this.ports = ports;
      this.own = own;
    }

    boolean isSame(Address other) {
      return identity == other.identity
          && ports.equals(other.ports)
          && Objects.equals(own, other.own);
    }
  }

  private final ClassPartition partition;
  private final TreeMap<Cidr, Address> addresses = new TreeMap<>();
  private final Map<Integer, List<Address>> byIdentity = new HashMap<>();
  private final Map<PortName, List<Address>> byName = new HashMap<>();
  private final Map<Integer, Labels> labels = new HashMap<>();
  private final Map<Facts, Variant> variants = new LinkedHashMap<>();

  /** How many entries in use name it; 0 until it is trimmed. */
  private final Map<PortName, Integer> names = new HashMap<>();

  private final Map<Cidr, Integer> prefixes = new HashMap<>();

  /** How many prefixes there are of each length. */
  private final int[] lengths = new int[129];

  private boolean unused;
  private Map<Cidr, Integer> moved = new LinkedHashMap<>();
  private int last = NumericIdentity.VARIANT;

  AddressVariants(ClassPartition partition) {
    this.partition = partition;
  }

  /** Addresses whose number changed since this was last asked; 0: the identity's own. */
  Map<Cidr, Integer> takeMoved() {
    Map<Cidr, Integer> taken = moved;
    moved = new LinkedHashMap<>();
    return taken;
  }

  /** The number in the place of the identity's, 0 if there is none. */
  int variantOf(Cidr address) {
    Address known = addresses.get(address);
    return known == null || known.variant == null ? 0 : known.variant.number;
  }

  /**
   * Puts an address.
   *
   * @param own labels that it has instead of its identity's, of a node; null for a pod
   */
  void upsert(Cidr at, int identity, NamedPorts ports, @Nullable Labels own) {
    Address old = addresses.get(at);
    Address address = new Address(at, identity, ports, own);
    if (old != null && old.isSame(address)) {
      return;
    }
    addresses.put(at, address);
    byIdentity.computeIfAbsent(identity, _ -> new ArrayList<>(1)).add(address);
    for (NamedPort port : ports.ports()) {
      byName.computeIfAbsent(nameOf(port), _ -> new ArrayList<>(1)).add(address);
    }
    int before = old == null || old.variant == null ? 0 : old.variant.number;
    place(address);
    if (old != null) {
      forget(old);
    }
    int now = address.variant == null ? 0 : address.variant.number;
    if (now != before) {
      moved.put(at, now);
    }
  }

  void remove(Cidr at) {
    Address old = addresses.remove(at);
    if (old != null) {
      if (old.variant != null) {
        moved.put(at, 0);
      }
      forget(old);
    }
  }

  private void forget(Address old) {
    removeFrom(byIdentity, old.identity, old);
    for (NamedPort port : old.ports.ports()) {
      removeFrom(byName, nameOf(port), old);
    }
    leave(old);
  }

  private static <K> void removeFrom(Map<K, List<Address>> map, K key, Address address) {
    List<Address> list = map.get(key);
    if (list != null && list.remove(address) && list.isEmpty()) {
      map.remove(key);
    }
  }

  private static PortName nameOf(NamedPort port) {
    return new PortName(port.protocol(), port.name());
  }

  /** The identity has these labels now, or is gone where null. */
  void identity(int number, @Nullable Labels now) {
    Labels before = now == null ? labels.remove(number) : labels.put(number, now);
    if (Objects.equals(before, now)) {
      return;
    }
    if (now != null) {
      for (Variant variant : variants.values()) {
        if (variant.facts.identity == number && variant.facts.own == null) {
          partition.upsertIdentity(variant.number, now, variant.facts.prefix, variant.facts.ports);
        }
      }
    }
    for (Address address : List.copyOf(byIdentity.getOrDefault(number, List.of()))) {
      replace(address);
    }
  }

  /** A rule came into use, and its names and prefixes with it. */
  void use(ActiveRule rule) {
    for (ActiveEntry entry : rule.entries()) {
      if (entry.direction() == TrafficDirection.EGRESS) {
        for (PortName name : entry.names()) {
          if (names.merge(name, 1, Integer::sum) == 1) {
            List.copyOf(byName.getOrDefault(name, List.of())).forEach(this::replace);
          }
        }
      }
      for (SelectorState state : entry.selectors()) {
        if (isOfPods(state.selector)) {
          prefixesOf((CidrSelector) state.selector).forEach(this::usePrefix);
        }
      }
    }
  }

  private void usePrefix(Cidr prefix) {
    boolean known = prefixes.containsKey(prefix);
    prefixes.merge(prefix, 1, Integer::sum);
    if (!known) {
      lengths[prefix.length()]++;
      List<Address> inside = new ArrayList<>();
      for (Map.Entry<Cidr, Address> entry : addresses.tailMap(prefix, true).entrySet()) {
        if (!prefix.contains(entry.getKey())) {
          break;
        }
        inside.add(entry.getValue());
      }
      inside.forEach(this::replace);
    }
  }

  /** A rule went out of use. */
  void disuse(ActiveRule rule) {
    for (ActiveEntry entry : rule.entries()) {
      if (entry.direction() == TrafficDirection.EGRESS) {
        for (PortName name : entry.names()) {
          unused |= names.merge(name, -1, Integer::sum) == 0;
        }
      }
      for (SelectorState state : entry.selectors()) {
        if (isOfPods(state.selector)) {
          for (Cidr prefix : prefixesOf((CidrSelector) state.selector)) {
            unused |= prefixes.merge(prefix, -1, Integer::sum) == 0;
          }
        }
      }
    }
  }

  private static boolean isOfPods(PeerSelector selector) {
    return selector instanceof CidrSelector cidr && cidr.pods();
  }

  private static List<Cidr> prefixesOf(CidrSelector selector) {
    List<Cidr> all = new ArrayList<>(selector.except());
    all.add(selector.cidr());
    all.removeIf(cidr -> cidr.length() == 0);
    return all;
  }

  /** Forgets what rules in use no longer tell apart. True if there was anything. */
  boolean trim() {
    if (!unused) {
      return false;
    }
    unused = false;
    names.values().removeIf(uses -> uses == 0);
    prefixes
        .entrySet()
        .removeIf(
            entry -> {
              if (entry.getValue() == 0) {
                lengths[entry.getKey().length()]--;
              }
              return entry.getValue() == 0;
            });
    for (Variant variant : List.copyOf(variants.values())) {
      for (Address address :
          List.copyOf(byIdentity.getOrDefault(variant.facts.identity, List.of()))) {
        if (Objects.equals(address.variant, variant)) {
          replace(address);
        }
      }
    }
    boolean gone =
        variants
            .values()
            .removeIf(
                variant -> {
                  if (variant.addresses == 0) {
                    partition.removeIdentity(variant.number);
                  }
                  return variant.addresses == 0;
                });
    return gone || !moved.isEmpty();
  }

  private void replace(Address address) {
    Variant before = address.variant;
    place(address);
    if (!Objects.equals(address.variant, before)) {
      moved.put(address.address, address.variant == null ? 0 : address.variant.number);
      if (before != null) {
        release(before);
      }
    } else if (before != null) {
      before.addresses--;
    }
  }

  /** Puts the address into its variant. */
  private void place(Address address) {
    // What has labels of its own is a node, which no prefix selects.
    Labels own = address.own;
    Labels known = own == null ? labels.get(address.identity) : own;
    Cidr prefix = own == null ? prefixOf(address.address) : null;
    NamedPorts ports = address.ports.only(names::containsKey);
    if (known == null || (own == null && prefix == null && ports.isEmpty())) {
      address.variant = null;
      return;
    }
    Facts facts = new Facts(address.identity, prefix, ports, own);
    Variant variant = variants.get(facts);
    if (variant == null) {
      variant = new Variant(facts, next());
      variants.put(facts, variant);
      partition.upsertIdentity(variant.number, known, prefix, ports);
    }
    variant.addresses++;
    address.variant = variant;
  }

  private int next() {
    if (++last > NumericIdentity.VARIANT_MAX) {
      throw new IllegalStateException("no number is left for a variant of an identity");
    }
    return last;
  }

  private void leave(Address address) {
    if (address.variant != null) {
      release(address.variant);
      address.variant = null;
    }
  }

  private void release(Variant variant) {
    if (--variant.addresses == 0) {
      unused = true;
    }
  }

  /** The longest prefix in use around an address, null if there is none. */
  private @Nullable Cidr prefixOf(Cidr address) {
    for (int length = address.length(); length > 0 && !prefixes.isEmpty(); length--) {
      if (lengths[length] > 0) {
        Cidr prefix = address.widen(length);
        if (prefixes.containsKey(prefix)) {
          return prefix;
        }
      }
    }
    return null;
  }
}
