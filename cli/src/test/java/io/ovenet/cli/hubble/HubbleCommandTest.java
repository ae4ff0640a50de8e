package io.ovenet.cli.hubble;

import static org.assertj.core.api.Assertions.assertThat;

import io.grpc.stub.StreamObserver;
import io.ovenet.api.flow.TrafficDirection;
import io.ovenet.api.flow.Workload;
import io.ovenet.api.ledger.GetLedgerRequest;
import io.ovenet.api.ledger.GetLedgerResponse;
import io.ovenet.api.ledger.LedgerEntry;
import io.ovenet.api.ledger.LedgerGrpc;
import io.ovenet.api.ledger.Party;
import io.ovenet.datapath.FlowEvent;
import io.ovenet.flow.FlowDecoder;
import io.ovenet.flow.FlowEndpoint;
import io.ovenet.flow.FlowLabels;
import io.ovenet.flow.FlowRing;
import io.ovenet.flow.FlowStatistics;
import io.ovenet.flow.FlowUuids;
import io.ovenet.flow.HubbleServer;
import io.ovenet.flow.MonotonicClock;
import io.ovenet.flow.NameTable;
import io.ovenet.flow.ObserverService;
import io.ovenet.flow.PolicyRef;
import io.ovenet.flow.RuleOrigin;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

/** From the kernel's bytes through a real server to what people read. */
@Timeout(60)
final class HubbleCommandTest {
  private static final int INGRESS = 1;

  @TempDir Path directory = Path.of("");
  private final FlowRing ring = new FlowRing(63);
  private HubbleServer server;

  private static FlowEndpoint pod(int id, String namespace, String name, String workload) {
    return FlowEndpoint.pod(
        id,
        1000 + id,
        "default",
        namespace,
        name,
        FlowLabels.of("k8s:app=" + workload),
        List.of(Workload.newBuilder().setName(workload).setKind("VirtualMachineInstance").build()));
  }

  @BeforeEach
  void start() throws Exception {
    var names =
        new NameTable(
            "default",
            "node1",
            Map.of(
                1, pod(1, "app-web-prod", "gateway", "gateway"),
                2, pod(2, "app-database-prod", "virt-launcher-database-vm-x7k2p", "database-vm"),
                3,
                    pod(
                        3,
                        "app-database-prod",
                        "virt-launcher-database-vm-2-bcdfg",
                        "database-vm-2")),
            Map.of(),
            Map.of(),
            Map.of(),
            Map.of(
                9,
                RuleOrigin.of(
                    List.of(
                        new PolicyRef(
                            "CiliumNetworkPolicy",
                            "app-web-prod",
                            "vm-web-policy",
                            "spec.ingress[0]",
                            1,
                            List.of())))),
            Map.of());
    var clock = new MonotonicClock();
    var decoder = new FlowDecoder(() -> names, clock);
    for (byte[] event :
        List.of(event(5, 1, 2, 5432), event(4, 101, 2, 5432), event(1, 133, 3, 22))) {
      ring.write(
          Objects.requireNonNull(
              decoder.decode(new FlowEvent().at(MemorySegment.ofArray(event), 0), ring.next())));
    }
    server =
        HubbleServer.start(
            List.of(
                new ObserverService(
                    ring,
                    new FlowStatistics(clock.nowNanos()),
                    new FlowUuids(),
                    "default/node1",
                    "ovenet v0.1.0",
                    () -> System.currentTimeMillis() * 1_000_000),
                new LedgerOfOne()),
            "0.1.0",
            directory.resolve("hubble.sock"),
            null,
            null);
  }

  /** A ledger with what one connection carried, told by both sides. */
  private static final class LedgerOfOne extends LedgerGrpc.LedgerImplBase {
    @Override
    public void getLedger(GetLedgerRequest request, StreamObserver<GetLedgerResponse> to) {
      for (TrafficDirection side : List.of(TrafficDirection.EGRESS, TrafficDirection.INGRESS)) {
        to.onNext(
            GetLedgerResponse.newBuilder()
                .setEntry(
                    LedgerEntry.newBuilder()
                        .setSource(party("app-web-prod", "gateway", "gateway"))
                        .setDestination(party("app-database-prod", "database-vm", "database-vm"))
                        .setPort(5432)
                        .setProtocol(6)
                        .setDirection(side)
                        .setBytes(3072))
                .build());
      }
      to.onCompleted();
    }

