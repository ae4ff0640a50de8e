package io.ovenet.flow;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * What addresses were called when a client asked for them: learnt from answers to questions that
 * were seen, each client's own, so that nobody names an address for another. Only shown, never
 * decided by. What is oldest gives way.
 *
 * <p>Safe for any thread. Times are nanoseconds of CLOCK_MONOTONIC.
 */
final class DnsNames {
  static final int NAMES = 16_384;
  static final int QUESTIONS = 4_096;

  /** Connections outlive the answer that they were made by. */
  private static final long LEAST_NANOS = TimeUnit.MINUTES.toNanos(10);

  private static final long PATIENCE_NANOS = TimeUnit.SECONDS.toNanos(30);

  /** An address as a client knows it. */
  private record Known(long clientHigh, long clientLow, long high, long low) {
    // Written out: generated ones are many times slower in what the agent's compiler makes.
    @Override
    public boolean equals(@Nullable Object other) {
      return other instanceof Known that
          && low == that.low
          && clientLow == that.clientLow
          && high == that.high
          && clientHigh == that.clientHigh;
    }

    @Override
    public int hashCode() {
      long mixed = (clientLow * 31 + low) * 0x9e3779b97f4a7c15L + clientHigh * 31 + high;
      return Long.hashCode(mixed);
    }
  }

  private record Named(List<String> names, long until) {}

  /** Who asked: what an answer has to fit. The server may stand behind a service's address. */
  private record Question(long clientHigh, long clientLow, int clientPort, int id) {}

  private record Asked(String query, long time) {}

  private final Map<Known, Named> named = oldestFirst(NAMES);
  private final Map<Question, Asked> asked = oldestFirst(QUESTIONS);

  private static <K, V> Map<K, V> oldestFirst(int limit) {
    return new LinkedHashMap<>() {
      @Override
      protected boolean removeEldestEntry(Map.Entry<K, V> eldest) {
        return size() > limit;
      }
    };
  }

  /** Remembers that a question was asked. */
  synchronized void asked(
      long clientHigh, long clientLow, int clientPort, Dns question, long time) {
    asked.put(
        new Question(clientHigh, clientLow, clientPort, question.id()),
        new Asked(question.query(), time));
  }

  /**
   * Learns from an answer.
   *
   * @return nanoseconds since its question, or -1: nobody asked
   */
  synchronized long answered(
      long clientHigh, long clientLow, int clientPort, Dns answer, long time) {
    Asked question = asked.remove(new Question(clientHigh, clientLow, clientPort, answer.id()));
    if (question == null
        || !question.query.equals(answer.query())
        || time - question.time > PATIENCE_NANOS) {
      return -1;
    }
    long until = time + Math.max(TimeUnit.SECONDS.toNanos(answer.ttl()), LEAST_NANOS);
    String name = answer.query().substring(0, answer.query().length() - 1);
    for (Dns.Address ip : answer.ips()) {
      var known = new Known(clientHigh, clientLow, ip.high(), ip.low());
      Named before = named.remove(known);
      named.put(known, new Named(with(before, name, time), until));
    }
    return Math.max(0, time - question.time);
  }

  /** The latest two: an address that serves many names is any of them. */
  private static List<String> with(@Nullable Named before, String name, long time) {
    if (before == null || time > before.until || before.names.get(0).equals(name)) {
      return List.of(name);
    }
    return List.of(name, before.names.get(0));
  }

  /** What the client calls an address; empty where it never asked. */
  synchronized List<String> names(long clientHigh, long clientLow, long high, long low, long time) {
    if (named.isEmpty()) {
      return List.of();
    }
    Named found = named.get(new Known(clientHigh, clientLow, high, low));
    return found == null || time > found.until ? List.of() : found.names;
  }
}
