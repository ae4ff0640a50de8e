package io.ovenet.agent;

import static io.ovenet.agent.Services.endpoint;
import static io.ovenet.agent.Services.service;
import static io.ovenet.agent.Services.slice;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.ovenet.datapath.Backend;
import io.ovenet.datapath.RedirectSkipKey;
import io.ovenet.datapath.ServiceKey;
import io.ovenet.datapath.ServiceValue;
import io.ovenet.datapath.SourceRangeKey;
import java.net.InetAddress;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

class ServiceRealizerTest {
  private static final String HTTP = "[{'name':'http','port':8080}]";
  private static final int SLOTS = 200_000;
  private static final long GRACE = 10;

  /** As a map in the kernel is: an entry at a time, until there is no room. */
  private final class MemoryTable<K, V> implements Table<K, V> {
    final Map<K, V> entries = new HashMap<>();
    int room = Integer.MAX_VALUE;
    int writes;

    @Override
    public Map<K, V> dump() {
      return new HashMap<>(entries);
    }

    @Override
    public void put(Map<K, V> added) {
      added.forEach(
          (key, value) -> {
            if (entries.size() >= room && !entries.containsKey(key)) {
              throw new TableException("full", new IllegalStateException());
            }
            entries.put(key, value);
            writes++;
            // A Maglev table is long: what it writes over shows at its first and later places.
            if (this != slots || writes % 199 == 1) {
              look();
            }
          });
    }

    @Override
    public void delete(Collection<K> keys) {
      for (var key : List.copyOf(keys)) {
        entries.remove(key);
        writes++;
        look();
      }
    }
  }

  private final MemoryTable<ServiceKey, ServiceValue> services = new MemoryTable<>();
  private final MemoryTable<Integer, Integer> slots = new MemoryTable<>();
  private final MemoryTable<Integer, Backend> backends = new MemoryTable<>();
  private final MemoryTable<SourceRangeKey, Integer> sourceRanges = new MemoryTable<>();
  private final MemoryTable<RedirectSkipKey, Integer> skips = new MemoryTable<>();
  private final ServiceTables tables =
      new ServiceTables(services, slots, SLOTS, backends, sourceRanges, skips);
  private final Map<Integer, String> names = new HashMap<>();
  private final Set<Integer> given = new HashSet<>();
  private final Set<Integer> gone = new HashSet<>();
  private boolean looking;
  private int number;
  private long now;
  private ServiceRealizer realizer = start();

  private ServiceRealizer start() {
    return new ServiceRealizer(
        tables,
        new SlotRanges(SLOTS, GRACE),
        () -> {
          given.add(++number);
          return number;
        },
        new ServiceRealizer.Listener() {
          @Override
          public void named(int service, ServiceKey key, String name) {
            names.put(service, name);
          }

          @Override
          public void unnamed(int service) {
            names.remove(service);
          }

          @Override
          public void gone(Collection<Integer> numbers) {
            gone.addAll(numbers);
          }
        });
  }

  /** What a packet finds at any moment: backends that are there, of the frontend's protocol. */
  private void look() {
    if (!looking) {
      return;
    }
    services.entries.forEach(
        (key, value) -> {
          assertThat(names).containsKey(value.service());
          for (int i = value.first(); i < value.first() + value.count(); i++) {
            assertServes(key, i);
          }
          for (int i = value.maglevFirst(); i < value.maglevFirst() + value.maglevSize(); i++) {
            assertServes(key, i);
          }
          if ((value.flags() & ServiceValue.SKIPPED) != 0) {
            assertThat(skips.entries.keySet()).anyMatch(skip -> skip.service() == value.service());
          }
          if ((value.flags() & ServiceValue.SOURCE_RANGES) != 0) {
            assertThat(sourceRanges.entries.keySet())
                .anyMatch(range -> range.service() == value.service());
          }
        });
  }

