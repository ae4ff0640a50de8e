package io.ovenet.bench;

import io.ovenet.bpf.BpfMap;
import io.ovenet.bpf.MapSpec;
import io.ovenet.bpf.MapType;
import io.ovenet.policy.Cidr;
import io.ovenet.policy.CidrSelector;
import io.ovenet.policy.Labels;
import io.ovenet.policy.PeerSelector;
import io.ovenet.policy.Peers;
import io.ovenet.policy.PolicyObject;
import io.ovenet.policy.PortRange;
import io.ovenet.policy.Rule;
import io.ovenet.policy.RuleEntry;
import io.ovenet.policy.TrafficDirection;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * Policy as it is held elsewhere today: for each endpoint an LPM trie of its own, with an entry for
 * each identity that a rule selects and each prefix of ports; identity 0 and protocol 0 stand for
 * all. Keys of 12 bytes, values of 12.
 */
final class EndpointTables implements AutoCloseable {
  private static final int KEY = 12;
  private static final int VALUE = 12;
  private static final int MOST = 1 << 20;
  private static final int BITS_BEFORE_PROTOCOL = 40;
  private static final int PORT_BITS = 16;

  private final List<BpfMap> maps = new ArrayList<>();
  private final Map<PeerSelector, List<Integer>> selected = new HashMap<>();
  private final Map<Integer, Labels> identities = new TreeMap<>();
  private final Map<Cidr, Integer> prefixes = new LinkedHashMap<>();
  private long entries;

  /** Makes and fills them. */
  EndpointTables(TableWorld world) {
    for (Labels labels : world.identities()) {
      identities.put(256 + identities.size(), labels);
    }
    for (PolicyObject policy : world.policies()) {
      policy.rules().forEach(rule -> rule.entries().forEach(this::takePrefixes));
    }
    try {
      for (Labels endpoint : world.endpoints()) {
        fill(world.policies(), endpoint);
      }
    } catch (RuntimeException e) {
      close();
      throw e;
    }
  }

  /** An identity for each prefix that a rule names. */
  private void takePrefixes(RuleEntry entry) {
    if (entry.peers() instanceof Peers.Selected peers) {
      for (PeerSelector selector : peers.selectors()) {
        if (selector instanceof CidrSelector cidr) {
          prefixes.putIfAbsent(cidr.cidr(), (1 << 24) + prefixes.size());
          cidr.except().forEach(hole -> prefixes.putIfAbsent(hole, (1 << 24) + prefixes.size()));
        }
      }
    }
  }

  private void fill(List<PolicyObject> policies, Labels endpoint) {
    BpfMap map =
        BpfMap.create(
            "endpoint", new MapSpec(MapType.LPM_TRIE, KEY, VALUE, MOST, MapSpec.NO_PREALLOC));
    maps.add(map);
    Map<ByteBuffer, Boolean> filled = new LinkedHashMap<>();
    for (PolicyObject policy : policies) {
      for (Rule rule : policy.rules()) {
        if (rule.subject().matches(endpoint)) {
          rule.entries().forEach(entry -> addAll(entry, filled));
        }
      }
    }
    byte[] value = new byte[VALUE];
    byte[] bytes = new byte[KEY];
    for (ByteBuffer key : filled.keySet()) {
      key.get(0, bytes);
      map.update(bytes, value);
    }
    entries += filled.size();
  }

  private void addAll(RuleEntry entry, Map<ByteBuffer, Boolean> filled) {
    List<Integer> peers = new ArrayList<>();
    switch (entry.peers()) {
      case Peers.Everyone _ -> peers.add(0);
      case Peers.Selected chosen -> chosen.selectors().forEach(s -> peers.addAll(selectedBy(s)));
    }
    for (int peer : peers) {
      for (PortRange range : entry.ports()) {
        add(entry.direction(), peer, range, filled);
      }
    }
  }

  private List<Integer> selectedBy(PeerSelector selector) {
    return selected.computeIfAbsent(
        selector,
        s -> {
          List<Integer> numbers = new ArrayList<>();
          identities.forEach(
              (number, labels) -> {
                if (s.selects(labels, null)) {
                  numbers.add(number);
                }
              });
          prefixes.forEach(
              (prefix, number) -> {
                if (s.selects(Labels.EMPTY, prefix)) {
                  numbers.add(number);
                }
              });
          return numbers;
        });
  }

  /** A range as the fewest prefixes. */
  private static void add(
      TrafficDirection direction, int peer, PortRange range, Map<ByteBuffer, Boolean> filled) {
    if (range.protocol() == 0) {
      filled.put(key(direction, peer, 0, 0, BITS_BEFORE_PROTOCOL), true);
      return;
    }
    int port = range.from();
    while (port <= range.to()) {
      int size = port == 0 ? 1 << PORT_BITS : Integer.lowestOneBit(port);
      while (port + size - 1 > range.to()) {
        size >>= 1;
      }
      int bits = PORT_BITS - Integer.numberOfTrailingZeros(size);
      filled.put(
          key(direction, peer, range.protocol(), port, BITS_BEFORE_PROTOCOL + 8 + bits), true);
      port += size;
    }
  }

  private static ByteBuffer key(
      TrafficDirection direction, int peer, int protocol, int port, int length) {
    byte[] key = new byte[KEY];
    ByteBuffer.wrap(key).order(ByteOrder.nativeOrder()).putInt(0, length).putInt(4, peer);
    key[8] = (byte) (direction == TrafficDirection.EGRESS ? 1 : 0);
    key[9] = (byte) protocol;
    key[10] = (byte) (port >>> 8);
    key[11] = (byte) port;
    return ByteBuffer.wrap(key);
  }

  long entries() {
    return entries;
  }

  List<BpfMap> maps() {
    return maps;
  }

  @Override
  public void close() {
    maps.forEach(BpfMap::close);
  }
}
