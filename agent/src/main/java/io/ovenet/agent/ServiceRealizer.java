package io.ovenet.agent;

import io.ovenet.agent.ServiceFrontend.BackendSet;
import io.ovenet.datapath.Backend;
import io.ovenet.datapath.ServiceKey;
import io.ovenet.datapath.ServiceValue;
import io.ovenet.datapath.SourceRangeKey;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.IntSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Brings the tables of services to what is wanted, writing what a change affects and nothing else.
 * Numbers of frontends and backends that a former process gave stay, so that standing connections
 * keep their backends. Not thread-safe.
 *
 * <p>INVARIANT: a packet sees a service before a change or after it. Backends come first, then
 * slots in a range that nobody reads, then the service's value by one write; what is gone goes
 * last.
 */
final class ServiceRealizer {
  /** How a service number is told to people. */
  interface Listener {
    void named(int service, ServiceKey key, String name);

    void unnamed(int service);

    /** Nobody is served by these backends any more. */
    void gone(Collection<Integer> backends);
  }

  /** What a set of backends has in service_slots. */
  private record Ranges(List<Integer> numbers, SlotRanges.Range all, SlotRanges.Range maglev) {
    static final Ranges NONE = new Ranges(List.of(), SlotRanges.Range.NONE, SlotRanges.Range.NONE);
  }

  private record Frontend(InetAddress address, int port, int protocol) {
    static Frontend of(ServiceKey key) {
      return new Frontend(key.address(), key.port(), key.protocol());
    }
  }

  private final ServiceTables tables;
  private final SlotRanges slots;
  private final IntSupplier newNumber;
  private final Listener listener;

  private final Map<ServiceKey, ServiceValue> services;
  private final Map<Integer, Backend> backends;
  private final Map<Integer, Set<SourceRangeKey>> sourceRanges = new HashMap<>();
  private final RedirectSkips skips;
  private final Map<Frontend, Integer> serviceNumbers = new HashMap<>();
  private final Map<BackendKey, Integer> backendNumbers = new HashMap<>();

  /** Services that have a backend, by name. */
  private final Map<BackendKey, Set<String>> users = new HashMap<>();

  private final Map<BackendSet, Ranges> ranges = new HashMap<>();

  /** What may still be in force of each service: as realized, or of a change that failed. */
  private final Map<String, ServiceView> realized = new HashMap<>();

  /** Ranges that a value in the table may name, though no set has them. */
  private final List<SlotRanges.Range> orphans = new ArrayList<>();

  private final Map<ServiceKey, String> owners = new HashMap<>();

  /** Until then a service of a former process may be in force that is not known to be wanted. */
  private boolean complete;

  /** What a write that failed may have changed or not. */
  private final Set<ServiceKey> uncertainServices = new HashSet<>();

  private final Set<Integer> uncertainBackends = new HashSet<>();

  /**
   * Adopts what the tables hold.
   *
   * @param newNumber a number that no service and no backend of this node had before
   */
  ServiceRealizer(
      ServiceTables tables, SlotRanges slots, IntSupplier newNumber, Listener listener) {
    this.tables = tables;
    this.slots = slots;
    this.newNumber = newNumber;
    this.listener = listener;
    skips = new RedirectSkips(tables.skips());
    services = new HashMap<>(tables.services().dump());
    backends = new HashMap<>(tables.backends().dump());
    tables.sourceRanges().dump().keySet().forEach(this::rangeIsThere);
    services.forEach(
        (key, value) -> {
          serviceNumbers.put(Frontend.of(key), value.service());
          adopt(value.first(), value.count());
          adopt(value.maglevFirst(), value.maglevSize());
        });
    backends.forEach((number, backend) -> backendNumbers.put(BackendKey.of(backend), number));
  }

  private void rangeIsThere(SourceRangeKey range) {
    sourceRanges.computeIfAbsent(range.service(), _ -> new HashSet<>()).add(range);
  }

  private void adopt(int first, int count) {
    var range = new SlotRanges.Range(first, count);
    if (count > 0 && !orphans.contains(range)) {
      slots.reserve(range);
      orphans.add(range);
    }
  }

