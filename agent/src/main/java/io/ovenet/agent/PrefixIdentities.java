package io.ovenet.agent;

import io.ovenet.datapath.IpcacheKey;
import io.ovenet.datapath.IpcacheValue;
import io.ovenet.policy.Cidr;
import io.ovenet.policy.Label;
import io.ovenet.policy.Labels;
import io.ovenet.policy.NumericIdentity;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;

/**
 * The node's own identities of prefixes that policies name. A number is not used again for another
 * prefix; after a restart a prefix keeps the number that the ipcache has for it. Used by the
 * steering thread alone.
 */
final class PrefixIdentities {
  private final Map<Cidr, Integer> numbers = new HashMap<>();
  private final Map<IpcacheKey, Integer> adopted = new HashMap<>();
  private int last;

  PrefixIdentities(Map<IpcacheKey, IpcacheValue> ipcache) {
    ipcache.forEach(
        (key, value) -> {
          if (NumericIdentity.isLocal(value.identity())) {
            adopted.put(key, value.identity());
            last = Math.max(last, value.identity() & NumericIdentity.LOCAL_MAX_INDEX);
          }
        });
  }

  /** Numbers in use before this start, of which no identity is known any more, are not given. */
  void reserve(int identity) {
    if (NumericIdentity.isLocal(identity)) {
      last = Math.max(last, identity & NumericIdentity.LOCAL_MAX_INDEX);
    }
  }

  /** Gives numbers to those of the prefixes that have none, and returns these. */
  List<Cidr> add(List<Cidr> prefixes) {
    var fresh = new ArrayList<Cidr>();
    for (var prefix : prefixes) {
      if (!numbers.containsKey(prefix)) {
        var known = adopted.remove(keyOf(prefix));
        numbers.put(prefix, known == null ? NumericIdentity.local(++last) : known);
        fresh.add(prefix);
      }
    }
    return fresh;
  }

  /** Those that are none of the prefixes in use. */
  List<Cidr> unused(List<Cidr> inUse) {
    if (numbers.size() == inUse.size()) {
      return List.of();
    }
    var unused = new ArrayList<>(numbers.keySet());
    unused.removeAll(new HashSet<>(inUse));
    return unused;
  }

  int number(Cidr prefix) {
    var number = numbers.get(prefix);
    if (number == null) {
      throw new IllegalStateException("prefix " + prefix + " has no identity");
    }
    return number;
  }

  void remove(Cidr prefix) {
    numbers.remove(prefix);
  }

  /** Addresses inside are outside the cluster. */
  static Labels labelsOf(Cidr prefix) {
    return Labels.of(new Label(Label.CIDR, prefix.toString(), ""), Label.reserved("world"));
  }

  static IpcacheKey keyOf(Cidr prefix) {
    try {
      return new IpcacheKey(InetAddress.getByAddress(prefix.mappedAddress()), prefix.length());
    } catch (UnknownHostException e) {
      throw new AssertionError("16 bytes are an address", e);
    }
  }
}
