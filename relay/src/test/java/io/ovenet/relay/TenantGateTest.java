package io.ovenet.relay;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.health.v1.HealthCheckRequest;
import io.grpc.health.v1.HealthGrpc;
import io.grpc.netty.NettyChannelBuilder;
import io.grpc.stub.AbstractStub;
import io.grpc.stub.MetadataUtils;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import io.ovenet.api.ledger.GetLedgerRequest;
import io.ovenet.api.ledger.LedgerGrpc;
import io.ovenet.api.observer.GetFlowsRequest;
import io.ovenet.api.observer.GetFlowsResponse;
import io.ovenet.api.observer.GetNamespacesRequest;
import io.ovenet.api.observer.GetNamespacesResponse;
import io.ovenet.api.observer.GetNodesRequest;
import io.ovenet.api.observer.Namespace;
import io.ovenet.api.observer.ObserverGrpc;
import io.ovenet.api.observer.ServerStatusRequest;
import io.ovenet.api.observer.ServerStatusResponse;
import io.ovenet.flow.HubbleServer;
import io.ovenet.flow.PeerService;
import io.ovenet.flow.Peers;
import io.ovenet.kubernetes.KubernetesApi;
import io.ovenet.lab.api.ApiServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.logging.Handler;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Who may ask a relay what, by tokens and Roles of a real API. */
@Timeout(120)
final class TenantGateTest {
  private static final Logger AUDIT = Logger.getLogger("io.ovenet.relay.audit");
  private static final String RBAC = "/apis/rbac.authorization.k8s.io/v1";
  private static final Metadata.Key<String> AUTHORIZATION =
      Metadata.Key.of("authorization", Metadata.ASCII_STRING_MARSHALLER);

  @TempDir Path directory = Path.of("");
  private final Peers peers = new Peers();
  private final List<AutoCloseable> open = new ArrayList<>();
  private final List<String> written = new CopyOnWriteArrayList<>();
  private final Handler listening =
      new Handler() {
        @Override
        public void publish(LogRecord line) {
          written.add(line.getMessage());
        }

        @Override
        public void flush() {}

        @Override
        public void close() {}
      };

  private final Agent asked = new Agent();
  private KubernetesApi admin;
  private ManagedChannel channel;

  /** Its flows are none, and go on without end for a follower. */
  private static final class Agent extends ObserverGrpc.ObserverImplBase {
    private final AtomicInteger followers = new AtomicInteger();

    @Override
    public void getFlows(GetFlowsRequest request, StreamObserver<GetFlowsResponse> to) {
      if (!request.getFollow()) {
        to.onCompleted();
        return;
      }
      followers.incrementAndGet();
      ((ServerCallStreamObserver<GetFlowsResponse>) to)
          .setOnCancelHandler(followers::decrementAndGet);
    }

    @Override
    public void serverStatus(ServerStatusRequest request, StreamObserver<ServerStatusResponse> to) {
      to.onNext(ServerStatusResponse.newBuilder().setNumFlows(7).setSeenFlows(9).build());
      to.onCompleted();
    }

    @Override
    public void getNamespaces(
        GetNamespacesRequest request, StreamObserver<GetNamespacesResponse> to) {
      var answer = GetNamespacesResponse.newBuilder();
      for (String name : List.of("a", "b", "kube-system")) {
        answer.addNamespaces(Namespace.newBuilder().setCluster("default").setNamespace(name));
      }
      to.onNext(answer.build());
      to.onCompleted();
    }
  }

  @BeforeEach
  void start() throws Exception {
    AUDIT.addHandler(listening);
    ApiServer api = ApiServer.start(directory.resolve("api"), ApiServer.Options.DEFAULT);
    open.add(api);
    Path kubeconfig = Files.writeString(directory.resolve("kubeconfig"), api.kubeconfig());
    admin = KubernetesApi.open(kubeconfig);
    open.add(admin);
    for (String name : List.of("a", "b")) {
      create("/api/v1/namespaces", "v1", "Namespace", name, Map.of());
    }
    for (String name : List.of("of-a", "of-nobody", "platform")) {
      create("/api/v1/namespaces/a/serviceaccounts", "v1", "ServiceAccount", name, Map.of());
    }
    var rule =
        Map.of(
            "rules",
            List.of(
                Map.of(
                    "apiGroups", List.of("hubble.ovenet.io"),
                    "resources", List.of("flows"),
                    "verbs", List.of("get"))));
    create(
        RBAC + "/clusterroles", "rbac.authorization.k8s.io/v1", "ClusterRole", "see-flows", rule);
    bind("/namespaces/a/rolebindings", "RoleBinding", "of-a");
    bind("/clusterrolebindings", "ClusterRoleBinding", "platform");

    HubbleServer service = serve(List.of(new PeerService(peers)), "peers");
    HubbleServer agent = serve(List.of(asked), "agent");
    peers.upsert("agent", "127.0.0.1:" + agent.port(), "");
    var relay =
        new Relay(
            RelayOptions.parse(
                "--listen-address=127.0.0.1:0",
                "--socket-path=" + directory.resolve("relay.sock"),
                "--peer-service=127.0.0.1:" + service.port(),
                "--tenants=true",
                "--kubeconfig=" + kubeconfig),
            Duration.ofMillis(200));
    open.add(relay);
    channel = NettyChannelBuilder.forAddress("127.0.0.1", relay.port()).usePlaintext().build();
    open.add(channel::shutdownNow);
    until(
        () -> as(token("platform")).serverStatus(status()).getNumConnectedNodes().getValue() == 1);
  }

