package io.ovenet.flow;

import com.google.protobuf.Timestamp;
import io.ovenet.api.flow.Verdict;
import io.ovenet.api.ledger.LedgerEntry;
import io.ovenet.datapath.EventKind;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.TreeMap;
import java.util.function.LongSupplier;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Who connected to whom within the last 24 hours, by which rule: one entry for all connections that
 * are alike, in periods of a quarter of an hour, each a file. In memory is the running period
 * alone; it is written every half a minute, so that a killed agent forgets no more than that. What
 * audit let pass for the first time is written within seconds.
 *
 * <p>Bounded: what is beyond {@link #ENTRIES} different entries of a period, and {@link #AUDITED}
 * of audit, which nothing else crowds out, is counted as such, and the oldest files go before all
 * of them have {@link #BYTES}. Where the disk takes nothing, the running period stays in memory and
 * is tried again, until its end: then it is counted, too.
 *
 * <p>Safe for any thread.
 */
public final class Ledger implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(Ledger.class);

  /** What the files have together at most. */
  public static final long BYTES = 32L << 20;

  static final int ENTRIES = 10_000;
  static final int AUDITED = 2_000;
  static final long PERIOD_NANOS = Duration.ofMinutes(15).toNanos();
  private static final long KEPT_NANOS = Duration.ofHours(24).toNanos();
  private static final Duration WRITE_EVERY = Duration.ofSeconds(30);
  private static final Duration WRITE_SOON = Duration.ofSeconds(2);
  private static final String PREFIX = "ledger-";
  private static final long NANOS_PER_SECOND = 1_000_000_000L;

  /** What is counted of an entry; times are nanoseconds since 1970. */
  private static final class Count {
    private long connections;
    private long bytes;
    private long first = Long.MAX_VALUE;
    private long last;

    void add(long more, long from, long to) {
      connections += more;
      first = Math.min(first, from);
      last = Math.max(last, to);
    }
  }

  private final Path directory;
  private final LongSupplier now;
  private final long bytes;
  private final Map<LedgerKey, Count> running = new HashMap<>();
  private long period;
  private boolean changed;

  /** Of what runs, entries of audit, and whether some are not on disk. */
  private int audited;

  private boolean unwrittenAudit;
  private long uncounted;
  private boolean failing;
  private boolean closed;
  private @Nullable Thread thread;

  /**
   * Goes on with what is there.
   *
   * @param directory made if it is not there
   * @param now nanoseconds since 1970
   * @throws IOException naming what cannot be made or read
   */
  public Ledger(Path directory, LongSupplier now) throws IOException {
    this(directory, now, BYTES);
  }

  Ledger(Path directory, LongSupplier now, long bytes) throws IOException {
    this.directory = directory;
    this.now = now;
    this.bytes = bytes;
    Files.createDirectories(directory);
    period = periodOf(now.getAsLong());
    try {
      boolean whole = LedgerFile.read(file(period), this::resume);
      if (!whole) {
        LOG.warn("the ledger's file {} is damaged: its end is missing", file(period));
      }
    } catch (NoSuchFileException _) {
      // Nothing yet of this period.
    }
    prune();
  }

  private boolean resume(LedgerEntry entry) {
    Count count =
        running.computeIfAbsent(
            LedgerKey.of(entry),
            key -> {
              audited += key.isAudit() ? 1 : 0;
              return new Count();
            });
    count.add(entry.getConnections(), nanos(entry.getFirstSeen()), nanos(entry.getLastSeen()));
    count.bytes += entry.getBytes();
    return true;
  }

  /** Begins to write on a thread of its own. */
  public synchronized void start() {
    thread = Thread.ofVirtual().name("ledger").start(this::run);
  }

  private void run() {
    try {
      while (true) {
        awaitNews();
        write();
      }
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
    }
  }

  private synchronized void awaitNews() throws InterruptedException {
    long began = System.nanoTime();
    while (true) {
      var after = unwrittenAudit ? WRITE_SOON : WRITE_EVERY;
      long left = after.toMillis() - (System.nanoTime() - began) / 1_000_000;
      if (left <= 0) {
        return;
      }
      wait(left);
    }
  }

  private static long periodOf(long time) {
    return Math.floorDiv(time, PERIOD_NANOS) * PERIOD_NANOS;
  }

  private Path file(long of) {
    return directory.resolve(PREFIX + of / NANOS_PER_SECOND);
  }

  /**
   * Counts a connection, if that is what a flow tells of: each side's verdict about its first
   * packet.
   */
  void count(FlowRecord flow) {
    if (!flow.isKind(EventKind.POLICY_VERDICT)) {
      return;
    }
    var key = LedgerKey.of(flow);
    synchronized (this) {
      if (flow.time() >= period + PERIOD_NANOS) {
        turn(periodOf(flow.time()));
      }
      Count count = running.get(key);
      if (count == null) {
        if (key.isAudit() ? audited >= AUDITED : running.size() - audited >= ENTRIES) {
          uncounted++;
          return;
        }
        if (key.isAudit()) {
          audited++;
          unwrittenAudit = true;
          notifyAll();
        }
        count = new Count();
        running.put(key, count);
      }
      count.add(1, flow.time(), flow.time());
      changed = true;
    }
  }

  /**
   * Counts what a connection carried. One that began in an earlier period has an entry without
   * connections in this one.
   *
   * @param key with the verdict of both sides together; a side that allowed is the one that is
   *     meant
   */
  synchronized void carried(LedgerKey key, long bytes) {
    long time = now.getAsLong();
    if (time >= period + PERIOD_NANOS) {
      turn(periodOf(time));
    }
    Count count = running.get(key);
    if (count == null && key.isAudit()) {
      count = running.get(key.with(Verdict.FORWARDED_VALUE));
      if (count == null) {
        return; // which side was audited isn't known, and nobody is to be blamed for the other's
      }
    }
    if (count == null) {
      if (running.size() - audited >= ENTRIES) {
        return; // its connections are among the uncounted
      }
      count = new Count();
      running.put(key, count);
    }
    count.bytes += bytes;
    count.add(0, time, time);
    changed = true;
  }

  private void turn(long to) {
    if (!writeRunning()) {
      running.values().forEach(count -> uncounted += count.connections);
    }
    running.clear();
    audited = 0;
    unwrittenAudit = false;
    period = to;
    changed = false;
    prune();
  }

  /** Writes what is new. */
  synchronized void write() {
    long current = periodOf(now.getAsLong());
    if (current > period) {
      turn(current);
    } else if (changed) {
      writeRunning();
    }
  }

  private boolean writeRunning() {
    if (running.isEmpty()) {
      return true;
    }
    try {
      LedgerFile.write(file(period), entries());
      changed = false;
      unwrittenAudit = false;
      failing = false;
      return true;
    } catch (IOException e) {
      if (!failing) {
        LOG.error(
            "the ledger cannot be written to {} ({}): it is kept in memory until the end of its"
                + " quarter of an hour; make room there",
            directory,
            e.toString());
      }
      failing = true;
      return false;
    }
  }

  /**
   * Forgets what audit let pass, of all periods.
   *
   * @return how many entries
   * @throws IOException naming the file that could not be written anew; what is in it stays
   */
  public synchronized int forgetAudited() throws IOException {
    int forgotten = 0;
    for (Path file : files().headMap(period).values()) {
      var kept = new ArrayList<LedgerEntry>();
      int[] dropped = {0};
      LedgerFile.read(
          file,
          entry -> {
            if (LedgerKey.of(entry).isAudit()) {
              dropped[0]++;
            } else {
              kept.add(entry);
            }
            return true;
          });
      if (dropped[0] > 0) {
        replace(file, kept);
        forgotten += dropped[0];
      }
    }
    if (audited > 0) {
      int before = running.size();
      running.keySet().removeIf(LedgerKey::isAudit);
      forgotten += before - running.size();
      audited = 0;
      replace(file(period), entries());
      changed = false;
      unwrittenAudit = false;
    }
    return forgotten;
  }

  private static void replace(Path file, List<LedgerEntry> entries) throws IOException {
    if (entries.isEmpty()) {
      Files.deleteIfExists(file);
    } else {
      LedgerFile.write(file, entries);
    }
  }

  private List<LedgerEntry> entries() {
    var entries = new ArrayList<LedgerEntry>(running.size());
    running.forEach(
        (key, count) ->
            entries.add(
                key.entry()
                    .setConnections(count.connections)
                    .setBytes(count.bytes)
                    .setFirstSeen(timestamp(count.first))
                    .setLastSeen(timestamp(count.last))
                    .build()));
    return entries;
  }

  /** What is too old goes, and the oldest of what is too much. */
  private void prune() {
    try {
      var files = files();
      long total = 0;
      for (var each : files.descendingMap().entrySet()) {
        total += Files.size(each.getValue());
        if (each.getKey() + PERIOD_NANOS < now.getAsLong() - KEPT_NANOS || total > bytes) {
          Files.deleteIfExists(each.getValue());
        }
      }
    } catch (IOException e) {
      LOG.warn("old files of the ledger in {} stay: {}", directory, e.toString());
    }
  }

  private NavigableMap<Long, Path> files() throws IOException {
    var files = new TreeMap<Long, Path>();
    try (var all = Files.newDirectoryStream(directory, PREFIX + "*")) {
      for (Path file : all) {
        String number = String.valueOf(file.getFileName()).substring(PREFIX.length());
        if (number.matches("[0-9]{1,12}")) {
          files.put(Long.parseLong(number) * NANOS_PER_SECOND, file);
        }
      }
    }
    return files;
  }

  /**
   * What is missing from what was read.
   *
   * @param since nanoseconds since 1970 of the beginning; {@link Long#MAX_VALUE}: there is nothing
   * @param uncounted connections since this agent began that are in no entry
   */
  record Account(long since, long uncounted, int damagedFiles) {}

  /**
   * Reads entries of periods that touch a time, oldest first, until `each` says false.
   *
   * @param since nanoseconds since 1970
   * @param until likewise
   */
  Account read(long since, long until, Predicate<LedgerEntry> each) throws IOException {
    List<LedgerEntry> last;
    long from;
    long missing;
    synchronized (this) {
      last = running.isEmpty() ? List.of() : entries();
      from = period;
      missing = uncounted;
    }
    long oldest = last.isEmpty() ? Long.MAX_VALUE : from;
    int damaged = 0;
    boolean[] more = {true};
    Predicate<LedgerEntry> within =
        entry ->
            nanos(entry.getLastSeen()) < since
                || nanos(entry.getFirstSeen()) > until
                || (more[0] = each.test(entry));
    for (var file : files().headMap(from).entrySet()) {
      oldest = Math.min(oldest, file.getKey());
      if (file.getKey() + PERIOD_NANOS < since || file.getKey() > until || !more[0]) {
        continue;
      }
      try {
        damaged += LedgerFile.read(file.getValue(), within) ? 0 : 1;
      } catch (NoSuchFileException _) {
        // Too old by now.
      }
    }
    for (int i = 0; i < last.size() && more[0]; i++) {
      var _ = within.test(last.get(i));
    }
    return new Account(oldest, missing, damaged);
  }

  static long nanos(Timestamp time) {
    return time.getSeconds() * NANOS_PER_SECOND + time.getNanos();
  }

  static Timestamp timestamp(long nanos) {
    return Timestamp.newBuilder()
        .setSeconds(Math.floorDiv(nanos, NANOS_PER_SECOND))
        .setNanos((int) Math.floorMod(nanos, NANOS_PER_SECOND))
        .build();
  }

  /** Writes what there is. */
  @Override
  public void close() {
    Thread writing;
    synchronized (this) {
      if (closed) {
        return;
      }
      closed = true;
      writing = thread;
    }
    if (writing != null) {
      writing.interrupt();
    }
    write();
  }
}
