package io.ovenet.flow;

import static org.assertj.core.api.Assertions.assertThat;

import io.ovenet.api.flow.TrafficDirection;
import io.ovenet.api.flow.Verdict;
import io.ovenet.api.ledger.LedgerEntry;
import io.ovenet.datapath.ConnectionView;
import io.ovenet.datapath.ConntrackEntry;
import io.ovenet.datapath.ConntrackKey;
import io.ovenet.datapath.EndpointRef;
import io.ovenet.metrics.MetricsText;
import java.lang.foreign.MemorySegment;
import java.net.InetAddress;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Bytes from the kernel's connections to pods' metrics and the ledger, each counted once. */
final class ConnectionReaderTest {
  private static final long SECOND = 1_000_000_000L;

  @TempDir Path directory = Path.of("");
  private final AtomicLong monotonic = new AtomicLong(100 * SECOND);
  private final Map<ConntrackKey, ConntrackEntry> table = new HashMap<>();
  private final PodTraffic traffic = new PodTraffic();

  private static InetAddress ip(int last) {
    try {
      return InetAddress.getByAddress(new byte[] {10, 0, 0, (byte) last});
    } catch (java.net.UnknownHostException e) {
      throw new AssertionError(e);
    }
  }

  /** From the pod web, 10.0.0.1, to the virtual machine's 10.0.0.2; or, remote, from outside. */
  private void connection(
      int port, boolean remote, io.ovenet.datapath.Verdict verdict, long began, long... counts) {
    table.put(
        new ConntrackKey(ip(1), ip(2), port, 80, 6, 0, 0),
        new ConntrackEntry(
            7,
            verdict.number(),
            began + 60 * SECOND,
            began,
            remote ? 2 : 1001,
            1002,
            new EndpointRef(remote ? 0 : 1, 1),
            new EndpointRef(2, 1),
            0,
            9,
            0,
            0,
            0,
            0,
            1,
            0,
            0,
            counts[0],
            counts[1],
            counts[2],
            counts[3],
            ip(0),
            0,
            0));
  }

  private void show(Consumer<ConnectionView> each) {
    var view = new ConnectionView();
    table.forEach(
        (key, entry) -> {
          byte[] keyBytes = new byte[ConntrackKey.CODEC.size()];
          byte[] entryBytes = new byte[ConntrackEntry.CODEC.size()];
          ConntrackKey.CODEC.write(key, MemorySegment.ofArray(keyBytes), 0);
          ConntrackEntry.CODEC.write(entry, MemorySegment.ofArray(entryBytes), 0);
          each.accept(view.at(MemorySegment.ofArray(keyBytes), MemorySegment.ofArray(entryBytes)));
        });
  }

  private ConnectionReader reader(Ledger ledger) {
    return new ConnectionReader(
        this::show, () -> Flows.NAMES, Flows.decoder(Flows.NAMES), traffic, ledger, monotonic::get);
  }

  private List<String> metrics() {
    var text = new MetricsText(false);
    traffic.write(text);
    return text.finish().lines().filter(line -> !line.startsWith("#")).sorted().toList();
  }

  @Test
  void podsVirtualMachinesAndTheLedgerGetWhatWasCarried() throws Exception {
    connection(5000, false, io.ovenet.datapath.Verdict.ALLOW, 50 * SECOND, 100, 100, 9000, 9000);
    try (var ledger = new Ledger(directory, () -> Flows.BOOT)) {
      var reader = reader(ledger);
      reader.look();
      assertThat(metrics())
          .as("before this reader")
          .containsExactly("ovenet_pod_packets_cut_total 0");
      connection(5000, false, io.ovenet.datapath.Verdict.ALLOW, 50 * SECOND, 103, 102, 9300, 29000);
      connection(6000, true, io.ovenet.datapath.Verdict.AUDIT, 101 * SECOND, 1, 0, 60, 0);
      monotonic.addAndGet(5 * SECOND);
      reader.look();
      reader.look();
      FlowRecord drop = Flows.record(Flows.drop().direction(TrafficDirection.INGRESS_VALUE));
      traffic.dropped(drop, 74, monotonic.get());
      String web = "{namespace=\"app-web-prod\",pod=\"web-7d9f-abcde\",direction=";
      String vm = "{namespace=\"app-database-prod\",vm=\"database-vm\",direction=";
      assertThat(metrics())
          .contains(
              "ovenet_pod_bytes_total" + web + "\"egress\",verdict=\"forwarded\"} 300",
              "ovenet_pod_bytes_total" + web + "\"ingress\",verdict=\"forwarded\"} 20000",
              "ovenet_pod_packets_total" + web + "\"egress\",verdict=\"forwarded\"} 3",
              "ovenet_vm_bytes_total" + vm + "\"ingress\",verdict=\"forwarded\"} 300",
              "ovenet_vm_bytes_total" + vm + "\"egress\",verdict=\"forwarded\"} 20000",
              "ovenet_vm_packets_total" + vm + "\"egress\",verdict=\"forwarded\"} 2",
              "ovenet_vm_bytes_total" + vm + "\"ingress\",verdict=\"audit\"} 60",
              "ovenet_vm_bytes_total" + vm + "\"ingress\",verdict=\"dropped\"} 74",
              "ovenet_vm_packets_total" + vm + "\"ingress\",verdict=\"dropped\"} 1");
      var entries = new ArrayList<LedgerEntry>();
      ledger.read(Long.MIN_VALUE, Long.MAX_VALUE, entries::add);
      assertThat(entries)
          .extracting(LedgerEntry::getDirection, LedgerEntry::getVerdict, LedgerEntry::getBytes)
          .containsExactlyInAnyOrder(
              org.assertj.core.groups.Tuple.tuple(
                  TrafficDirection.EGRESS, Verdict.FORWARDED, 20_300L),
              org.assertj.core.groups.Tuple.tuple(
                  TrafficDirection.INGRESS, Verdict.FORWARDED, 20_300L));
    }
    try (var again = new Ledger(directory, () -> Flows.BOOT)) {
      var entries = new ArrayList<LedgerEntry>();
      again.read(Long.MIN_VALUE, Long.MAX_VALUE, entries::add);
      assertThat(entries.stream().mapToLong(LedgerEntry::getBytes).sum()).isEqualTo(40_600);
    }
  }

