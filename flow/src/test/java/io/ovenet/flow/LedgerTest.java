package io.ovenet.flow;

import static org.assertj.core.api.Assertions.assertThat;

import io.ovenet.api.flow.TrafficDirection;
import io.ovenet.api.flow.Verdict;
import io.ovenet.api.ledger.LedgerEntry;
import io.ovenet.datapath.FlowEvent;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Random;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Who connected to whom, over restarts, damage and a full disk. */
final class LedgerTest {
  private static final long MINUTE = Duration.ofMinutes(1).toNanos();

  @TempDir Path directory = Path.of("");
  private final AtomicLong now = new AtomicLong(Flows.BOOT);

  private Ledger open() throws IOException {
    return new Ledger(directory, now::get);
  }

  /** A verdict about a connection now. */
  private FlowRecord verdict(io.ovenet.datapath.Verdict verdict, int port) {
    Event event =
        Flows.verdict(verdict)
            .flags(FlowEvent.HAS_L3 | FlowEvent.HAS_PORTS)
            .direction(1)
            .endpoints(1, 2)
            .ports(40000 + port % 100, port)
            .rule(9)
            .time(now.get() - Flows.BOOT);
    return Flows.record(event);
  }

  private List<LedgerEntry> all(Ledger ledger) throws IOException {
    var entries = new ArrayList<LedgerEntry>();
    ledger.read(Long.MIN_VALUE, Long.MAX_VALUE, entries::add);
    return entries;
  }

  private static long connections(List<LedgerEntry> entries) {
    return entries.stream().mapToLong(LedgerEntry::getConnections).sum();
  }

  @Test
  void connectionsThatAreAlikeAreOneEntry() throws IOException {
    try (Ledger ledger = open()) {
      ledger.count(verdict(io.ovenet.datapath.Verdict.ALLOW, 443));
      now.addAndGet(MINUTE);
      ledger.count(verdict(io.ovenet.datapath.Verdict.ALLOW, 443));
      ledger.count(verdict(io.ovenet.datapath.Verdict.DENY, 443));
      ledger.count(Flows.record(Flows.trace())); // no verdict: counted already
      List<LedgerEntry> entries = all(ledger);
      assertThat(entries).hasSize(2);
      LedgerEntry allowed =
          entries.stream()
              .filter(e -> e.getVerdict() == Verdict.FORWARDED)
              .findFirst()
              .orElseThrow();
      assertThat(allowed.getConnections()).isEqualTo(2);
      assertThat(allowed.getSource().getKind()).isEqualTo("Deployment");
      assertThat(allowed.getSource().getName()).isEqualTo("web");
      assertThat(allowed.getSource().getNamespace()).isEqualTo("app-web-prod");
      assertThat(allowed.getDestination().getName()).isEqualTo("database-vm");
      assertThat(allowed.getPort()).isEqualTo(443);
      assertThat(allowed.getDirection()).isEqualTo(TrafficDirection.INGRESS);
      assertThat(allowed.getRulesList())
          .containsExactly(
              "CiliumNetworkPolicy app-web-prod/vm-web-policy spec.ingress[0].toPorts[0]");
      assertThat(Ledger.nanos(allowed.getLastSeen()) - Ledger.nanos(allowed.getFirstSeen()))
          .isEqualTo(MINUTE);
    }
  }

  @Test
  void itGoesOnAfterARestart() throws IOException {
    try (Ledger ledger = open()) {
      ledger.count(verdict(io.ovenet.datapath.Verdict.ALLOW, 443));
    }
    try (Ledger ledger = open()) {
      ledger.count(verdict(io.ovenet.datapath.Verdict.ALLOW, 443));
      assertThat(all(ledger)).hasSize(1);
      now.addAndGet(20 * MINUTE);
      ledger.count(verdict(io.ovenet.datapath.Verdict.ALLOW, 443));
      assertThat(all(ledger)).as("a period each").hasSize(2);
    }
    try (Ledger ledger = open()) {
      assertThat(connections(all(ledger))).isEqualTo(3);
      var late = new ArrayList<LedgerEntry>();
      Ledger.Account account = ledger.read(now.get() - MINUTE, now.get() + MINUTE, late::add);
      assertThat(connections(late)).isEqualTo(1);
      assertThat(account.since()).isLessThanOrEqualTo(Flows.BOOT);
      assertThat(account.damagedFiles()).isZero();
    }
  }

