package io.ovenet.agent;

import io.ovenet.datapath.IpcacheKey;
import io.ovenet.datapath.IpcacheValue;
import io.ovenet.policy.Cidr;
import io.ovenet.policy.PolicyEngine;
import io.ovenet.policy.PolicySnapshot;
import java.util.Map;
import java.util.Set;

/**
 * Sees to it that every prefix that a policy names has an identity and stands in the ipcache, and
 * none that no policy names. Used by the steering thread alone.
 */
final class NodePrefixes {
  private final PolicyEngine engine;
  private final PrefixIdentities identities;
  private final Ipcache ipcache;
  private final KernelVariants variants;

  NodePrefixes(
      PolicyEngine engine, PrefixIdentities identities, Ipcache ipcache, KernelVariants variants) {
    this.engine = engine;
    this.identities = identities;
    this.ipcache = ipcache;
    this.variants = variants;
  }

  /**
   * Compiles, with an identity for every prefix that a policy names.
   *
   * @param births gets the identities new to the kernel, and of each the one that its addresses had
   * @param early gets the prefixes of these: they may stand in the ipcache before policies are
   *     switched
   */
  PolicySnapshot compile(Map<Integer, Integer> births, Set<IpcacheKey> early) {
    while (true) {
      var snapshot = engine.compile();
      snapshot
          .moved()
          .forEach((address, variant) -> variants.want(PrefixIdentities.keyOf(address), variant));
      var fresh = identities.add(snapshot.prefixes());
      if (fresh.isEmpty()) {
        return snapshot;
      }
      for (var prefix : fresh) {
        add(prefix, births, early);
      }
    }
  }

  private void add(Cidr prefix, Map<Integer, Integer> births, Set<IpcacheKey> early) {
    int number = identities.number(prefix);
    engine.upsertIdentity(number, PrefixIdentities.labelsOf(prefix), prefix);
    var key = PrefixIdentities.keyOf(prefix);
    say(key, number);
    int around = ipcache.realizedAround(prefix);
    if (ipcache.source(key) == Ipcache.Source.PREFIX
        && ipcache.realizedIdentity(key) == 0
        && around != 0) {
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
    var unused = identities.unused(snapshot.prefixes());
    if (unused.isEmpty()) {
      return false;
    }
    for (var prefix : unused) {
      say(PrefixIdentities.keyOf(prefix), 0);
    }
    if (ipcache.realize()) {
      changed.run();
    }
    for (var prefix : unused) {
      engine.removeIdentity(identities.number(prefix));
      identities.remove(prefix);
    }
    return true;
  }

  private void say(IpcacheKey key, int number) {
    ipcache.say(Ipcache.Source.PREFIX, key, number == 0 ? null : new IpcacheValue(number));
    variants.changed(key);
  }
}