  /** Writes the changes; an empty view: the service is gone. After an exception, do it again. */
  void realize(Map<String, ServiceView> changes, long now) {
    slots.collect(now);
    var sets = new LinkedHashMap<BackendSet, Ranges>();
    Map<Integer, Set<SourceRangeKey>> prefixes;
    try {
      writeBackends(changes.values());
      writeSlots(changes.values(), sets);
      prefixes = writeServices(changes.values(), sets);
    } catch (RuntimeException e) {
      // A value may name a new range already: it is nobody else's until all has been written.
      sets.values().forEach(set -> orphans.addAll(List.of(set.all(), set.maglev())));
      changes.forEach((name, view) -> realized.merge(name, view, ServiceRealizer::both));
      throw e;
    }
    var before = new HashMap<String, ServiceView>();
    changes.forEach(
        (name, view) -> {
          var old =
              view.frontends().isEmpty() && view.backends().isEmpty()
                  ? realized.remove(name)
                  : realized.put(name, view);
          before.put(name, old == null ? ServiceView.none(name) : old);
        });
    removeServices(changes, before);
    changes.values().forEach(view -> view.frontends().forEach(f -> forgetShared(f, prefixes)));
    prefixes.forEach(this::keepSourceRanges);
    skippedBy(changes.values()).forEach(skips::keep);
    replaceRanges(changes, before, sets, now);
    removeBackends(changes, before);
  }

  /**
   * Everything has been realized once: whatever else the tables hold is a former process' and goes.
   */
  void complete(long now) {
    deleteServices(services.keySet().stream().filter(key -> !owners.containsKey(key)).toList());
    var wanted = wantedRanges(realized.values());
    for (var number : List.copyOf(sourceRanges.keySet())) {
      keepSourceRanges(number, wanted.getOrDefault(number, Set.of()));
    }
    skips.retain(serviceNumbers.values());
    var unused = new ArrayList<Integer>();
    backends.forEach(
        (number, backend) -> {
          var key = BackendKey.of(backend);
          if (users.getOrDefault(key, Set.of()).isEmpty()
              || !number.equals(backendNumbers.get(key))) {
            unused.add(number);
          }
        });
    deleteBackends(unused);
    complete = true;
    settled(now);
  }

  /** Nothing that failed is still to be done: what it left behind is free. */
  void settled(long now) {
    orphans.forEach(range -> slots.release(range, now));
    orphans.clear();
  }

  /**
   * Prefixes stay for now that a frontend may share with one of a former process: both have its
   * number, and the other goes only when everything is known.
   */
  private void forgetShared(ServiceFrontend frontend, Map<Integer, Set<SourceRangeKey>> prefixes) {
    for (var scope : ServiceKey.SCOPES) {
      var key = frontend.key().in(scope);
      if (services.containsKey(key) && !owners.containsKey(key)) {
        prefixes.remove(serviceNumbers.get(Frontend.of(key)));
      }
    }
  }

  private Map<Integer, Set<SourceRangeKey>> wantedRanges(Collection<ServiceView> views) {
    var wanted = new HashMap<Integer, Set<SourceRangeKey>>();
    for (var view : views) {
      for (var frontend : view.frontends()) {
        var number = serviceNumbers.get(Frontend.of(frontend.key()));
        if (number != null) {
          var ranges = wanted.computeIfAbsent(number, _ -> new HashSet<>());
          for (var range : frontend.sourceRanges()) {
            ranges.add(new SourceRangeKey(number, range.address(), range.length()));
          }
        }
      }
    }
    return wanted;
  }

  private void writeBackends(Collection<ServiceView> views) {
    var entries = new LinkedHashMap<Integer, Backend>();
    for (var view : views) {
      for (var backend : view.backends().values()) {
        var number = backendNumbers.computeIfAbsent(backend.key(), _ -> newNumber.getAsInt());
        users.computeIfAbsent(backend.key(), _ -> new HashSet<>(2)).add(view.service());
        if (!backend.entry().equals(backends.get(number)) || uncertainBackends.contains(number)) {
          entries.put(number, backend.entry());
        }
      }
    }
    if (!entries.isEmpty()) {
      uncertainBackends.addAll(entries.keySet());
      backends.putAll(entries);
      tables.backends().put(entries);
      uncertainBackends.removeAll(entries.keySet());
    }
  }

  private void writeSlots(Collection<ServiceView> views, Map<BackendSet, Ranges> sets) {
    var entries = new LinkedHashMap<Integer, Integer>();
    for (var view : views) {
      var external = new HashSet<BackendSet>();
      for (var frontend : view.frontends()) {
        if ((frontend.flags() & ServiceValue.EXTERNAL) != 0) {
          external.add(frontend.backends());
        }
      }
      view.sets()
          .forEach(
              (set, keys) -> {
                var numbers = keys.stream().map(this::number).toList();
                boolean maglev = external.contains(set) && numbers.size() > 1;
                var present = ranges.get(set);
                if (present == null
                    || !present.numbers().equals(numbers)
                    || maglev != present.maglev().count() > 0) {
                  sets.put(set, Ranges.NONE);
                  sets.put(set, write(keys, numbers, maglev, entries));
                }
              });
    }
    if (!entries.isEmpty()) {
      tables.slots().put(entries);
    }
  }