  @Test
  void aKilledAgentForgetsWhatWasNotWritten() throws IOException {
    Ledger killed = open();
    killed.count(verdict(io.ovenet.datapath.Verdict.ALLOW, 443));
    killed.write();
    killed.count(verdict(io.ovenet.datapath.Verdict.ALLOW, 443));
    try (Ledger ledger = open()) {
      assertThat(connections(all(ledger))).isEqualTo(1);
    }
  }

  @Test
  void aFileThatWasCutOrDamagedGivesWhatComesBefore() throws IOException {
    long seed = Long.getLong("ovenet.seed", System.nanoTime());
    var random = new Random(seed);
    try (Ledger ledger = open()) {
      for (int port = 1; port <= 500; port++) {
        ledger.count(verdict(io.ovenet.datapath.Verdict.ALLOW, port));
      }
    }
    Path file;
    try (var files = Files.list(directory)) {
      file = files.findFirst().orElseThrow();
    }
    byte[] whole = Files.readAllBytes(file);
    now.addAndGet(20 * MINUTE);
    for (int i = 0; i < 200; i++) {
      byte[] bytes = Arrays.copyOf(whole, random.nextInt(whole.length));
      if (random.nextBoolean()) {
        bytes = whole.clone();
        bytes[random.nextInt(bytes.length)] ^= (byte) (1 << random.nextInt(8));
      }
      Files.write(file, bytes);
      try (Ledger ledger = open()) {
        var entries = new ArrayList<LedgerEntry>();
        Ledger.Account account = ledger.read(Long.MIN_VALUE, Long.MAX_VALUE, entries::add);
        assertThat(entries).as("seed %d, turn %d", seed, i).hasSizeLessThanOrEqualTo(500);
        assertThat(entries).allSatisfy(e -> assertThat(e.getConnections()).isEqualTo(1));
        if (entries.size() < 500) {
          assertThat(account.damagedFiles()).as("seed %d, turn %d", seed, i).isEqualTo(1);
        }
      }
    }
    Files.write(file, Arrays.copyOf(whole, whole.length / 2));
    try (Ledger ledger = open()) {
      assertThat(all(ledger)).as("half a file").hasSizeBetween(100, 499);
    }
  }

  @Test
  void whatIsBeyondTheLimitIsCountedAsSuch() throws IOException {
    try (Ledger ledger = open()) {
      for (int port = 1; port <= Ledger.ENTRIES + 50; port++) {
        ledger.count(verdict(io.ovenet.datapath.Verdict.ALLOW, port));
      }
      var account = ledger.read(Long.MIN_VALUE, Long.MAX_VALUE, _ -> true);
      assertThat(account.uncounted()).isEqualTo(50);
      assertThat(all(ledger)).hasSize(Ledger.ENTRIES);
    }
    try (var files = Files.list(directory)) {
      assertThat(Files.size(files.findFirst().orElseThrow()))
          .as("a full period, of which 96 have their place in 32 MiB")
          .isLessThan(Ledger.BYTES / 96);
    }
  }

  @Test
  void auditHasRoomThatNothingElseTakes() throws IOException {
    try (Ledger ledger = open()) {
      for (int port = 1; port <= Ledger.ENTRIES + 50; port++) {
        ledger.count(verdict(io.ovenet.datapath.Verdict.ALLOW, port));
      }
      for (int port = 1; port <= Ledger.AUDITED + 7; port++) {
        ledger.count(verdict(io.ovenet.datapath.Verdict.AUDIT, port));
      }
      assertThat(all(ledger).stream().filter(LedgerTest::isAudit)).hasSize(Ledger.AUDITED);
      assertThat(ledger.read(Long.MIN_VALUE, Long.MAX_VALUE, _ -> true).uncounted()).isEqualTo(57);
    }
    try (Ledger ledger = open()) {
      ledger.count(verdict(io.ovenet.datapath.Verdict.AUDIT, Ledger.AUDITED + 1));
      assertThat(all(ledger)).as("a restart makes no room").hasSize(12_000);
    }
  }

  private static boolean isAudit(LedgerEntry entry) {
    return entry.getVerdict() == Verdict.AUDIT;
  }

