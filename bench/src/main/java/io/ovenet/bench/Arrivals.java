package io.ovenet.bench;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** When some hearers heard of pods that came and went. Thread-safe. */
final class Arrivals {
  private final int hearers;
  private final Map<String, Map<String, Long>> known = new HashMap<>();
  private final Map<String, Map<String, Long>> gone = new HashMap<>();

  /**
   * Nobody has heard of any.
   *
   * @param hearers how many there are
   */
  Arrivals(int hearers) {
    this.hearers = hearers;
  }

  /** A line of {@link SimulatedNodes} about a pod; others are passed over. */
  void line(String line) {
    String[] words = line.split(" ", -1);
    if (words.length != 4) {
      return;
    }
    switch (words[0]) {
      case "known" -> known(words[1], words[2], Long.parseLong(words[3]));
      case "gone" -> gone(words[1], words[2], Long.parseLong(words[3]));
      default -> {
        // Not about a pod.
      }
    }
  }

  synchronized void known(String hearer, String address, long nanos) {
    heard(known, hearer, address, nanos);
  }

  synchronized void gone(String hearer, String address, long nanos) {
    heard(gone, hearer, address, nanos);
  }

  private static void heard(
      Map<String, Map<String, Long>> of, String hearer, String address, long nanos) {
    of.computeIfAbsent(address, _ -> new HashMap<>()).putIfAbsent(hearer, nanos);
  }

  /** Whether all know of a pod. */
  synchronized boolean know(String address) {
    return known.getOrDefault(address, Map.of()).size() == hearers;
  }

  /** Whether all have heard of all these. */
  synchronized boolean haveHeard(Map<String, Long> came, Map<String, Long> went) {
    return delays(came, went).size() == (came.size() + went.size()) * hearers;
  }

  /**
   * How long after it was asked for each was heard of, by each hearer.
   *
   * @param came when each that came was asked for, by address
   * @param went when each that went was
   */
  synchronized List<Long> delays(Map<String, Long> came, Map<String, Long> went) {
    List<Long> delays = new ArrayList<>();
    came.forEach((address, asked) -> add(delays, asked, known.get(address)));
    went.forEach((address, asked) -> add(delays, asked, gone.get(address)));
    return delays;
  }

  private static void add(List<Long> delays, long asked, @Nullable Map<String, Long> heard) {
    if (heard != null) {
      heard.values().forEach(nanos -> delays.add(nanos - asked));
    }
  }
}