    private static Party party(String namespace, String name, String app) {
      return Party.newBuilder()
          .setCluster("default")
          .setNamespace(namespace)
          .setKind("VirtualMachineInstance")
          .setName(name)
          .addLabels("k8s:app=" + app)
          .build();
    }
  }

  @AfterEach
  void stop() {
    server.close();
  }

  /** From endpoint 1 to another, TCP SYN, decided by rule 9. */
  private static byte[] event(int kind, int subtype, int destination, int port) {
    var event = ByteBuffer.allocate(FlowEvent.SIZE).order(ByteOrder.LITTLE_ENDIAN);
    event.putLong(0, System.nanoTime()).put(8, (byte) kind).put(9, (byte) subtype);
    event.put(10, (byte) INGRESS).put(11, (byte) (FlowEvent.HAS_L3 | FlowEvent.HAS_PORTS));
    event.put(12, (byte) 6).put(13, (byte) 2).put(14, (byte) 2).put(15, (byte) (kind == 4 ? 1 : 0));
    event.putInt(24, 0xffff0000).putInt(28, 0x0100000a);
    event.putInt(40, 0xffff0000).putInt(44, 0x0200000a);
    event.putShort(48, Short.reverseBytes((short) 40_000));
    event.putShort(50, Short.reverseBytes((short) port));
    event.putShort(52, (short) 1).putShort(54, (short) destination);
    event.putInt(56, 1001).putInt(60, 1000 + destination).putInt(64, 9).putInt(92, 1);
    return event.array();
  }

  private List<String> run(String... arguments) {
    var out = new StringWriter();
    String[] line = new String[arguments.length + 2];
    System.arraycopy(arguments, 0, line, 0, arguments.length);
    line[arguments.length] = "--server";
    line[arguments.length + 1] = "unix://" + directory.resolve("hubble.sock");
    var err = new StringWriter();
    int code =
        new CommandLine(new HubbleCommand())
            .setOut(new PrintWriter(out))
            .setErr(new PrintWriter(err))
            .execute(line);
    assertThat(err.toString()).isEmpty();
    assertThat(code).isZero();
    return out.toString().lines().map(text -> text.replaceFirst("^.{19}: ", "")).toList();
  }

  @Test
  void observe() {
    assertThat(run("observe", "--print-policy-names"))
        .containsExactly(
            "app-web-prod/gateway:40000 (ID:1001) ->"
                + " app-database-prod/virt-launcher-database-vm-x7k2p:5432 (ID:1002)"
                + " policy-verdict:L3-L4 INGRESS ALLOWED BY vm-web-policy (CiliumNetworkPolicy)"
                + " (TCP Flags: SYN)",
            "app-web-prod/gateway:40000 (ID:1001) ->"
                + " app-database-prod/virt-launcher-database-vm-x7k2p:5432 (ID:1002) to-endpoint"
                + " FORWARDED (TCP Flags: SYN)",
            "app-web-prod/gateway:40000 (ID:1001) <>"
                + " app-database-prod/virt-launcher-database-vm-2-bcdfg:22 (ID:1003) Policy denied"
                + " DROPPED (TCP Flags: SYN)");
  }