  @AfterEach
  void stop() throws Exception {
    AUDIT.removeHandler(listening);
    for (AutoCloseable each : open.reversed()) {
      each.close();
    }
  }

  private HubbleServer serve(List<? extends io.grpc.BindableService> services, String name)
      throws IOException {
    HubbleServer server =
        HubbleServer.start(
            services,
            "1.19.4",
            directory.resolve(name + ".sock"),
            new InetSocketAddress(InetAddress.getLoopbackAddress(), 0),
            null);
    open.add(server);
    return server;
  }

  private void create(String path, String version, String kind, String name, Map<String, ?> more)
      throws IOException {
    var object = new java.util.TreeMap<String, Object>(more);
    object.put("apiVersion", version);
    object.put("kind", kind);
    object.put("metadata", Map.of("name", name));
    admin.create(path, object);
  }

  private void bind(String path, String kind, String account) throws IOException {
    create(
        RBAC + path,
        "rbac.authorization.k8s.io/v1",
        kind,
        account,
        Map.of(
            "roleRef",
            Map.of(
                "apiGroup",
                "rbac.authorization.k8s.io",
                "kind",
                "ClusterRole",
                "name",
                "see-flows"),
            "subjects",
            List.of(Map.of("kind", "ServiceAccount", "namespace", "a", "name", account))));
  }

  private String token(String account) throws IOException {
    var request =
        Map.of("apiVersion", "authentication.k8s.io/v1", "kind", "TokenRequest", "spec", Map.of());
    return admin
        .create("/api/v1/namespaces/a/serviceaccounts/" + account + "/token", request)
        .object("status")
        .string("token");
  }

  private static <S extends AbstractStub<S>> S with(S stub, String authorization) {
    var headers = new Metadata();
    headers.put(AUTHORIZATION, authorization);
    return stub.withInterceptors(MetadataUtils.newAttachHeadersInterceptor(headers));
  }

  private ObserverGrpc.ObserverBlockingStub as(String token) {
    return with(ObserverGrpc.newBlockingStub(channel), "Bearer " + token)
        .withDeadlineAfter(60, TimeUnit.SECONDS);
  }

  private static ServerStatusRequest status() {
    return ServerStatusRequest.getDefaultInstance();
  }

  private static GetFlowsRequest flows() {
    return GetFlowsRequest.getDefaultInstance();
  }

  private static void refused(Status.Code code, String why, ThrowingCallable call) {
    assertThatThrownBy(call)
        .isInstanceOfSatisfying(
            StatusRuntimeException.class,
            e -> {
              assertThat(e.getStatus().getCode()).isEqualTo(code);
              assertThat(e.getStatus().getDescription()).contains(why);
            });
  }

  /** A condition that may throw. */
  private interface Condition {
    boolean holds() throws Exception;
  }

  private static void until(Condition condition) throws Exception {
    long deadline = System.nanoTime() + Duration.ofSeconds(60).toNanos();
    while (!condition.holds()) {
      assertThat(System.nanoTime()).as("in time").isLessThan(deadline);
      Thread.sleep(20);
    }
  }

