package io.ovenet.flow;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.netty.GrpcSslContexts;
import io.grpc.netty.NettyChannelBuilder;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioSocketChannel;
import io.netty.handler.ssl.SslContextBuilder;
import io.ovenet.api.observer.ObserverGrpc;
import io.ovenet.api.observer.ServerStatusRequest;
import io.ovenet.api.peer.ChangeNotification;
import io.ovenet.api.peer.NotifyRequest;
import io.ovenet.api.peer.PeerGrpc;
import io.ovenet.metrics.MetricsText;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.time.Instant;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * TLS on TCP: who is believed, and certificates that change under way; and the peers told there.
 */
@Timeout(120)
final class HubbleTlsTest {
  private static final String NAME = "node-1.default.hubble-grpc.cilium.io";
  private static final String RENEWED = "renewed.default.hubble-grpc.cilium.io";

  @TempDir static Path shared = Path.of("");
  @TempDir Path directory = Path.of("");
  private final EventLoopGroup loop = new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory());
  private final Peers peers = new Peers();
  private static Certificates made;
  private HubbleServer server;

  /** A key pair takes a process each. */
  @BeforeAll
  static void make() throws Exception {
    made = new Certificates(shared);
    made.make("server", NAME);
    made.make("renewed", RENEWED);
    made.make("client", "*.hubble-relay.cilium.io");
  }

  @BeforeEach
  void start() throws Exception {
    use("server");
    server = serve(made.pem("client"));
  }

  /** Puts a certificate with its key where the server looks for them. */
  private void use(String name) throws IOException {
    replace(made.key(name), directory.resolve("key"));
    replace(made.pem(name), directory.resolve("server.pem"));
  }

  private static void replace(Path from, Path to) throws IOException {
    Path fresh = to.resolveSibling("fresh");
    Files.copy(from, fresh);
    Files.move(fresh, to, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
  }

  private HubbleServer serve(@Nullable Path authority) throws IOException {
    var observer =
        new ObserverService(
            new FlowRing(1), new FlowStatistics(0), Flows.UUIDS, "default/node1", "test", () -> 1);
    return HubbleServer.start(
        List.of(observer, new PeerService(peers)),
        "0.1.0",
        directory.resolve("hubble.sock"),
        new InetSocketAddress(InetAddress.getLoopbackAddress(), 0),
        new TlsFiles(directory.resolve("server.pem"), directory.resolve("key"), authority));
  }

  @AfterEach
  void stop() {
    server.close();
    loop.shutdownGracefully(0, 1, TimeUnit.SECONDS).awaitUninterruptibly(5, TimeUnit.SECONDS);
  }

  private ManagedChannel channel(String believed, boolean withCertificate, String name)
      throws IOException {
    return channel(believed, withCertificate ? "client" : null, name);
  }

  private ManagedChannel channel(String believed, @Nullable String certificate, String name)
      throws IOException {
    SslContextBuilder tls = GrpcSslContexts.forClient().trustManager(made.pem(believed).toFile());
    if (certificate != null) {
      tls.keyManager(made.pem(certificate).toFile(), made.key(certificate).toFile());
    }
    return NettyChannelBuilder.forAddress("127.0.0.1", server.port())
        .channelType(NioSocketChannel.class)
        .eventLoopGroup(loop)
        .overrideAuthority(name)
        .sslContext(tls.build())
        .build();
  }

  private static void ask(ManagedChannel channel) {
    try {
      ObserverGrpc.newBlockingStub(channel)
          .withDeadlineAfter(20, TimeUnit.SECONDS)
          .serverStatus(ServerStatusRequest.getDefaultInstance());
    } finally {
      channel.shutdownNow();
    }
  }

  private static void refused(ManagedChannel channel) {
    assertThatThrownBy(() -> ask(channel))
        .isInstanceOfSatisfying(
            StatusRuntimeException.class,
            e -> assertThat(e.getStatus().getCode()).isEqualTo(Status.Code.UNAVAILABLE));
  }

  @Test
  void bothSidesShowWhoTheyAre() throws Exception {
    ask(channel("server", true, NAME));
    refused(channel("server", false, NAME));
    refused(channel("server", true, "node-2.default.hubble-grpc.cilium.io"));
    refused(channel("renewed", true, NAME));
  }

  @Test
  void aGateIsToldWhoHasACertificate() throws Exception {
    server.close();
    var gate =
        new ServerInterceptor() {
          @Override
          public <Q, A> ServerCall.Listener<Q> interceptCall(
              ServerCall<Q, A> call, Metadata headers, ServerCallHandler<Q, A> next) {
            if (TlsFiles.hasCertificate(call)) {
              return next.startCall(call, headers);
            }
            call.close(Status.UNAUTHENTICATED, new Metadata());
            return new ServerCall.Listener<>() {};
          }
        };
    server =
        HubbleServer.startRelay(
            List.of(
                new ObserverService(
                    new FlowRing(1), new FlowStatistics(0), Flows.UUIDS, "relay", "test", () -> 1)),
            "0.1.0",
            null,
            new InetSocketAddress(InetAddress.getLoopbackAddress(), 0),
            new TlsFiles(
                directory.resolve("server.pem"), directory.resolve("key"), made.pem("client")),
            gate);
    ask(channel("server", true, NAME));
    // The second is of an authority that isn't believed; a client may know that, and show none.
    for (String certificate : new @Nullable String[] {null, "renewed"}) {
      assertThatThrownBy(() -> ask(channel("server", certificate, NAME)))
          .isInstanceOfSatisfying(
              StatusRuntimeException.class,
              e ->
                  assertThat(e.getStatus().getCode())
                      .isIn(Status.Code.UNAUTHENTICATED, Status.Code.UNAVAILABLE));
    }
  }

  @Test
  void withoutAnAuthorityAnybodyMayAsk() throws Exception {
    server.close();
    server = serve(null);
    ask(channel("server", false, NAME));
  }

  @Test
  void aRenewedCertificateIsUsedWithoutARestartAndABrokenOneIsNot() throws Exception {
    ask(channel("server", true, NAME));
    Files.writeString(directory.resolve("server.pem"), "no certificate");
    ask(channel("server", true, NAME));
    use("renewed");
    long deadline = System.nanoTime() + Duration.ofSeconds(60).toNanos();
    while (true) {
      try {
        ask(channel("renewed", true, RENEWED));
        break;
      } catch (StatusRuntimeException e) {
        assertThat(System.nanoTime()).as("the renewed certificate in use").isLessThan(deadline);
      }
    }
  }

  @Test
  void whenCertificatesExpireIsTold() throws Exception {
    Path broken = Files.writeString(directory.resolve("broken.pem"), "no certificate");
    var text = new MetricsText(false);
    TlsFiles.write(
        text,
        List.of(
            new TlsFiles(made.pem("server"), made.key("server"), made.pem("client")),
            new TlsFiles(broken, made.key("server"), made.pem("client"))));
    String metric = "ovenet_certificate_expiry_timestamp_seconds{file=\"";
    List<String> samples = text.finish().lines().filter(line -> line.startsWith(metric)).toList();
    assertThat(samples).hasSize(3);
    Instant now = Instant.now();
    for (String sample : samples) {
      long expires = Long.parseLong(sample.substring(sample.indexOf(' ') + 1));
      if (sample.contains("broken.pem")) {
        assertThat(expires).isZero();
      } else {
        assertThat(Instant.ofEpochSecond(expires))
            .isBetween(now.plus(Duration.ofDays(29)), now.plus(Duration.ofDays(30)));
      }
    }
  }

  @Test
  void filesThatCannotBeUsedAreNamed() throws Exception {
    server.close();
    Files.writeString(directory.resolve("server.pem"), "no certificate");
    assertThatThrownBy(() -> serve(null))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("server.pem");
    Files.delete(directory.resolve("server.pem"));
    assertThatThrownBy(() -> serve(null))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("server.pem");
  }

  @Test
  void peersAreToldAsTheyComeAndGo() throws Exception {
    assertThat(Peers.tlsName("node-1", "")).isEqualTo(NAME);
    assertThat(Peers.tlsName("a.b", "east.1")).isEqualTo("a-b.east-1.hubble-grpc.cilium.io");
    peers.upsert("node-1", "192.168.77.10:4244", NAME);
    ManagedChannel channel = channel("server", true, NAME);
    try {
      Iterator<ChangeNotification> changes =
          PeerGrpc.newBlockingStub(channel).notify(NotifyRequest.getDefaultInstance());
      assertThat(changes.next().toString())
          .isEqualTo(
              """
              name: "node-1"
              address: "192.168.77.10:4244"
              type: PEER_ADDED
              tls {
                server_name: "%s"
              }
              """
                  .formatted(NAME));
      peers.upsert("node-1", "192.168.77.10:4244", NAME);
      peers.upsert("node-1", "192.168.77.11:4244", "");
      peers.remove("node-1");
      peers.remove("node-1");
      assertThat(changes.next().getType().name()).isEqualTo("PEER_UPDATED");
      ChangeNotification gone = changes.next();
      assertThat(gone.getType().name()).isEqualTo("PEER_DELETED");
      assertThat(gone.hasTls()).isFalse();
    } finally {
      channel.shutdownNow();
    }
  }
}