  private void assertServes(ServiceKey key, int slot) {
    var backend = backends.entries.get(slots.entries.getOrDefault(slot, 0));
    if (backend == null || backend.protocol() != key.protocol()) {
      throw new AssertionError(key + " at slot " + slot + " has " + backend);
    }
  }

  private Set<String> behind(String address, int port, int scope) {
    var value =
        services.entries.get(new ServiceKey(InetAddress.ofLiteral(address), port, 6, scope, 0));
    var found = new TreeSet<String>();
    if (value == null) {
      return Set.of("nothing");
    }
    for (int i = value.first(); i < value.first() + value.count(); i++) {
      var backend = backends.entries.get(slots.entries.get(i));
      found.add(backend == null ? "missing" : backend.address().getHostAddress());
    }
    return found;
  }

  private int numberOf(ServiceKey key) {
    var value = services.entries.get(key);
    return value == null ? 0 : value.service();
  }

  private int writes() {
    int all = services.writes + slots.writes + backends.writes + sourceRanges.writes;
    services.writes = 0;
    slots.writes = 0;
    backends.writes = 0;
    sourceRanges.writes = 0;
    return all;
  }

  @Test
  void whoSkipsARedirectIsKnownForAsLongAsItIsThere() {
    var table = new ServiceTable("n1");
    table.upsertService(
        Services.service("dns/d", "{'clusterIP':'10.96.0.10','ports':[{'port':53}]}"));
    table.upsertSlice(
        Services.slice("dns/d-1", "d", "[{'port':53}]", Services.endpoint("10.1.0.9", "n2", "")));
    table.upsertPod(Services.pod("dns/c", "app", "c", "10.1.0.1", true, "[{'containerPort':53}]"));
    table.upsertRedirect(
        Services.redirect(
            "dns/r",
            "{'redirectFrontend':{'serviceMatcher':{'serviceName':'d','namespace':'dns'}},"
                + "'redirectBackend':{'localEndpointSelector':{},'toPorts':"
                + "[{'port':'53','protocol':'TCP'}]},'skipRedirectFromBackend':true}"));
    looking = true;
    realizer.realize(table.changes(), now);
    realizer.complete(now);
    assertThat(behind("10.96.0.10", 53, ServiceKey.CLUSTER)).containsExactly("10.1.0.1");
    assertThat(behind("10.96.0.10", 53, ServiceKey.UNREDIRECTED)).containsExactly("10.1.0.9");
    assertThat(skips.entries.keySet())
        .extracting(skip -> skip.client().getHostAddress())
        .containsExactly("10.1.0.1");
    // A process that knows nothing of it finds it again.
    realizer = start();
    realizer.realize(table.views(), now);
    realizer.complete(now);
    assertThat(skips.entries).hasSize(1);
    table.removeRedirect("dns/r");
    realizer.realize(table.changes(), now);
    assertThat(behind("10.96.0.10", 53, ServiceKey.CLUSTER)).containsExactly("10.1.0.9");
    assertThat(behind("10.96.0.10", 53, ServiceKey.UNREDIRECTED)).containsExactly("nothing");
    assertThat(skips.entries).isEmpty();
    assertThat(names).hasSize(1);
  }

  @Test
  void whichBackendsAreGoneIsTold() {
    var table = new ServiceTable("n1");
    table.upsertService(Services.service("a/s", "{'clusterIP':'10.96.0.1','ports':[{'port':80}]}"));
    var ports = "[{'port':80}]";
    var first = Services.endpoint("10.1.0.1", "n2", "");
    var second = Services.endpoint("10.1.0.2", "n2", "");
    table.upsertSlice(Services.slice("a/s-1", "s", ports, first + "," + second));
    realizer.realize(table.changes(), now);
    realizer.complete(now);
    int number = 0;
    for (var entry : backends.entries.entrySet()) {
      if (entry.getValue().address().getHostAddress().equals("10.1.0.1")) {
        number = entry.getKey();
      }
    }
    table.upsertSlice(Services.slice("a/s-1", "s", ports, second));
    realizer.realize(table.changes(), now);
    assertThat(gone).containsExactly(number);
    gone.clear();
    table.removeService("a/s");
    realizer.realize(table.changes(), now);
    assertThat(backends.entries).isEmpty();
    assertThat(gone).as("with the service").hasSize(1).doesNotContain(number);
  }

