package io.ovenet.flow;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.grpc.ManagedChannel;
import io.grpc.Server;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.netty.NettyChannelBuilder;
import io.grpc.netty.NettyServerBuilder;
import io.ovenet.api.flow.Endpoint;
import io.ovenet.api.flow.Flow;
import io.ovenet.api.flow.FlowFilter;
import io.ovenet.api.flow.Verdict;
import io.ovenet.api.ledger.GetLedgerRequest;
import io.ovenet.api.ledger.LedgerGrpc;
import io.ovenet.api.observer.GetAgentEventsRequest;
import io.ovenet.api.observer.GetFlowsRequest;
import io.ovenet.api.observer.GetFlowsResponse;
import io.ovenet.api.observer.GetNamespacesRequest;
import io.ovenet.api.observer.GetNodesRequest;
import io.ovenet.api.observer.Namespace;
import io.ovenet.api.observer.ObserverGrpc;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What an agent tells a relay that asks for a tenant: web calls the database, which he is not. */
@Timeout(60)
final class TenantViewTest {
  private static final Set<String> WEB = Set.of("app-web-prod", "app-other");

  @TempDir Path directory = Path.of("");
  private final FlowRing ring = new FlowRing(1023);
  private final FlowStatistics statistics = new FlowStatistics(Flows.BOOT);
  private HubbleServer server;
  private ManagedChannel channel;