  @Test
  void whoShowsNothingOrWhatIsNobodysGetsNothing() {
    var anybody = ObserverGrpc.newBlockingStub(channel);
    refused(Status.Code.UNAUTHENTICATED, "Bearer", () -> anybody.serverStatus(status()));
    refused(Status.Code.UNAUTHENTICATED, "Bearer", () -> anybody.getFlows(flows()).next());
    refused(
        Status.Code.UNAUTHENTICATED,
        "Bearer",
        () -> with(anybody, "Basic eA==").serverStatus(status()));
    for (String token : List.of("", "x", "a.b.c", token("of-a", 'x'))) {
      refused(Status.Code.UNAUTHENTICATED, "", () -> as(token).serverStatus(status()));
    }
    assertThat(
            HealthGrpc.newBlockingStub(channel)
                .check(HealthCheckRequest.getDefaultInstance())
                .getStatusValue())
        .as("whether it lives is no secret")
        .isPositive();
  }

  /** A token whose claims somebody changed. */
  private String token(String account, char instead) {
    try {
      var text = new StringBuilder(token(account));
      int at = text.indexOf(".") + 5;
      text.setCharAt(at, text.charAt(at) == instead ? 'y' : instead);
      return text.toString();
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }

  @Test
  void aTenantSeesHisNamespacesAndNothingThatIsOfAll() throws Exception {
    String token = token("of-a");
    assertThat(
            as(token).getNamespaces(GetNamespacesRequest.getDefaultInstance()).getNamespacesList())
        .extracting(Namespace::getNamespace)
        .containsExactly("a");
    as(token).getFlows(flows()).forEachRemaining(_ -> {});
    var told = as(token).serverStatus(status());
    assertThat(told.getNumConnectedNodes().getValue()).isEqualTo(1);
    assertThat(told.getVersion()).isNotEmpty();
    assertThat(told.getNumFlows() + told.getSeenFlows()).as("others' too").isZero();
    assertThat(as(token("platform")).serverStatus(status()).getSeenFlows()).isEqualTo(9);
    refused(
        Status.Code.PERMISSION_DENIED,
        "whoever may see all namespaces",
        () -> as(token).getNodes(GetNodesRequest.getDefaultInstance()));
    refused(
        Status.Code.PERMISSION_DENIED,
        "whoever may see all namespaces",
        () ->
            with(LedgerGrpc.newBlockingStub(channel), "Bearer " + token)
                .getLedger(GetLedgerRequest.getDefaultInstance())
                .next());
    String nobody = token("of-nobody");
    refused(
        Status.Code.PERMISSION_DENIED,
        "get flows.hubble.ovenet.io",
        () -> as(nobody).getFlows(flows()).next());
    assertThat(written)
        .anySatisfy(
            line ->
                assertThat(line)
                    .contains("user=\"system:serviceaccount:a:of-a\"")
                    .contains("method=observer.Observer/GetFlows")
                    .contains("namespaces=a "));
  }

  @Test
  void whoMaySeeAllNamespacesSeesAll() throws Exception {
    String token = token("platform");
    assertThat(
            as(token).getNamespaces(GetNamespacesRequest.getDefaultInstance()).getNamespacesList())
        .hasSize(3);
    assertThat(as(token).getNodes(GetNodesRequest.getDefaultInstance()).getNodesList()).hasSize(1);
    assertThat(written).anySatisfy(line -> assertThat(line).contains("namespaces=all"));
  }

  @Test
  void whatIsWithdrawnEndsWhatGoesOn() throws Exception {
    String token = token("of-a");
    var following = as(token).getFlows(GetFlowsRequest.newBuilder().setFollow(true).build());
    assertThat(following.next().hasNodeStatus()).isTrue();
    until(() -> asked.followers.get() == 1);
    admin.delete(RBAC + "/namespaces/a/rolebindings/of-a", Map.of());
    refused(Status.Code.PERMISSION_DENIED, "has changed: ask again", following::next);
    until(() -> asked.followers.get() == 0);
    refused(
        Status.Code.PERMISSION_DENIED,
        "flows of no namespace",
        () -> as(token).getFlows(flows()).next());
  }

  @Test
  void theSocketIsTheNodesOwn() throws Exception {
    var channels = new PeerChannels(null);
    open.add(channels);
    ManagedChannel local = channels.open("unix://" + directory.resolve("relay.sock"), "");
    open.add(local::shutdownNow);
    assertThat(
            ObserverGrpc.newBlockingStub(local)
                .getNodes(GetNodesRequest.getDefaultInstance())
                .getNodesList())
        .hasSize(1);
  }

  @Test
  void tokensDoNotCrossTheNetworkInPlaintext() {
    assertThatThrownBy(() -> RelayOptions.parse("--tenants=true", "--listen-address=:4245"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("--tls-relay-server-cert-file");
    assertThatThrownBy(() -> RelayOptions.parse("--tenants=yes"))
        .hasMessageContaining("--tenants=yes: true or false");
  }
}
