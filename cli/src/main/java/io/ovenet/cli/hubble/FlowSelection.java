package io.ovenet.cli.hubble;

import io.ovenet.api.flow.FlowFilter;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;

/**
 * Filters from options. Options of one name are a disjunction, different ones a conjunction. An
 * option without a side ({@code --pod}) means either: then there are two filters, one with it as
 * the source and one as the destination. Some options need several filters for what they mean.
 */
final class FlowSelection {
  /** One way in which an option is met, for a flow's source and for its destination. */
  private record Way(FlowFilter source, FlowFilter destination) {
    Way merged(Way other) {
      return new Way(
          source.toBuilder().mergeFrom(other.source).build(),
          destination.toBuilder().mergeFrom(other.destination).build());
    }
  }

  private static final Way ANYTHING =
      new Way(FlowFilter.getDefaultInstance(), FlowFilter.getDefaultInstance());

  private final Map<String, List<Way>> options = new LinkedHashMap<>();
  private final PodSelection pods = new PodSelection();

  PodSelection pods() {
    return pods;
  }

  /** Another value of an option that is about the flow, not about a side of it. */
  void with(String option, Consumer<FlowFilter.Builder> value) {
    withSides(option, value, value);
  }

  /** Another value of an option: what it means of the source, and of the destination. */
  void withSides(
      String option,
      Consumer<FlowFilter.Builder> source,
      Consumer<FlowFilter.Builder> destination) {
    List<Way> ways = options.computeIfAbsent(option, name -> new ArrayList<>(List.of(ANYTHING)));
    Way first = ways.get(0);
    ways.set(0, way(first, source, destination));
  }

  /** A way of its own: another filter, since its fields have to match together. */
  void orSides(
      String option,
      Consumer<FlowFilter.Builder> source,
      Consumer<FlowFilter.Builder> destination) {
    options
        .computeIfAbsent(option, name -> new ArrayList<>(List.of(ANYTHING)))
        .add(way(ANYTHING, source, destination));
  }

  private static Way way(
      Way from, Consumer<FlowFilter.Builder> source, Consumer<FlowFilter.Builder> destination) {
    FlowFilter.Builder left = from.source.toBuilder();
    FlowFilter.Builder right = from.destination.toBuilder();
    source.accept(left);
    destination.accept(right);
    return new Way(left.build(), right.build());
  }

  /** The filters, one of which has to match; none where nothing was selected. */
  List<FlowFilter> filters() {
    List<Way> combined = List.of(ANYTHING);
    for (List<Way> ways : options.values()) {
      var next = new ArrayList<Way>();
      for (Way so : combined) {
        for (Way way : ways) {
          if (!way.equals(ANYTHING)) {
            next.add(so.merged(way));
          }
        }
      }
      combined = next;
    }
    var filters = new LinkedHashSet<FlowFilter>();
    PodSelection.Filters podFilters = pods.filters();
    List<FlowFilter> anything = List.of(FlowFilter.getDefaultInstance());
    for (Way way : combined) {
      merge(way.source, podFilters == null ? anything : podFilters.atSource(), filters);
      merge(way.destination, podFilters == null ? anything : podFilters.atDestination(), filters);
    }
    filters.remove(FlowFilter.getDefaultInstance());
    return List.copyOf(filters);
  }

  private static void merge(FlowFilter filter, List<FlowFilter> pods, Set<FlowFilter> to) {
    for (FlowFilter pod : pods) {
      to.add(filter.toBuilder().mergeFrom(pod).build());
    }
  }
}
