package io.ovenet.prove;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.jspecify.annotations.Nullable;

/**
 * Changes documents as people and programs get them wrong: a member left out, named otherwise or
 * twice, a value of another field, type or range. What comes of it is often still a policy. Not
 * thread-safe.
 */
final class Mutations {
  private static final List<Object> VALUES =
      List.of(
          0,
          1,
          -1,
          8,
          40,
          53,
          80,
          255,
          256,
          65535,
          65536,
          1 << 31,
          1L << 40,
          80.0,
          0.5,
          true,
          false,
          "",
          "0",
          "00",
          "080",
          "80",
          "65535",
          "65536",
          "-1",
          "0x50",
          "99999999999",
          "８０",
          "http",
          "HTTP",
          "a--b",
          "-",
          "TCP",
          "udp",
          "ANY",
          "icmp",
          "IGMP",
          "VRRP",
          "IPv4",
          "IPv6",
          "EchoRequest",
          "EchoReply",
          "PacketTooBig",
          "Timestamp",
          "all",
          "world",
          "none",
          "host",
          "0.0.0.0/0",
          "::/0",
          "10.0.0.0/8",
          "10.0.0.1/8",
          "10.1.2.3",
          "10.0.0.0/08",
          "10.0.0.0/33",
          "::ffff:10.0.0.0/104",
          "fe80::1%eth0",
          "1",
          "In",
          "NotIn",
          "Exists",
          "DoesNotExist",
          "disabled",
          "required",
          "Ingress",
          "Egress",
          "[a-z]+",
          "(",
          "*",
          "**.example.org",
          "a b",
          "x".repeat(64),
          "x".repeat(300),
          "\u0000",
          "\ud800",
          ":",
          ":app",
          "k8s:",
          "any:app",
          "k8s:app",
          "reserved:host",
          "web",
          "db",
          "shop",
          "bank");
  private static final List<String> NAMES =
      List.of(
          "ingress",
          "egress",
          "ingressDeny",
          "egressDeny",
          "fromEndpoints",
          "toEndpoints",
          "fromCIDR",
          "toCIDR",
          "fromCIDRSet",
          "toCIDRSet",
          "fromEntities",
          "toEntities",
          "toPorts",
          "ports",
          "port",
          "endPort",
          "protocol",
          "icmps",
          "fields",
          "family",
          "type",
          "rules",
          "http",
          "dns",
          "kafka",
          "l7",
          "l7proto",
          "matchLabels",
          "matchExpressions",
          "key",
          "operator",
          "values",
          "cidr",
          "except",
          "cidrGroupRef",
          "cidrGroupSelector",
          "app",
          ":app",
          "k8s:app",
          "reserved:host",
          "io.kubernetes.pod.namespace",
          "k8s:io.kubernetes.pod.namespace",
          "k8s:io.cilium.k8s.policy.cluster",
          "endpointSelector",
          "nodeSelector",
          "podSelector",
          "namespaceSelector",
          "ipBlock",
          "from",
          "to",
          "policyTypes",
          "enableDefaultDeny",
          "authentication",
          "mode",
          "specs",
          "spec",
          "labels",
          "log",
          "value",
          "toFQDNs",
          "matchName",
          "matchPattern",
          "toServices",
          "serverNames",
          "terminatingTLS",
          "listener",
          "metadata",
          "name",
          "annotations");

  /** A value in a map or a list. */
  private record Place(Object container, Object key) {
    @SuppressWarnings("unchecked") // containers are made here
    void put(@Nullable Object value) {
      if (container instanceof Map<?, ?> map) {
        ((Map<Object, @Nullable Object>) map).put(key, value);
      } else {
        ((List<@Nullable Object>) container).set((Integer) key, value);
      }
    }

    @Nullable Object get() {
      return container instanceof Map<?, ?> map
          ? map.get(key)
          : ((List<?>) container).get((Integer) key);
    }