  @Test
  void whatAuditLetPassIsForgottenAndNothingElse() throws IOException {
    try (Ledger ledger = open()) {
      assertThat(ledger.forgetAudited()).isZero();
      ledger.count(verdict(io.ovenet.datapath.Verdict.AUDIT, 80));
      now.addAndGet(20 * MINUTE);
      ledger.count(verdict(io.ovenet.datapath.Verdict.ALLOW, 443));
      ledger.count(verdict(io.ovenet.datapath.Verdict.AUDIT, 443));
      now.addAndGet(20 * MINUTE);
      ledger.count(verdict(io.ovenet.datapath.Verdict.DENY, 22));
      ledger.count(verdict(io.ovenet.datapath.Verdict.AUDIT, 22));
      ledger.count(verdict(io.ovenet.datapath.Verdict.AUDIT, 23));
      assertThat(ledger.forgetAudited()).isEqualTo(4);
      assertThat(all(ledger)).hasSize(2).noneMatch(LedgerTest::isAudit);
      ledger.count(verdict(io.ovenet.datapath.Verdict.AUDIT, 24));
      assertThat(all(ledger)).hasSize(3);
    }
    try (Ledger ledger = open()) {
      assertThat(all(ledger)).as("on disk, too").hasSize(3);
      assertThat(ledger.forgetAudited()).isEqualTo(1);
    }
    try (var files = Files.list(directory)) {
      assertThat(files).as("of the period that had nothing else no file is left").hasSize(2);
    }
  }

  @Test
  void whatAuditLetsPassIsOnDiskSoon() throws Exception {
    Ledger killed = open();
    killed.start();
    killed.count(verdict(io.ovenet.datapath.Verdict.AUDIT, 80));
    long began = System.nanoTime();
    var written = new ArrayList<LedgerEntry>();
    while (written.isEmpty()) {
      assertThat(System.nanoTime() - began).isLessThan(MINUTE);
      Thread.sleep(20);
      try (Ledger other = open()) {
        written.addAll(all(other));
      }
    }
    assertThat(written).allMatch(LedgerTest::isAudit);
    killed.close();
  }

  @Test
  void theOldestGoesBeforeItIsTooMuch() throws IOException {
    try (Ledger ledger = new Ledger(directory, now::get, 4_000)) {
      for (int period = 0; period < 40; period++) {
        for (int port = 1; port <= 20; port++) {
          ledger.count(verdict(io.ovenet.datapath.Verdict.ALLOW, port));
        }
        now.addAndGet(15 * MINUTE);
      }
    }
    long size = 0;
    try (var files = Files.list(directory)) {
      for (Path file : files.toList()) {
        size += Files.size(file);
      }
    }
    assertThat(size).isLessThan(6_000);
  }

  @Test
  void aDayIsKeptAndNoMore() throws IOException {
    try (Ledger ledger = open()) {
      for (int hour = 0; hour < 30; hour++) {
        ledger.count(verdict(io.ovenet.datapath.Verdict.ALLOW, 443));
        now.addAndGet(60 * MINUTE);
      }
      ledger.count(verdict(io.ovenet.datapath.Verdict.ALLOW, 443));
      assertThat(connections(all(ledger))).isBetween(24L, 26L);
    }
  }

  @Test
  void aDiskThatTakesNothingHurtsNobody() throws IOException {
    Ledger ledger = open();
    ledger.count(verdict(io.ovenet.datapath.Verdict.ALLOW, 443));
    Files.delete(directory);
    ledger.write();
    assertThat(connections(allInNewDirectory(ledger))).isEqualTo(1);
    Files.createDirectories(directory);
    ledger.write();
    ledger.close();
    try (Ledger again = open()) {
      assertThat(connections(all(again))).isEqualTo(1);
    }
    try (var files = Files.walk(directory)) {
      files.sorted(Comparator.reverseOrder()).forEach(LedgerTest::delete);
    }
    Ledger lost = new Ledger(directory, now::get);
    lost.count(verdict(io.ovenet.datapath.Verdict.ALLOW, 443));
    delete(directory);
    now.addAndGet(20 * MINUTE);
    lost.write();
    Files.createDirectories(directory);
    assertThat(lost.read(Long.MIN_VALUE, Long.MAX_VALUE, _ -> true).uncounted()).isEqualTo(1);
  }

  private List<LedgerEntry> allInNewDirectory(Ledger ledger) throws IOException {
    Files.createDirectories(directory);
    try {
      return all(ledger);
    } finally {
      Files.delete(directory);
    }
  }

  private static void delete(Path path) {
    try {
      Files.delete(path);
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }
}