  @Test
  void aChangeCostsWhatItAffects() {
    var table = new ServiceTable("n1");
    int count = 10_000;
    for (int i = 0; i < count; i++) {
      var name = "s" + i;
      table.upsertService(
          service(
              "shop/" + name,
              "{'clusterIP':'10."
                  + (96 + i / 62_500)
                  + "."
                  + i / 250 % 250
                  + "."
                  + (i % 250 + 1)
                  + "','ports':[{'name':'http','port':80}]}"));
      table.upsertSlice(slice("shop/" + name, name, HTTP, five(i, "")));
    }
    realizer.realize(table.changes(), now);
    realizer.complete(now);
    assertThat(services.entries).hasSize(count);
    assertThat(backends.entries).hasSize(5 * count);
    assertThat(writes()).isEqualTo(count + 5 * count + 5 * count);

    // One backend goes: four slots, the service, the backend.
    table.upsertSlice(slice("shop/s77", "s77", HTTP, four(77)));
    realizer.realize(table.changes(), now);
    assertThat(writes()).isEqualTo(6);
    // One is told to end: its entry, and a range without it.
    table.upsertSlice(
        slice(
            "shop/s78",
            "s78",
            HTTP,
            five(78, ",'conditions':{'ready':false,'serving':true,'terminating':true}")));
    realizer.realize(table.changes(), now);
    assertThat(writes()).isEqualTo(6);
    table.upsertService(
        service("shop/s79", "{'clusterIP':'10.96.0.80','ports':[{'name':'http','port':80}]}"));
    realizer.realize(table.changes(), now);
    assertThat(writes()).isZero();
    table.removeService("shop/s80");
    table.removeSlice("shop/s80");
    realizer.realize(table.changes(), now);
    assertThat(writes()).isEqualTo(6);
  }

  private static String four(int service) {
    var endpoints = new java.util.StringJoiner(",");
    for (int i = 0; i < 4; i++) {
      endpoints.add(
          endpoint("172." + i + "." + service / 250 + "." + (service % 250 + 1), "n2", ""));
    }
    return endpoints.toString();
  }

  private static String five(int service, String rest) {
    return four(service)
        + ","
        + endpoint("172.4." + service / 250 + "." + (service % 250 + 1), "n2", rest);
  }

  @Test
  void aFormerProcesssNumbersStayAndWhatItLeftGoes() {
    var table = new ServiceTable("n1");
    table.upsertService(
        service("shop/web", "{'clusterIP':'10.96.0.9','ports':[{'name':'http','port':80}]}"));
    table.upsertService(
        service("shop/old", "{'clusterIP':'10.96.0.8','ports':[{'name':'http','port':80}]}"));
    table.upsertSlice(slice("shop/web-1", "web", HTTP, five(1, "")));
    table.upsertSlice(slice("shop/old-1", "old", HTTP, five(2, "")));
    realizer.realize(table.changes(), now);
    realizer.complete(now);
    var before = Map.copyOf(backends.entries);
    int service = numberOf(new ServiceKey(InetAddress.ofLiteral("10.96.0.9"), 80, 6));

    realizer = start();
    given.clear();
    var after = new ServiceTable("n1");
    after.upsertService(
        service("shop/web", "{'clusterIP':'10.96.0.9','ports':[{'name':'http','port':80}]}"));
    after.upsertSlice(slice("shop/web-1", "web", HTTP, five(1, "")));
    looking = true;
    // Until all is known the other service goes on.
    realizer.realize(after.changes(), now);
    assertThat(services.entries).hasSize(2);
    realizer.complete(now);
    assertThat(given).isEmpty();
    assertThat(services.entries).hasSize(1);
    assertThat(services.entries.values().iterator().next().service()).isEqualTo(service);
    assertThat(before).containsAllEntriesOf(backends.entries);
    assertThat(backends.entries).hasSize(5);
  }