    void remove() {
      if (container instanceof Map<?, ?> map) {
        map.remove(key);
      } else {
        ((List<?>) container).remove((int) (Integer) key);
      }
    }
  }

  private final Random random;

  Mutations(Random random) {
    this.random = random;
  }

  /**
   * A changed copy.
   *
   * @param other from which parts may come
   */
  @SuppressWarnings("unchecked") // a copy of a map with string keys
  Map<String, Object> of(Map<String, ?> document, Map<String, ?> other) {
    var copy = (Map<String, Object>) copy(document);
    for (var i = 1 + random.nextInt(3); i > 0; i--) {
      change(copy, other);
    }
    return copy;
  }

  private void change(Map<String, Object> document, Map<String, ?> other) {
    var places = places(document);
    if (places.isEmpty()) {
      return;
    }
    var place = pick(places);
    switch (random.nextInt(10)) {
      case 0 -> place.remove();
      case 1 -> place.put(null);
      case 2, 3 -> place.put(pick(VALUES));
      case 4 -> twice(place);
      case 5, 6 -> fromElsewhere(place, other);
      case 7 -> otherName(place);
      case 8 -> another(place);
      default -> place.put(random.nextBoolean() ? new ArrayList<>() : new LinkedHashMap<>());
    }
  }

  @SuppressWarnings("unchecked") // containers are made here
  private void twice(Place place) {
    if (place.container instanceof List<?> list) {
      ((List<Object>) list).add(copy(place.get()));
    } else {
      place.put(new ArrayList<>(List.of(copy(place.get()), copy(place.get()))));
    }
  }

  /** What stands under the same name in another document, or anywhere. */
  private void fromElsewhere(Place place, Map<String, ?> other) {
    var there = places(copyOf(other));
    var same = there.stream().filter(each -> each.key.equals(place.key)).toList();
    if (!there.isEmpty()) {
      place.put(pick(same.isEmpty() || random.nextInt(4) == 0 ? there : same).get());
    }
  }

  private void otherName(Place place) {
    if (place.container instanceof Map<?, ?>) {
      var value = place.get();
      place.remove();
      new Place(place.container, pick(NAMES)).put(value);
    }
  }

  @SuppressWarnings("unchecked") // containers are made here
  private void another(Place place) {
    switch (place.get()) {
      case Map<?, ?> map -> ((Map<Object, Object>) map).put(pick(NAMES), pick(VALUES));
      case List<?> list -> ((List<Object>) list).add(pick(VALUES));
      case null -> place.put(pick(VALUES));
      default -> place.put(new ArrayList<>(List.of(place.get())));
    }
  }

  private static List<Place> places(Object tree) {
    var places = new ArrayList<Place>();
    collect(tree, places);
    return places;
  }

  private static void collect(@Nullable Object tree, List<Place> places) {
    if (tree instanceof Map<?, ?> map) {
      map.forEach(
          (key, value) -> {
            places.add(new Place(map, key));
            collect(value, places);
          });
    } else if (tree instanceof List<?> list) {
      for (var i = 0; i < list.size(); i++) {
        places.add(new Place(list, i));
        collect(list.get(i), places);
      }
    }
  }

  @SuppressWarnings("unchecked") // a copy of a map with string keys
  private static Map<String, Object> copyOf(Map<String, ?> map) {
    return (Map<String, Object>) copy(map);
  }

  private static Object copy(@Nullable Object value) {
    return switch (value) {
      case Map<?, ?> map -> {
        var copy = new LinkedHashMap<Object, Object>();
        map.forEach((key, member) -> copy.put(key, copy(member)));
        yield copy;
      }
      case List<?> list -> {
        var copy = new ArrayList<Object>();
        list.forEach(element -> copy.add(copy(element)));
        yield copy;
      }
      case null -> "";
      default -> value;
    };
  }

  private <T> T pick(List<T> list) {
    return list.get(random.nextInt(list.size()));
  }
}