  @Test
  void whoTalkedMostAndWhatWasDropped() {
    assertThat(run("observe", "--summary").stream().map(line -> line.replaceAll(" +", " ")))
        .element(0, org.assertj.core.api.InstanceOfAssertFactories.STRING)
        .startsWith("3 flows from 20");
    assertThat(run("observe", "--summary").stream().skip(1).map(l -> l.replaceAll(" +", " ")))
        .containsExactly(
            "",
            "Most connections",
            "CONNECTIONS BYTES SOURCE DESTINATION PORT",
            "1 3.0 KiB app-web-prod/VirtualMachineInstance/gateway"
                + " app-database-prod/VirtualMachineInstance/database-vm 5432/TCP",
            "",
            "Most bytes",
            "CONNECTIONS BYTES SOURCE DESTINATION PORT",
            "1 3.0 KiB app-web-prod/VirtualMachineInstance/gateway"
                + " app-database-prod/VirtualMachineInstance/database-vm 5432/TCP",
            "",
            "Drops by rule",
            "DROPS REASON RULE MOST OF THEM",
            "1 Policy denied CiliumNetworkPolicy app-web-prod/vm-web-policy spec.ingress[0]"
                + " app-web-prod/VirtualMachineInstance/gateway →"
                + " app-database-prod/VirtualMachineInstance/database-vm-2 22/TCP");
    assertThat(run("observe", "--summary", "--verdict", "DROPPED", "-o", "json"))
        .singleElement()
        .asString()
        .startsWith("{\"flows\":1,\"lost\":0,")
        .contains("\"talkers\":[],\"drops\":[{\"count\":1,\"reason\":\"Policy denied\",");
  }

  /** The world of `policy why`, whose answer it has to be. */
  @Test
  void whyAFlowPassedOrDidNot() throws Exception {
    java.nio.file.Files.writeString(
        directory.resolve("kubeconfig"),
        """
        clusters: [{name: none, cluster: {server: 'http://127.0.0.1:1'}}]
        contexts: [{name: none, context: {cluster: none, user: none}}]
        users: [{name: none, user: {}}]
        current-context: none
        """);
    var out = new StringWriter();
    var err = new StringWriter();
    int code =
        new CommandLine(new HubbleCommand())
            .setOut(new PrintWriter(out))
            .setErr(new PrintWriter(err))
            .execute(
                "observe",
                "--why",
                "--kubeconfig",
                directory.resolve("kubeconfig").toString(),
                "--server",
                "unix://" + directory.resolve("hubble.sock"));
    assertThat(code).isZero();
    assertThat(out.toString().lines().filter(line -> line.startsWith("    ")))
        .containsExactly(
            "    allowed by CiliumNetworkPolicy app-web-prod/vm-web-policy spec.ingress[0]",
            "    allowed by CiliumNetworkPolicy app-web-prod/vm-web-policy spec.ingress[0]",
            "    denied by CiliumNetworkPolicy app-web-prod/vm-web-policy spec.ingress[0]");
    assertThat(err.toString()).as("no API").contains("what would allow these cannot be said");
  }

  @Test
  void selections() {
    assertThat(run("observe", "--verdict", "DENIED")).singleElement().asString().contains(":22 ");
    assertThat(run("observe", "--namespace", "app-web-prod")).hasSize(3);
    assertThat(run("observe", "--pod", "vm-database-vm-xxx")).hasSize(2);
    assertThat(run("observe", "--pod", "vm-database-vm")).hasSize(3);
    assertThat(run("observe", "--vm", "app-database-prod/database-vm")).hasSize(2);
    assertThat(run("observe", "--vm", "database-vm-2")).hasSize(1);
    assertThat(run("observe", "--not", "--to-vm", "database-vm")).hasSize(1);
    assertThat(run("observe", "--pod", "gate", "--last", "1")).hasSize(1);
    assertThat(run("observe", "--pod", "nobody")).isEmpty();
    assertThat(run("observe", "-o", "json", "--field-mask", "verdict", "--first", "1"))
        .singleElement()
        .asString()
        .startsWith("{\"flow\":{\"verdict\":\"FORWARDED\"},\"node_name\":\"default/node1\"");
  }

  @Test
  void status() {
    assertThat(run("status"))
        .containsExactly(
            "Healthcheck (via unix://" + directory.resolve("hubble.sock") + "): Ok",
            "Current/Max Flows: 3/63 (4.76%)",
            "Flows/s: 0.00");
  }

  @Test
  void findsTheLabOfTheEnvironment() {
    assertThat(ServerOptions.labStatus("/srv/lab")).hasToString("/srv/lab/run/status.json");
    assertThat(ServerOptions.labStatus(null)).hasToString("/run/ovenet-lab/status.json");
  }
}