  @Test
  void anotherPodAtTheSameAddressIsAnotherBackend() {
    var table = new ServiceTable("n1");
    table.upsertService(
        service("shop/web", "{'clusterIP':'10.96.0.9','ports':[{'name':'http','port':80}]}"));
    table.upsertSlice(slice("shop/web-1", "web", HTTP, endpoint("10.0.0.1", "n1", "")));
    realizer.realize(table.changes(), now);
    realizer.complete(now);
    var before = Set.copyOf(backends.entries.keySet());
    table.upsertSlice(
        slice(
            "shop/web-1",
            "web",
            HTTP,
            "{'addresses':['10.0.0.1'],'nodeName':'n1','targetRef':{'uid':'another'}}"));
    realizer.realize(table.changes(), now);
    assertThat(backends.entries).hasSize(1).doesNotContainKeys(before.toArray(Integer[]::new));
  }

  @Test
  void whatFindsNoRoomLeavesTheOldInForceAndIsTriedAgain() {
    var table = new ServiceTable("n1");
    table.upsertService(
        service("shop/web", "{'clusterIP':'10.96.0.9','ports':[{'name':'http','port':80}]}"));
    table.upsertSlice(slice("shop/web-1", "web", HTTP, endpoint("10.0.0.1", "n1", "")));
    realizer.realize(table.changes(), now);
    realizer.complete(now);
    looking = true;
    backends.room = 2;
    table.upsertSlice(slice("shop/web-1", "web", HTTP, five(1, "")));
    var changes = table.changes();
    assertThatThrownBy(() -> realizer.realize(changes, now))
        .isInstanceOf(Table.TableException.class);
    assertThat(behind("10.96.0.9", 80, ServiceKey.CLUSTER)).containsExactly("10.0.0.1");
    backends.room = 100;
    realizer.realize(changes, now);
    realizer.settled(now);
    assertThat(behind("10.96.0.9", 80, ServiceKey.CLUSTER)).hasSize(5).doesNotContain("10.0.0.1");
    assertThat(backends.entries).hasSize(5);
  }

  @Test
  void anyRowOfChangesFaultsAndRestartsEndsInWhatIsWanted() {
    long seed = Long.getLong("ovenet.seed", new Random().nextLong());
    var random = new Random(seed);
    var table = new ServiceTable("n1");
    table.nodeAddresses(List.of(InetAddress.ofLiteral("192.168.77.10")));
    var pending = new HashMap<String, ServiceView>();
    looking = true;
    try {
      for (int step = 0; step < 400; step++) {
        now += random.nextInt(2 * (int) GRACE);
        change(random, table);
        if (random.nextInt(40) == 0) {
          realizer = start();
          var pinned = new HashSet<Integer>();
          services.entries.values().forEach(value -> pinned.add(value.service()));
          names.keySet().retainAll(pinned);
          pending.clear();
          pending.putAll(table.views());
          pending.putAll(table.changes());
        }
        boolean tight = random.nextInt(5) == 0;
        services.room = tight ? services.entries.size() + random.nextInt(3) : Integer.MAX_VALUE;
        backends.room = tight ? backends.entries.size() + random.nextInt(3) : Integer.MAX_VALUE;
        pending.putAll(table.changes());
        settle(pending);
        if (pending.isEmpty()) {
          realizer.complete(now);
          assertAsWanted(table);
        }
      }
    } catch (AssertionError | RuntimeException e) {
      throw new AssertionError("with -Dovenet.seed=" + seed, e);
    }
  }