  /** The entry of a connection is the one that its verdict made. */
  @Test
  void bytesAreAddedToTheConnectionsOwnEntry() throws Exception {
    try (var ledger = new Ledger(directory, () -> Flows.BOOT)) {
      ledger.count(
          Flows.record(
              Flows.verdict(io.ovenet.datapath.Verdict.ALLOW)
                  .direction(TrafficDirection.INGRESS_VALUE)
                  .ports(5000, 80)
                  .rule(9)
                  .time(0)));
      connection(5000, false, io.ovenet.datapath.Verdict.ALLOW, 101 * SECOND, 1, 1, 70, 80);
      reader(ledger).look();
      var entries = new ArrayList<LedgerEntry>();
      ledger.read(Long.MIN_VALUE, Long.MAX_VALUE, entries::add);
      assertThat(entries)
          .filteredOn(entry -> entry.getDirection() == TrafficDirection.INGRESS)
          .singleElement()
          .satisfies(
              entry -> {
                assertThat(entry.getConnections()).isOne();
                assertThat(entry.getBytes()).isEqualTo(150);
              });
    }
  }

  /** Connections that come, count on, and go, held against a plain map. */
  @Test
  void countsAsAPlainMapDoes() {
    long seed = new Random().nextLong();
    var random = new Random(seed);
    var counts = new ConnectionCounts();
    var last = new HashMap<Long, long[]>();
    for (int look = 0; look < 300; look++) {
      counts.begin();
      for (int i = 0; i < random.nextInt(200); i++) {
        last.put(random.nextLong(), new long[4]);
      }
      last.keySet().removeIf(_ -> random.nextInt(20) == 0);
      last.forEach(
          (key, value) -> {
            long packets = random.nextInt(3) == 0 ? random.nextLong(1L << 31) : 0;
            long bytes = packets * random.nextInt(1500);
            boolean first = value[3] == 0;
            value[0] += packets;
            value[1] += bytes;
            value[3] = 1;
            counts.update(key, false, value[0], 2, value[1], 3);
            assertThat(counts.packetsOnwards()).as("seed %d", seed).isEqualTo(packets);
            assertThat(counts.bytesOnwards()).as("seed %d", seed).isEqualTo(bytes);
            assertThat(counts.bytesBack()).as("seed %d", seed).isEqualTo(first ? 3 : 0);
            assertThat(counts.packetsBack()).as("seed %d", seed).isEqualTo(first ? 2 : 0);
          });
      assertThat(counts.size()).as("seed %d", seed).isLessThan(4 * last.size() + 2000);
    }
  }

  @Test
  void seriesAreBoundedAndOldOnesGo() {
    for (int i = 0; i < PodTraffic.SERIES + 5; i++) {
      var pod = FlowEndpoint.pod(1, 1, "default", "n", "pod-" + i, FlowLabels.NONE, List.of());
      traffic.add(pod, true, PodTraffic.FORWARDED, 2, 100, i);
    }
    assertThat(metrics()).hasSize(2 * PodTraffic.SERIES + 1);
    assertThat(metrics()).contains("ovenet_pod_packets_cut_total 10");
    traffic.prune(3600 * SECOND + 3);
    assertThat(metrics()).hasSize(2 * (PodTraffic.SERIES - 3) + 1);
  }
}
