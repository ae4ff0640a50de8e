package io.ovenet.cli.hubble;

import io.ovenet.api.flow.FlowFilter;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** What {@code --pod}, {@code --namespace} and {@code --vm} say, with or without a side. */
final class PodSelection {
  /** Which end of a flow an option is about. */
  enum Side {
    ANY,
    FROM,
    TO
  }

  private final Map<Side, List<String>> pods = new EnumMap<>(Side.class);
  private final Map<Side, List<String>> namespaces = new EnumMap<>(Side.class);
  private final Map<Side, List<String>> machines = new EnumMap<>(Side.class);

  private static void add(Map<Side, List<String>> to, Side side, String value) {
    to.computeIfAbsent(side, none -> new ArrayList<>()).add(value);
  }

  void pod(Side side, String value) {
    add(pods, side, value);
  }

  void namespace(Side side, String value) {
    if (value.isEmpty() || value.indexOf('/') >= 0) {
      throw new HubbleException("\"" + value + "\" is no namespace");
    }
    add(namespaces, side, value);
  }

  void machine(Side side, String value) {
    add(machines, side, value);
  }

  /** Null: says nothing. */
  private @Nullable List<PodPattern> patterns(Side side) {
    List<String> in = namespaces.getOrDefault(side, List.of());
    var patterns = new ArrayList<PodPattern>();
    for (String pod : pods.getOrDefault(side, List.of())) {
      patterns.addAll(PodPattern.pods(pod, in));
    }
    for (String machine : machines.getOrDefault(side, List.of())) {
      patterns.addAll(PodPattern.machines(machine, in));
    }
    if (patterns.isEmpty()) {
      in.forEach(namespace -> patterns.add(PodPattern.namespace(namespace)));
    }
    return patterns.isEmpty() ? null : patterns;
  }

  /**
   * Filters for flows that have what has no side at their source, and at their destination. Null:
   * nothing was said; an empty list: nothing can match.
   */
  @Nullable Filters filters() {
    List<PodPattern> any = patterns(Side.ANY);
    List<PodPattern> from = patterns(Side.FROM);
    List<PodPattern> to = patterns(Side.TO);
    if (any == null && from == null && to == null) {
      return null;
    }
    List<FlowFilter> atSource = both(and(any, from), to);
    List<FlowFilter> atDestination = any == null ? atSource : both(from, and(any, to));
    if (atSource.isEmpty() && atDestination.isEmpty()) {
      throw new HubbleException(
          "no pod can be all of that: the namespaces and names exclude each other");
    }
    return new Filters(atSource, atDestination);
  }

  record Filters(List<FlowFilter> atSource, List<FlowFilter> atDestination) {}

  private static @Nullable List<PodPattern> and(
      @Nullable List<PodPattern> some, @Nullable List<PodPattern> others) {
    if (some == null || others == null) {
      return some == null ? others : some;
    }
    var both = new ArrayList<PodPattern>();
    for (PodPattern one : some) {
      for (PodPattern other : others) {
        PodPattern common = one.and(other);
        if (common != null) {
          both.add(common);
        }
      }
    }
    return both;
  }

  private static List<FlowFilter> both(
      @Nullable List<PodPattern> source, @Nullable List<PodPattern> destination) {
    List<FlowFilter> left =
        source == null
            ? List.of(FlowFilter.getDefaultInstance())
            : PodPattern.filters(source, true);
    List<FlowFilter> right =
        destination == null
            ? List.of(FlowFilter.getDefaultInstance())
            : PodPattern.filters(destination, false);
    var filters = new ArrayList<FlowFilter>();
    for (FlowFilter one : left) {
      for (FlowFilter other : right) {
        filters.add(one.toBuilder().mergeFrom(other).build());
      }
    }
    return filters;
  }
}
