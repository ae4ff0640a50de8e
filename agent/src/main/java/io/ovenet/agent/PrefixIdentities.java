package io.ovenet.agent;

import io.ovenet.datapath.IpcacheKey;
import io.ovenet.datapath.IpcacheValue;
import io.ovenet.policy.Cidr;
import io.ovenet.policy.Label;
import io.ovenet.policy.Labels;
import io.ovenet.policy.NodeLabels;
import io.ovenet.policy.NumericIdentity;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * The node's own identities of prefixes: of those that policies name, and of API servers. A number
 * is not used again for another prefix, nor for another use, since it would mean other labels;
 * after a restart a prefix keeps the number that the ipcache has for it. Used by the steering
 * thread alone.
 */
final class PrefixIdentities {
  /** What a prefix has an identity for: a part each of the numbers that are the node's own. */
  enum Use {
    POLICY(0),
    API_SERVER(Use.NUMBERS);

    private static final int NUMBERS = NumericIdentity.LOCAL_MAX_INDEX / 2;

    /** The number before the first. */
    private final int before;

    Use(int before) {
      this.before = before;
    }
  }

  private final Use use;
  private final Map<Cidr, Integer> numbers = new HashMap<>();
  private final Map<IpcacheKey, Integer> adopted = new HashMap<>();
  private int last;

  PrefixIdentities(Use use, Map<IpcacheKey, IpcacheValue> ipcache) {
    this.use = use;
    last = use.before;
    ipcache.forEach(
        (key, value) -> {
          if (isOurs(value.identity())) {
            adopted.put(key, value.identity());
            reserve(value.identity());
          }
        });
  }

  private boolean isOurs(int identity) {
    int index = (identity & NumericIdentity.LOCAL_MAX_INDEX) - use.before;
    return NumericIdentity.isLocal(identity) && index > 0 && index <= Use.NUMBERS;
  }

  /** Numbers in use before this start, of which no identity is known any more, are not given. */
  void reserve(int identity) {
    if (isOurs(identity)) {
      last = Math.max(last, identity & NumericIdentity.LOCAL_MAX_INDEX);
    }
  }

  private int next() {
    if (last == use.before + Use.NUMBERS) {
      throw new IllegalStateException("no number is left for the identity of a prefix");
    }
    return NumericIdentity.local(++last);
  }

  /** Gives numbers to those of the prefixes that have none, and returns these. */
  List<Cidr> add(Collection<Cidr> prefixes) {
    var fresh = new ArrayList<Cidr>();
    for (var prefix : prefixes) {
      if (!numbers.containsKey(prefix)) {
        var known = adopted.remove(keyOf(prefix));
        numbers.put(prefix, known == null ? next() : known);
        fresh.add(prefix);
      }
    }
    return fresh;
  }

  /** All that have a number. */
  Set<Cidr> prefixes() {
    return Collections.unmodifiableSet(numbers.keySet());
  }

  boolean has(Cidr prefix) {
    return numbers.containsKey(prefix);
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
  Labels labelsOf(Cidr prefix) {
    return switch (use) {
      case POLICY ->
          Labels.of(new Label(Label.CIDR, prefix.toString(), ""), Label.reserved("world"));
      case API_SERVER -> NodeLabels.ofOutsideApiServer(prefix);
    };
  }

  Ipcache.Source source() {
    return switch (use) {
      case POLICY -> Ipcache.Source.PREFIX;
      case API_SERVER -> Ipcache.Source.API_SERVER;
    };
  }

  static IpcacheKey keyOf(Cidr prefix) {
    try {
      return new IpcacheKey(InetAddress.getByAddress(prefix.mappedAddress()), prefix.length());
    } catch (UnknownHostException e) {
      throw new AssertionError("16 bytes are an address", e);
    }
  }
}