  private int number(BackendKey key) {
    var number = backendNumbers.get(key);
    if (number == null) {
      throw new IllegalStateException("a service's set has " + key + ", which is no backend of it");
    }
    return number;
  }

  private Ranges write(
      List<BackendKey> keys, List<Integer> numbers, boolean maglev, Map<Integer, Integer> entries) {
    var all = slots.take(numbers.size());
    for (int i = 0; i < numbers.size(); i++) {
      entries.put(all.first() + i, numbers.get(i));
    }
    if (!maglev) {
      return new Ranges(numbers, all, SlotRanges.Range.NONE);
    }
    int[] table = Maglev.table(keys, Maglev.size(keys.size()));
    var places = slots.take(table.length);
    for (int i = 0; i < table.length; i++) {
      entries.put(places.first() + i, numbers.get(table[i]));
    }
    return new Ranges(numbers, all, places);
  }

  /** The prefixes that the services should have, by their numbers. */
  private Map<Integer, Set<SourceRangeKey>> writeServices(
      Collection<ServiceView> views, Map<BackendSet, Ranges> sets) {
    var values = new LinkedHashMap<ServiceKey, ServiceValue>();
    var prefixes = new LinkedHashMap<SourceRangeKey, Integer>();
    for (var view : views) {
      for (var frontend : view.frontends()) {
        var key = frontend.key();
        int number = serviceNumbers.computeIfAbsent(Frontend.of(key), _ -> newNumber.getAsInt());
        // The name first: a flow may tell of the service as soon as it is there.
        if (!view.service().equals(owners.put(key, view.service()))) {
          listener.named(number, key, view.service());
        }
        var value = value(frontend, number, sets);
        if (!value.equals(services.get(key)) || uncertainServices.contains(key)) {
          values.put(key, value);
        }
      }
    }
    var wanted = wantedRanges(views);
    wanted.forEach(
        (number, ranges) -> {
          var present = sourceRanges.getOrDefault(number, Set.of());
          ranges.stream().filter(r -> !present.contains(r)).forEach(r -> prefixes.put(r, 1));
        });
    skips.add(skippedBy(views));
    if (!prefixes.isEmpty()) {
      tables.sourceRanges().put(prefixes);
      prefixes.keySet().forEach(this::rangeIsThere);
    }
    if (!values.isEmpty()) {
      uncertainServices.addAll(values.keySet());
      services.putAll(values);
      tables.services().put(values);
      uncertainServices.removeAll(values.keySet());
    }
    return wanted;
  }

  /** Whose calls skip the frontends, by their numbers. */
  private Map<Integer, List<InetAddress>> skippedBy(Collection<ServiceView> views) {
    var skipped = new HashMap<Integer, List<InetAddress>>();
    for (var view : views) {
      for (var frontend : view.frontends()) {
        var number = serviceNumbers.get(Frontend.of(frontend.key()));
        if (number != null && frontend.key().scope() == ServiceKey.CLUSTER) {
          skipped.put(number, frontend.skippedBy());
        }
      }
    }
    return skipped;
  }

  /** Takes out the prefixes of a service that it no longer has. */
  private void keepSourceRanges(int service, Set<SourceRangeKey> wanted) {
    var present = sourceRanges.get(service);
    if (present == null) {
      return;
    }
    var gone = present.stream().filter(range -> !wanted.contains(range)).toList();
    if (!gone.isEmpty()) {
      tables.sourceRanges().delete(gone);
      gone.forEach(present::remove);
      if (present.isEmpty()) {
        sourceRanges.remove(service);
      }
    }
  }

  private ServiceValue value(ServiceFrontend frontend, int number, Map<BackendSet, Ranges> sets) {
    var fresh = sets.get(frontend.backends());
    var set = fresh == null ? ranges.getOrDefault(frontend.backends(), Ranges.NONE) : fresh;
    boolean external = (frontend.flags() & ServiceValue.EXTERNAL) != 0;
    return new ServiceValue(
        number,
        set.all().first(),
        set.all().count(),
        external ? set.maglev().first() : 0,
        external ? set.maglev().count() : 0,
        frontend.affinitySeconds(),
        frontend.flags());
  }

