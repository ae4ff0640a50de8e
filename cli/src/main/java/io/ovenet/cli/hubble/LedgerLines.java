package io.ovenet.cli.hubble;

import com.google.protobuf.Timestamp;
import io.ovenet.api.ledger.LedgerEntry;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Entries of periods and nodes, added up where they are alike. For one thread. */
public final class LedgerLines {
  private final Map<LedgerEntry, LedgerEntry.Builder> sums = new HashMap<>();

  /** Adds an entry. */
  public void add(LedgerEntry entry) {
    LedgerEntry key =
        entry.toBuilder().clearConnections().clearBytes().clearFirstSeen().clearLastSeen().build();
    LedgerEntry.Builder sum = sums.get(key);
    if (sum == null) {
      sums.put(key, entry.toBuilder());
      return;
    }
    sum.setConnections(sum.getConnections() + entry.getConnections());
    sum.setBytes(sum.getBytes() + entry.getBytes());
    if (compare(entry.getFirstSeen(), sum.getFirstSeen()) < 0) {
      sum.setFirstSeen(entry.getFirstSeen());
    }
    if (compare(entry.getLastSeen(), sum.getLastSeen()) > 0) {
      sum.setLastSeen(entry.getLastSeen());
    }
  }

  private static int compare(Timestamp one, Timestamp other) {
    int seconds = Long.compare(one.getSeconds(), other.getSeconds());
    return seconds != 0 ? seconds : Integer.compare(one.getNanos(), other.getNanos());
  }

  /** Those with the most connections first; a given sum always in the same order. */
  public List<LedgerEntry> lines() {
    return sums.values().stream()
        .map(LedgerEntry.Builder::build)
        .sorted(
            Comparator.comparingLong(LedgerEntry::getConnections)
                .reversed()
                .thenComparing(LedgerEntry::toString))
        .toList();
  }
}
