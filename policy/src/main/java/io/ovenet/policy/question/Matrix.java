package io.ovenet.policy.question;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/** What is open between groups of parties, such as namespaces. */
public final class Matrix {
  /**
   * One cell.
   *
   * @param open to any of the destinations from any of the sources
   * @param everywhere open from all to all
   * @param openPairs pairs between which anything is open
   */
  public record Cell(
      String from, String to, PortSet open, PortSet everywhere, long openPairs, long pairs) {}

  private Matrix() {}

  /**
   * All cells, sorted.
   *
   * @param sources parties by group
   */
  public static List<Cell> of(
      Reach reach, Map<String, List<Party>> sources, Map<String, List<Party>> destinations) {
    Shares from = new Shares(reach, sources);
    Shares to = new Shares(reach, destinations);
    @Nullable Sum[][] sums = new Sum[from.groups.length][to.groups.length];
    reach.forEachPair(
        from.profiles,
        to.profiles,
        (s, d, set) -> {
          for (int source : from.groupsOf[s]) {
            for (int destination : to.groupsOf[d]) {
              Sum sum = sums[source][destination];
              if (sum == null) {
                sum = new Sum();
                sums[source][destination] = sum;
              }
              sum.add(set, (long) from.members[s][source] * to.members[d][destination]);
            }
          }
        });
    List<Cell> cells = new ArrayList<>();
    for (int source = 0; source < from.groups.length; source++) {
      for (int destination = 0; destination < to.groups.length; destination++) {
        Sum sum = sums[source][destination];
        if (sum != null) {
          cells.add(sum.cell(reach, from.groups[source], to.groups[destination]));
        }
      }
    }
    return cells;
  }

  /** How many members of each group have each profile. */
  private static final class Shares {
    final String[] groups;
    final int[] profiles;
    final int[][] members;
    final int[][] groupsOf;

    Shares(Reach reach, Map<String, List<Party>> byGroup) {
      groups = new TreeSet<>(byGroup.keySet()).toArray(new String[0]);
      // Adding one may make the tables anew: all are known before any is looked up.
      byGroup.values().forEach(parties -> parties.forEach(reach::profileOf));
      Map<Integer, int[]> counts = new LinkedHashMap<>();
      for (int group = 0; group < groups.length; group++) {
        for (Party party : byGroup.getOrDefault(groups[group], List.of())) {
          counts.computeIfAbsent(reach.profileOf(party), _ -> new int[groups.length])[group]++;
        }
      }
      profiles = counts.keySet().stream().mapToInt(Integer::intValue).toArray();
      members = counts.values().toArray(new int[0][]);
      groupsOf = new int[members.length][];
      for (int i = 0; i < members.length; i++) {
        int[] of = members[i];
        groupsOf[i] = IntStream.range(0, of.length).filter(group -> of[group] > 0).toArray();
      }
    }
  }

  /** Pairs of one cell, by what is open between them. */
  private static final class Sum {
    private int[] sets = new int[2];
    private long[] pairs = new long[2];
    private int size;

    void add(int set, long count) {
      for (int i = size - 1; i >= 0; i--) {
        if (sets[i] == set) {
          pairs[i] += count;
          return;
        }
      }
      if (size == sets.length) {
        sets = Arrays.copyOf(sets, 2 * size);
        pairs = Arrays.copyOf(pairs, 2 * size);
      }
      sets[size] = set;
      pairs[size++] = count;
    }

    Cell cell(Reach reach, String from, String to) {
      PortSet any = PortSet.NOTHING;
      PortSet all = PortSet.EVERYTHING;
      long open = 0;
      long total = 0;
      for (int i = 0; i < size; i++) {
        PortSet set = reach.set(sets[i]);
        any = any.or(set);
        all = all.and(set);
        total += pairs[i];
        open += set.isEmpty() ? 0 : pairs[i];
      }
      return new Cell(from, to, any, all, open, total);
    }
  }
}