  /** As the services' thread does: all at once, then one at a time. */
  private void settle(Map<String, ServiceView> pending) {
    try {
      realizer.realize(Map.copyOf(pending), now);
      pending.clear();
    } catch (Table.TableException _) {
      for (var name : List.copyOf(pending.keySet())) {
        try {
          realizer.realize(Map.of(name, pending.get(name)), now);
          pending.remove(name);
        } catch (Table.TableException _) {
          assertThat(pending).containsKey(name);
        }
      }
    }
  }

  private static void change(Random random, ServiceTable table) {
    var name = "s" + random.nextInt(6);
    switch (random.nextInt(8)) {
      case 0 -> table.removeService("shop/" + name);
      case 1 -> table.removeSlice("shop/" + name);
      case 2, 3, 4 ->
          table.upsertService(
              service(
                  "shop/" + name,
                  "{'clusterIP':'10.96.0."
                      + (1 + random.nextInt(8))
                      + "','externalTrafficPolicy':'"
                      + (random.nextBoolean() ? "Local" : "Cluster")
                      + "','loadBalancerSourceRanges':["
                      + (random.nextBoolean() ? "'192.0.2." + random.nextInt(3) + "/32'" : "")
                      + "],'ports':[{'name':'http','port':80,'nodePort':"
                      + (random.nextBoolean() ? 30_000 + random.nextInt(3) : 0)
                      + "}]}",
                  "{'loadBalancer':{'ingress':["
                      + (random.nextBoolean() ? "{'ip':'10.100.0." + random.nextInt(4) + "'}" : "")
                      + "]}}",
                  "2026-01-0" + (1 + random.nextInt(9))));
      default -> {
        var endpoints = new java.util.StringJoiner(",");
        for (int i = random.nextInt(6); i > 0; i--) {
          endpoints.add(
              endpoint(
                  "10.0.0." + (1 + random.nextInt(9)),
                  "n" + (1 + random.nextInt(2)),
                  random.nextInt(4) == 0 ? ",'conditions':{'ready':false}" : ""));
        }
        table.upsertSlice(slice("shop/" + name, name, HTTP, endpoints.toString()));
      }
    }
  }

  private void assertAsWanted(ServiceTable table) {
    var wanted = new HashMap<ServiceKey, Set<String>>();
    var present = new HashSet<BackendKey>();
    var prefixes = new HashSet<String>();
    table
        .views()
        .values()
        .forEach(
            view -> {
              present.addAll(view.backends().keySet());
              for (var frontend : view.frontends()) {
                var keys = new TreeSet<String>();
                view.sets()
                    .getOrDefault(frontend.backends(), List.of())
                    .forEach(key -> keys.add(key.address().getHostAddress()));
                wanted.put(frontend.key(), keys);
                frontend
                    .sourceRanges()
                    .forEach(range -> prefixes.add(numberOf(frontend.key()) + " " + range));
              }
            });
    assertThat(services.entries.keySet()).isEqualTo(wanted.keySet());
    wanted.forEach(
        (key, keys) ->
            assertThat(behind(key.address().getHostAddress(), key.port(), key.scope()))
                .isEqualTo(keys));
    var there = new HashSet<BackendKey>();
    backends.entries.values().forEach(backend -> there.add(BackendKey.of(backend)));
    assertThat(there).isEqualTo(present).hasSize(backends.entries.size());
    var ranges = new HashSet<String>();
    sourceRanges
        .entries
        .keySet()
        .forEach(
            r ->
                ranges.add(
                    r.service() + " " + r.address().getHostAddress() + "/" + r.prefixLength()));
    assertThat(ranges).isEqualTo(prefixes);
    assertThat(names)
        .hasSize(
            (int)
                services.entries.values().stream()
                    .mapToInt(ServiceValue::service)
                    .distinct()
                    .count());
  }
}