  @BeforeEach
  void start() throws Exception {
    server =
        HubbleServer.start(
            new ObserverService(
                ring,
                statistics,
                Flows.UUIDS,
                "default/node1",
                "test",
                () -> Flows.BOOT + 1_000_000_000L),
            "0.1.0",
            directory.resolve("hubble.sock"),
            new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
    channel = NettyChannelBuilder.forAddress("127.0.0.1", server.port()).usePlaintext().build();
  }

  @AfterEach
  void stop() throws Exception {
    channel.shutdownNow().awaitTermination(5, TimeUnit.SECONDS);
    server.close();
  }

  private void write(Event... events) {
    for (Event event : events) {
      FlowRecord flow = Flows.record(event, ring.next());
      ring.write(flow);
      statistics.seen(flow);
    }
    ring.wake();
  }

  private ObserverGrpc.ObserverBlockingStub as(Set<String> namespaces) {
    return ObserverGrpc.newBlockingStub(channel).withInterceptors(TenantScope.of(namespaces));
  }

  private List<GetFlowsResponse> answers(Set<String> namespaces, GetFlowsRequest request) {
    var all = new ArrayList<GetFlowsResponse>();
    as(namespaces).getFlows(request).forEachRemaining(all::add);
    return all;
  }

  private List<Flow> flows(Set<String> namespaces, FlowFilter... filters) {
    return answers(
            namespaces, GetFlowsRequest.newBuilder().addAllWhitelist(List.of(filters)).build())
        .stream()
        .map(GetFlowsResponse::getFlow)
        .toList();
  }

  private static FlowFilter.Builder filter() {
    return FlowFilter.newBuilder();
  }

  @Test
  void ofTheOtherEndIsTheNamespaceAndTheVerdictLeft() {
    write(Flows.drop().rule(10)); // at the database's side, by its policies
    List<GetFlowsResponse> answers = answers(WEB, GetFlowsRequest.getDefaultInstance());
    assertThat(answers).hasSize(1);
    assertThat(answers.get(0).getNodeName()).as("where the other end is").isEmpty();
    Flow flow = answers.get(0).getFlow();
    assertThat(flow.getDestination())
        .isEqualTo(
            Endpoint.newBuilder()
                .setClusterName("default")
                .setNamespace("app-database-prod")
                .build());
    assertThat(flow.getVerdict()).isEqualTo(Verdict.DROPPED);
    assertThat(flow.getDropReasonDesc()).isEqualTo(io.ovenet.api.flow.DropReason.POLICY_DENIED);
    assertThat(flow.getSource().getPodName()).isEqualTo("web-7d9f-abcde");
    assertThat(flow.getSource().getLabelsList()).contains("k8s:app=web");
    assertThat(flow.getIP().getSource()).isNotEmpty();
    assertThat(flow.getIP().getDestination()).isEmpty();
    assertThat(flow.getIngressDeniedByList()).as("the other's policies").isEmpty();
    assertThat(flow.hasEthernet() || flow.hasInterface()).isFalse();
    assertThat(flow.getNodeName()).isEmpty();
    assertThat(flow.toString()).doesNotContain("database-vm", "virt-launcher", "1002");
  }

  @Test
  void hisOwnSideKeepsItsRule() {
    write(Flows.drop().rule(9));
    Flow flow = flows(Set.of("app-database-prod")).get(0);
    assertThat(flow.getIngressDeniedBy(0).getName()).isEqualTo("vm-web-policy");
    assertThat(flow.getDestination().getPodName()).startsWith("virt-launcher-database-vm");
    assertThat(flow.getSource().getPodName()).isEmpty();
    assertThat(flow.getSource().getNamespace()).isEqualTo("app-web-prod");
  }

  @Test
  void withBothNamespacesNothingIsLeftOut() {
    write(Flows.drop().rule(9), Flows.trace());
    assertThat(flows(Set.of("app-web-prod", "app-database-prod")))
        .allSatisfy(flow -> assertThat(flow.getDestination().getPodName()).isNotEmpty());
    assertThat(flows(Set.of("app-other"))).isEmpty();
    assertThat(flows(Set.of())).isEmpty();
  }

  @Test
  void filtersDoNotTellWhatIsNotShown() {
    write(Flows.drop(), Flows.trace());
    assertThat(flows(WEB, filter().addSourceLabel("app=web").build())).hasSize(2);
    assertThat(flows(WEB, filter().addDestinationLabel("app=database-vm").build())).isEmpty();
    assertThat(flows(WEB, filter().addDestinationPod("app-database-prod/virt").build())).isEmpty();
    assertThat(flows(WEB, filter().addDestinationIdentity(1002).build())).isEmpty();
    assertThat(flows(WEB, filter().addDestinationIp("0.0.0.0/0").build())).isEmpty();
    assertThat(flows(WEB, filter().addNodeName("node1").build()))
        .as("where a flow was seen tells where the other end is")
        .isEmpty();
    assertThat(flows(WEB, filter().addDestinationPod("app-database-prod/").build())).hasSize(2);
    // The last two that he sees, not of the last two that there are.
    write(Flows.trace().endpoints(2, 2), Flows.trace().endpoints(2, 2));
    assertThat(answers(WEB, GetFlowsRequest.newBuilder().setNumber(2).build())).hasSize(2);
  }

  @Test
  void anAgentFromBeforeThereWereTenantsIsNotListenedTo() throws Exception {
    write(Flows.drop());
    var service =
        new ObserverService(
            ring, statistics, Flows.UUIDS, "default/node1", "old", () -> Flows.BOOT);
    Server old = NettyServerBuilder.forPort(0).addService(service).build().start();
    ManagedChannel there =
        NettyChannelBuilder.forAddress("127.0.0.1", old.getPort()).usePlaintext().build();
    try {
      var stub = ObserverGrpc.newBlockingStub(there);
      assertThat(stub.getFlows(GetFlowsRequest.getDefaultInstance()).next().hasFlow()).isTrue();
      assertThatThrownBy(
              () ->
                  stub.withInterceptors(TenantScope.of(WEB))
                      .getFlows(GetFlowsRequest.getDefaultInstance())
                      .next())
          .isInstanceOfSatisfying(
              StatusRuntimeException.class,
              e -> assertThat(e.getStatus().getCode()).isEqualTo(Status.Code.FAILED_PRECONDITION));
    } finally {
      there.shutdownNow().awaitTermination(5, TimeUnit.SECONDS);
      old.shutdownNow().awaitTermination(5, TimeUnit.SECONDS);
    }
  }

  @Test
  void whatElseThereIsIsNotForTenants() {
    write(Flows.drop());
    assertThat(as(WEB).getNamespaces(GetNamespacesRequest.getDefaultInstance()).getNamespacesList())
        .extracting(Namespace::getNamespace)
        .containsExactly("app-web-prod");
    List<ThrowingCallable> calls =
        List.of(
            () -> as(WEB).getNodes(GetNodesRequest.getDefaultInstance()),
            () -> as(WEB).getAgentEvents(GetAgentEventsRequest.getDefaultInstance()).next(),
            () ->
                LedgerGrpc.newBlockingStub(channel)
                    .withInterceptors(TenantScope.of(WEB))
                    .getLedger(GetLedgerRequest.getDefaultInstance())
                    .next());
    for (ThrowingCallable call : calls) {
      assertThatThrownBy(call)
          .isInstanceOfSatisfying(
              StatusRuntimeException.class,
              e ->
                  assertThat(e.getStatus().getCode())
                      .isIn(Status.Code.PERMISSION_DENIED, Status.Code.UNIMPLEMENTED));
    }
  }
}
