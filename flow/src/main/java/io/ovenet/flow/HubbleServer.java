package io.ovenet.flow;

import io.grpc.BindableService;
import io.grpc.Metadata;
import io.grpc.Server;
import io.grpc.ServerInterceptor;
import io.grpc.health.v1.HealthCheckResponse.ServingStatus;
import io.grpc.netty.NettyServerBuilder;
import io.grpc.protobuf.services.HealthStatusManager;
import io.grpc.protobuf.services.ProtoReflectionServiceV1;
import io.grpc.stub.MetadataUtils;
import io.netty.buffer.PooledByteBufAllocator;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.ServerChannel;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioServerDomainSocketChannel;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.handler.ssl.ClientAuth;
import java.io.Closeable;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.UnixDomainSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Serves the observer with health and reflection, on a unix socket and, where it is wanted, on TCP.
 * All connections share one event loop and one arena for buffers; calls run on virtual threads.
 */
public final class HubbleServer implements AutoCloseable {
  /** The name under which clients ask for the server's health. */
  public static final String HEALTH_SERVICE = "hubble.server.Observer";

  private static final String VERSION_HEADER = "hubble-server-version";
  private static final int PAGE_SIZE = 8192;
  private static final int CHUNK_ORDER = 5; // chunks of 256 KiB
  private static final int CLOSE_SECONDS = 2;

  /**
   * Pings that come more often end a connection (GOAWAY, too_many_pings). gRPC's own limit of five
   * minutes is above what clients do: 10 s those in Go, 30 s our relay, without a call as well.
   */
  static final long PING_EVERY_NANOS = TimeUnit.SECONDS.toNanos(1);

