package io.ovenet.agent;

import io.ovenet.datapath.IpcacheKey;
import io.ovenet.datapath.IpcacheValue;
import io.ovenet.policy.Cidr;
import io.ovenet.policy.Labels;
import io.ovenet.policy.PolicyEngine;
import io.ovenet.policy.PolicySnapshot;
import java.net.InetAddress;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.BiConsumer;

/**
 * Sees to it that every prefix that a policy names has an identity and stands in the ipcache, and
 * none that no policy names; and API servers' addresses, as far as they are nobody's in the
 * cluster. Used by the steering thread alone.
 */
final class NodePrefixes {
  private final PolicyEngine engine;
  private final PrefixIdentities identities;
  private final PrefixIdentities ofApiServers;
  private final Ipcache ipcache;
  private final KernelVariants variants;
  private Set<Cidr> apiServers = Set.of();

  /** Prefixes that a policy named no more at some time since all was last in force. */
  private final Set<Cidr> perhapsUnused = new TreeSet<>();

  private BiConsumer<Integer, Labels> names = (_, _) -> {};

  /** Adopts the numbers that the addresses have. */
  NodePrefixes(
      PolicyEngine engine,
      Map<IpcacheKey, IpcacheValue> addresses,
      Ipcache ipcache,
      KernelVariants variants) {
    this.engine = engine;
    this.identities = new PrefixIdentities(PrefixIdentities.Use.POLICY, addresses);
    this.ofApiServers = new PrefixIdentities(PrefixIdentities.Use.API_SERVER, addresses);
    this.ipcache = ipcache;
    this.variants = variants;
  }

  /** Told of the identity of each API server outside. */
  void tellApiServers(BiConsumer<Integer, Labels> told) {
    names = told;
  }

  /** Numbers in use before this start are not given to others. */
  void reserve(int number) {
    identities.reserve(number);
    ofApiServers.reserve(number);
  }

  /** At which addresses API servers answer, from now on. */
  void apiServers(Set<InetAddress> addresses) {
    apiServers = new TreeSet<>();
    addresses.forEach(address -> apiServers.add(Cidr.of(address)));
  }

  /**
   * Compiles, with an identity for every prefix that a policy names.
   *
   * @param births gets the identities new to the kernel, and of each the one that its addresses had
   * @param early gets the prefixes of these: they may stand in the ipcache before policies are
   *     switched
   */
  PolicySnapshot compile(Map<Integer, Integer> births, Set<IpcacheKey> early) {
    for (var address : ofApiServers.add(apiServers)) {
      add(ofApiServers, address, births, early);
      names.accept(ofApiServers.number(address), ofApiServers.labelsOf(address));
    }
    while (true) {
      var snapshot = engine.compile();
      snapshot
          .moved()
          .forEach((address, variant) -> variants.want(PrefixIdentities.keyOf(address), variant));
      var fresh = identities.add(snapshot.prefixesAdded());
      perhapsUnused.addAll(snapshot.prefixesRemoved());
      if (fresh.isEmpty()) {
        return snapshot;
      }
      for (var prefix : fresh) {
        add(identities, prefix, births, early);
      }
    }
  }

  private void add(
      PrefixIdentities of, Cidr prefix, Map<Integer, Integer> births, Set<IpcacheKey> early) {
    int number = of.number(prefix);
    engine.upsertIdentity(number, of.labelsOf(prefix), prefix);
    var key = PrefixIdentities.keyOf(prefix);
    say(of.source(), key, number);
    int around = ipcache.realizedAround(prefix);
    if (ipcache.source(key) == of.source() && ipcache.realizedIdentity(key) == 0 && around != 0) {
      births.put(number, around);
      early.add(key);
    }
  }

  /**
   * Takes prefixes out of the ipcache that no policy names any more.
   *
   * @param changed told if the ipcache changed, before the identities go
   * @return whether there is something to compile again
   */
  boolean dropUnused(PolicySnapshot snapshot, Runnable changed) {
    perhapsUnused.removeIf(prefix -> !identities.has(prefix) || snapshot.isInUse(prefix));
    boolean dropped = drop(identities, List.copyOf(perhapsUnused), changed);
    perhapsUnused.clear();
    var gone = new TreeSet<>(ofApiServers.prefixes());
    gone.removeAll(apiServers);
    return drop(ofApiServers, List.copyOf(gone), changed) || dropped;
  }

  private boolean drop(PrefixIdentities of, List<Cidr> unused, Runnable changed) {
    if (unused.isEmpty()) {
      return false;
    }
    for (var prefix : unused) {
      say(of.source(), PrefixIdentities.keyOf(prefix), 0);
    }
    if (ipcache.realize()) {
      changed.run();
    }
    for (var prefix : unused) {
      engine.removeIdentity(of.number(prefix));
      of.remove(prefix);
    }
    return true;
  }

  private void say(Ipcache.Source source, IpcacheKey key, int number) {
    ipcache.say(source, key, number == 0 ? null : new IpcacheValue(number));
    variants.changed(key);
  }
}
