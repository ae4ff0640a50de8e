package io.ovenet.policy.question;

import io.ovenet.policy.ClassTables;
import io.ovenet.policy.CompiledPolicy;
import io.ovenet.policy.PolicyTable;
import io.ovenet.policy.TrafficDirection;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Who can reach whom, for all pairs of many parties at once: parties that no policy tells apart are
 * looked at once. Used by one thread.
 */
public final class Reach {
  /** A policy (−1: none is about it) and a class of peers. */
  private record Profile(int policy, int peer) {}

  /** Told of each pair of profiles, and the number of the set that is open between them. */
  interface PairConsumer {
    void accept(int source, int destination, int set);
  }

  private final Judge judge;
  private final List<CompiledPolicy> policies = new ArrayList<>();
  private final Map<CompiledPolicy, Integer> policyNumbers = new HashMap<>();
  private final Map<Profile, Integer> profiles = new LinkedHashMap<>();
  private final List<Profile> byNumber = new ArrayList<>();
  private final Map<PortSet, Integer> setNumbers = new HashMap<>();
  private final List<PortSet> sets = new ArrayList<>();
  private final Map<PolicyTable, Integer> tableSets = new HashMap<>();
  private final Map<Long, Integer> intersections = new HashMap<>();

  /**
   * For one world.
   *
   * @param judge made with all subjects that will be asked about, which is quicker
   */
  public Reach(Judge judge) {
    this.judge = judge;
  }

  /** The number of the party's profile: those of one number are not told apart. */
  int profileOf(Party party) {
    int policy = -1;
    if (party.isEndpoint()) {
      CompiledPolicy compiled = judge.policyOf(party);
      Integer known = policyNumbers.get(compiled);
      if (known == null) {
        known = policies.size();
        policies.add(compiled);
        policyNumbers.put(compiled, known);
      }
      policy = known;
    }
    int peer = judge.snapshot().classes().classOf(judge.peerOf(party));
    Profile profile = new Profile(policy, peer);
    Integer number = profiles.get(profile);
    if (number == null) {
      number = byNumber.size();
      profiles.put(profile, number);
      byNumber.add(profile);
    }
    return number;
  }

  /** What passes from one to the other. */
  public PortSet between(Party source, Party destination) {
    Profile from = byNumber.get(profileOf(source));
    Profile to = byNumber.get(profileOf(destination));
    return side(from, TrafficDirection.EGRESS, to.peer)
        .and(side(to, TrafficDirection.INGRESS, from.peer));
  }

  private PortSet side(Profile subject, TrafficDirection direction, int peer) {
    return subject.policy < 0
        ? PortSet.EVERYTHING
        : sets.get(setOf(policies.get(subject.policy).tables(direction), peer));
  }

  /** The number of the set that a table opens. */
  private int setOf(ClassTables tables, int peer) {
    if (tables.size() == 0) {
      return number(PortSet.EVERYTHING);
    }
    if (peer < 0) {
      return number(PortSet.NOTHING);
    }
    @Nullable PolicyTable table = tables.get(peer);
    if (table == null) {
      table = tables.get(CompiledPolicy.CLASS_ANY);
    }
    if (table == null) {
      return number(PortSet.NOTHING);
    }
    Integer known = tableSets.get(table);
    if (known == null) {
      known = number(PortSet.of(table));
      tableSets.put(table, known);
    }
    return known;
  }

  private int number(PortSet set) {
    return setNumbers.computeIfAbsent(
        set,
        added -> {
          sets.add(added);
          return sets.size() - 1;
        });
  }

  private int intersection(int one, int other) {
    if (one == other) {
      return one;
    }
    long key = (long) Math.min(one, other) << 32 | Math.max(one, other);
    Integer known = intersections.get(key);
    if (known == null) {
      known = number(sets.get(one).and(sets.get(other)));
      intersections.put(key, known);
    }
    return known;
  }

  /** All pairs of these profiles. */
  void forEachPair(int[] sources, int[] destinations, PairConsumer consumer) {
    // Rows: what a source's egress says of each destination; columns the other way.
    int[][] egress = sides(sources, destinations, TrafficDirection.EGRESS);
    int[][] ingress = sides(destinations, sources, TrafficDirection.INGRESS);
    for (int s = 0; s < sources.length; s++) {
      for (int d = 0; d < destinations.length; d++) {
        consumer.accept(s, d, intersection(egress[s][d], ingress[d][s]));
      }
    }
  }

  private int[][] sides(int[] subjects, int[] peers, TrafficDirection direction) {
    Map<Integer, int[]> byPolicy = new HashMap<>();
    int[][] rows = new int[subjects.length][];
    for (int s = 0; s < subjects.length; s++) {
      int policy = byNumber.get(subjects[s]).policy;
      rows[s] =
          byPolicy.computeIfAbsent(
              policy,
              _ -> {
                int[] row = new int[peers.length];
                for (int p = 0; p < peers.length; p++) {
                  row[p] =
                      policy < 0
                          ? number(PortSet.EVERYTHING)
                          : setOf(
                              policies.get(policy).tables(direction), byNumber.get(peers[p]).peer);
                }
                return row;
              });
    }
    return rows;
  }

  PortSet set(int number) {
    return sets.get(number);
  }
}