  private final EventLoopGroup loop = new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory());
  private final ExecutorService calls = Executors.newVirtualThreadPerTaskExecutor();
  private final PooledByteBufAllocator allocator =
      new PooledByteBufAllocator(true, 0, 1, PAGE_SIZE, CHUNK_ORDER, 0, 0, false);
  private final HealthStatusManager health = new HealthStatusManager();
  private final List<Server> servers = new ArrayList<>();
  private final List<Closeable> following = new ArrayList<>();
  private final @Nullable Path socket;
  private final String versionHeader;
  private final String version;
  private final @Nullable ServerInterceptor gate;

  private HubbleServer(
      @Nullable Path socket,
      String versionHeader,
      String version,
      @Nullable ServerInterceptor gate) {
    this.gate = gate;
    this.socket = socket;
    this.versionHeader = versionHeader;
    this.version = version;
  }

  /** As {@link #start(List, String, Path, InetSocketAddress, TlsFiles)}, in plaintext. */
  public static HubbleServer start(
      ObserverService observer, String version, Path socket, @Nullable InetSocketAddress address)
      throws IOException {
    return start(List.of(observer), version, socket, address, null);
  }

  /**
   * Listens.
   *
   * @param version semantic version, for the header that clients compare with their own
   * @param socket replaced if it is there already
   * @param address null: the socket alone
   * @param tls of the address; null: plaintext
   * @throws IOException naming what cannot be listened on, or the file that cannot be used
   */
  public static HubbleServer start(
      List<? extends BindableService> services,
      String version,
      Path socket,
      @Nullable InetSocketAddress address,
      @Nullable TlsFiles tls)
      throws IOException {
    return start(new HubbleServer(socket, VERSION_HEADER, version, null), services, address, tls);
  }

  /**
   * The same for a relay, whose header has another name.
   *
   * @param socket null: TCP alone
   * @param gate who asks by TCP has to pass; then certificates are not asked of everybody. Null:
   *     whom {@code tls} lets in may ask everything
   */
  public static HubbleServer startRelay(
      List<? extends BindableService> services,
      String version,
      @Nullable Path socket,
      @Nullable InetSocketAddress address,
      @Nullable TlsFiles tls,
      @Nullable ServerInterceptor gate)
      throws IOException {
    return start(
        new HubbleServer(socket, "hubble-relay-version", version, gate), services, address, tls);
  }

  private static HubbleServer start(
      HubbleServer server,
      List<? extends BindableService> services,
      @Nullable InetSocketAddress address,
      @Nullable TlsFiles tls)
      throws IOException {
    try {
      if (server.socket != null) {
        server.listen(services, server.socket);
      }
      if (address != null) {
        server.listen(services, address, NioServerSocketChannel.class, tls);
      }
      server.health.setStatus(HEALTH_SERVICE, ServingStatus.SERVING);
      return server;
    } catch (IOException | RuntimeException e) {
      server.close();
      throw e;
    }
  }

  private void listen(List<? extends BindableService> services, Path path) throws IOException {
    Path directory = path.toAbsolutePath().getParent();
    if (directory != null) {
      Files.createDirectories(directory);
    }
    Files.deleteIfExists(path);
    listen(services, UnixDomainSocketAddress.of(path), NioServerDomainSocketChannel.class, null);
    Files.setPosixFilePermissions(path, PosixFilePermissions.fromString("rw-rw----"));
  }

  private void listen(
      List<? extends BindableService> services,
      SocketAddress address,
      Class<? extends ServerChannel> channel,
      @Nullable TlsFiles tls)
      throws IOException {
    var headers = new Metadata();
    headers.put(Metadata.Key.of(versionHeader, Metadata.ASCII_STRING_MARSHALLER), version);
    ServerInterceptor versions = MetadataUtils.newAttachMetadataServerInterceptor(headers);
    NettyServerBuilder builder = NettyServerBuilder.forAddress(address);
    if (address instanceof UnixDomainSocketAddress) {
      // gRPC asks for it on every socket, and Netty logs that a unix socket has no such thing.
      builder.withChildOption(ChannelOption.SO_KEEPALIVE, null);
    }
    if (tls != null) {
      builder.sslContext(
          tls.server(loop, following, gate == null ? ClientAuth.REQUIRE : ClientAuth.OPTIONAL));
    }
    if (gate != null && !(address instanceof UnixDomainSocketAddress)) {
      builder.intercept(gate);
    }
    builder
        .channelType(channel)
        .bossEventLoopGroup(loop)
        .workerEventLoopGroup(loop)
        .withOption(ChannelOption.ALLOCATOR, allocator)
        .withChildOption(ChannelOption.ALLOCATOR, allocator)
        .executor(calls)
        .permitKeepAliveTime(PING_EVERY_NANOS, TimeUnit.NANOSECONDS)
        .permitKeepAliveWithoutCalls(true)
        .maxInboundMetadataSize(TenantScope.MOST_BYTES)
        .intercept(TenantScope.interceptor())
        .intercept(versions)
        .addService(health.getHealthService())
        .addService(ProtoReflectionServiceV1.newInstance());
    services.forEach(builder::addService);
    Server server = builder.build();
    try {
      server.start();
    } catch (IOException e) {
      throw new IOException(
          "Hubble cannot listen on " + address + ": " + e.getMessage() + "; is it in use?", e);
    }
    servers.add(server);
  }

  /** The TCP port that it listens on, or -1. */
  public int port() {
    for (Server server : servers) {
      if (server.getPort() > 0) {
        return server.getPort();
      }
    }
    return -1;
  }

  /** Ends every call and removes the socket. */
  @Override
  public void close() {
    health.enterTerminalState();
    servers.forEach(Server::shutdownNow);
    try {
      for (Server server : servers) {
        server.awaitTermination(CLOSE_SECONDS, TimeUnit.SECONDS);
      }
      for (Closeable each : following) {
        each.close();
      }
      if (socket != null) {
        Files.deleteIfExists(socket);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (IOException e) {
      // The next start replaces it.
      org.slf4j.LoggerFactory.getLogger(HubbleServer.class)
          .warn("cannot remove {}: {}", socket, e.getMessage());
    }
    loop.shutdownGracefully(0, CLOSE_SECONDS, TimeUnit.SECONDS)
        .awaitUninterruptibly(CLOSE_SECONDS, TimeUnit.SECONDS);
    calls.shutdownNow();
  }
}