  private void removeServices(Map<String, ServiceView> changes, Map<String, ServiceView> before) {
    var kept = new HashSet<ServiceKey>();
    changes.values().forEach(view -> view.frontends().forEach(f -> kept.add(f.key())));
    var gone = new HashSet<ServiceKey>();
    for (var view : before.values()) {
      for (var frontend : view.frontends()) {
        // Of a write that failed the value may still be this service's, whoever has it now: that
        // one's change is still to be done, and writes it again.
        if (!kept.contains(frontend.key())
            && (view.service().equals(owners.get(frontend.key()))
                || uncertainServices.contains(frontend.key()))) {
          gone.add(frontend.key());
        }
      }
    }
    // Who has an address from inside has it from outside: what another had of it is gone, too.
    for (var view : changes.values()) {
      for (var frontend : view.frontends()) {
        for (var scope : ServiceKey.SCOPES) {
          var key = frontend.key().in(scope);
          var owner = owners.get(key);
          if (owner != null && !owner.equals(view.service()) && !kept.contains(key)) {
            gone.add(key);
          }
        }
      }
    }
    deleteServices(gone);
  }

  private void deleteServices(Collection<ServiceKey> gone) {
    if (gone.isEmpty()) {
      return;
    }
    tables.services().delete(gone);
    for (var key : gone) {
      services.remove(key);
      owners.remove(key);
      uncertainServices.remove(key);
      if (ServiceKey.SCOPES.stream().noneMatch(scope -> services.containsKey(key.in(scope)))) {
        var number = serviceNumbers.remove(Frontend.of(key));
        if (number != null) {
          keepSourceRanges(number, Set.of());
          skips.keep(number, Set.of());
          listener.unnamed(number);
        }
      }
    }
  }

  private void replaceRanges(
      Map<String, ServiceView> changes,
      Map<String, ServiceView> before,
      Map<BackendSet, Ranges> fresh,
      long now) {
    var old = new ArrayList<Ranges>();
    fresh.forEach(
        (set, made) -> {
          var replaced = ranges.put(set, made);
          if (replaced != null) {
            old.add(replaced);
          }
        });
    before.forEach(
        (name, view) -> {
          var wanted = changes.get(name);
          for (var set : view.sets().keySet()) {
            if (wanted == null || !wanted.sets().containsKey(set)) {
              var gone = ranges.remove(set);
              if (gone != null) {
                old.add(gone);
              }
            }
          }
        });
    for (var each : old) {
      slots.release(each.all(), now);
      slots.release(each.maglev(), now);
    }
  }

  private void removeBackends(Map<String, ServiceView> changes, Map<String, ServiceView> before) {
    var unused = new ArrayList<Integer>();
    before.forEach(
        (name, view) -> {
          var now = changes.get(name);
          for (var key : view.backends().keySet()) {
            var left = users.get(key);
            if ((now == null || !now.backends().containsKey(key)) && left != null) {
              left.remove(name);
              if (left.isEmpty() && complete) {
                unused.add(number(key));
              }
            }
          }
        });
    deleteBackends(unused);
  }

  private void deleteBackends(List<Integer> numbers) {
    if (numbers.isEmpty()) {
      return;
    }
    tables.backends().delete(numbers);
    for (var number : numbers) {
      var backend = backends.remove(number);
      uncertainBackends.remove(number);
      if (backend != null && backendNumbers.remove(BackendKey.of(backend), number)) {
        users.remove(BackendKey.of(backend));
      }
    }
    listener.gone(numbers);
  }

  /** What a failed change may have left: the old and the new. */
  private static ServiceView both(ServiceView first, ServiceView second) {
    var frontends = new LinkedHashMap<ServiceKey, ServiceFrontend>();
    first.frontends().forEach(frontend -> frontends.put(frontend.key(), frontend));
    second.frontends().forEach(frontend -> frontends.put(frontend.key(), frontend));
    var sets = new HashMap<>(first.sets());
    sets.putAll(second.sets());
    var backends = new HashMap<>(first.backends());
    backends.putAll(second.backends());
    return new ServiceView(
        first.service(), List.copyOf(frontends.values()), sets, backends, List.of());
  }

  /** The number of a backend; null if it has none. */
  @Nullable Integer numberOf(BackendKey key) {
    return backendNumbers.get(key);
  }
}
