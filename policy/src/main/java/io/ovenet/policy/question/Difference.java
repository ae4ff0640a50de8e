package io.ovenet.policy.question;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** What a change of policies opens and closes between groups of parties. */
public final class Difference {
  /**
   * One pair of groups with something opened or closed.
   *
   * @param pairs pairs of parties that it is about
   */
  public record Change(String from, String to, PortSet opened, PortSet closed, long pairs) {}

  /** What is open before and after. */
  private record Sets(int before, int after) {}

  private record Share(int group, int members) {}

  private Difference() {}

  /**
   * All changes, in the order of the groups.
   *
   * @param before and after: of the same parties
   * @param groups who, by group
   */
  public static List<Change> of(Judge before, Judge after, Map<String, List<Party>> groups) {
    Reach was = new Reach(before);
    Reach is = new Reach(after);
    String[] names = groups.keySet().toArray(new String[0]);
    groups.values().forEach(parties -> parties.forEach(was::profileOf));
    groups.values().forEach(parties -> parties.forEach(is::profileOf));
    Map<List<Integer>, List<Share>> shares = new LinkedHashMap<>();
    for (int group = 0; group < names.length; group++) {
      Map<List<Integer>, Integer> counts = new LinkedHashMap<>();
      for (Party party : groups.getOrDefault(names[group], List.of())) {
        counts.merge(List.of(was.profileOf(party), is.profileOf(party)), 1, Integer::sum);
      }
      for (Map.Entry<List<Integer>, Integer> count : counts.entrySet()) {
        shares
            .computeIfAbsent(count.getKey(), _ -> new ArrayList<>())
            .add(new Share(group, count.getValue()));
      }
    }
    int[] old = shares.keySet().stream().mapToInt(List::getFirst).toArray();
    int[] now = shares.keySet().stream().mapToInt(List::getLast).toArray();
    List<List<Share>> byProfile = List.copyOf(shares.values());
    int[][] setsBefore = new int[old.length][old.length];
    was.forEachPair(old, old, (s, d, set) -> setsBefore[s][d] = set);
    Map<Sets, PortSet> opened = new HashMap<>();
    Map<Sets, PortSet> closed = new HashMap<>();
    Map<Long, Change> changes = new LinkedHashMap<>();
    is.forEachPair(
        now,
        now,
        (s, d, set) -> {
          Sets sets = new Sets(setsBefore[s][d], set);
          PortSet more =
              opened.computeIfAbsent(sets, x -> is.set(x.after).minus(was.set(x.before)));
          PortSet less =
              closed.computeIfAbsent(sets, x -> was.set(x.before).minus(is.set(x.after)));
          if (more.isEmpty() && less.isEmpty()) {
            return;
          }
          for (Share source : byProfile.get(s)) {
            for (Share destination : byProfile.get(d)) {
              changes.merge(
                  (long) source.group * names.length + destination.group,
                  new Change(
                      names[source.group],
                      names[destination.group],
                      more,
                      less,
                      (long) source.members * destination.members),
                  Difference::sum);
            }
          }
        });
    return changes.entrySet().stream()
        .sorted(Map.Entry.comparingByKey())
        .map(Map.Entry::getValue)
        .toList();
  }

  private static Change sum(Change one, Change other) {
    return new Change(
        one.from,
        one.to,
        one.opened.or(other.opened),
        one.closed.or(other.closed),
        one.pairs + other.pairs);
  }
}
