package io.ovenet.cli.hubble;

import io.grpc.Context;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.netty.NettyChannelBuilder;
import io.grpc.stub.MetadataUtils;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioDomainSocketChannel;
import io.netty.channel.socket.nio.NioSocketChannel;
import io.netty.handler.ssl.SslContext;
import java.net.UnixDomainSocketAddress;
import java.util.Iterator;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** A connection to a Hubble server. Safe for any thread; closing ends the calls on it. */
final class HubbleClient implements AutoCloseable {
  /** For calls with one answer. */
  static final int CALL_SECONDS = 12;

  private static final int MAX_MESSAGE_BYTES = 16 << 20;
  private static final Metadata.Key<String> AUTHORIZATION =
      Metadata.Key.of("authorization", Metadata.ASCII_STRING_MARSHALLER);

  private final String server;
  private final EventLoopGroup loop = new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory());
  private final ManagedChannel channel;
  private final @Nullable PortForward way;

  /** In plaintext. */
  HubbleClient(String server) {
    this(server, null, null, null, null);
  }

  /**
   * Opens nothing so far.
   *
   * @param security null: plaintext
   * @param token null: none is shown
   * @param way that leads to the server and is closed with this; null: none is needed
   */
  HubbleClient(
      String server,
      @Nullable SslContext security,
      @Nullable String serverName,
      @Nullable String token,
      @Nullable PortForward way) {
    this.server = server;
    this.way = way;
    NettyChannelBuilder builder;
    if (server.startsWith("unix:")) {
      String path = server.substring("unix:".length()).replaceFirst("^//(?=/)", "");
      builder =
          NettyChannelBuilder.forAddress(UnixDomainSocketAddress.of(path))
              .channelType(NioDomainSocketChannel.class, UnixDomainSocketAddress.class)
              .overrideAuthority("localhost")
              // gRPC asks for it everywhere, and Netty logs that a unix socket has no such thing.
              .withOption(ChannelOption.SO_KEEPALIVE, null);
    } else {
      int colon = server.lastIndexOf(':');
      builder =
          NettyChannelBuilder.forAddress(host(server, colon), port(server, colon))
              .channelType(NioSocketChannel.class);
    }
    if (security == null) {
      builder.usePlaintext();
    } else {
      builder.sslContext(security);
      if (serverName != null) {
        builder.overrideAuthority(serverName);
      }
    }
    if (token != null) {
      var headers = new Metadata();
      headers.put(AUTHORIZATION, "Bearer " + token);
      builder.intercept(MetadataUtils.newAttachHeadersInterceptor(headers));
    }
    channel =
        builder
            .eventLoopGroup(loop)
            .directExecutor()
            .maxInboundMessageSize(MAX_MESSAGE_BYTES)
            .build();
  }

  private static String host(String server, int colon) {
    String host = colon < 0 ? "" : server.substring(0, colon);
    return host.startsWith("[") && host.endsWith("]")
        ? host.substring(1, host.length() - 1)
        : host.isEmpty() ? "localhost" : host;
  }

  private static int port(String server, int colon) {
    try {
      int port = Integer.parseInt(server.substring(colon + 1));
      if (colon >= 0 && port > 0 && port <= 65_535) {
        return port;
      }
    } catch (NumberFormatException e) {
      // said below
    }
    throw new HubbleException("\"" + server + "\" is no server: HOST:PORT or unix:///PATH");
  }

  String server() {
    return server;
  }

  ManagedChannel channel() {
    return channel;
  }

  /**
   * Takes a stream of answers until it ends or `each` says false.
   *
   * @throws HubbleException if the call fails
   */
  <T> void stream(Supplier<Iterator<T>> call, Predicate<T> each) {
    try (var context = Context.current().withCancellation()) {
      context.run(
          () -> {
            try {
              Iterator<T> answers = call.get();
              while (answers.hasNext() && each.test(answers.next())) {
                // all is done by `each`
              }
            } catch (StatusRuntimeException e) {
              if (e.getStatus().getCode() != Status.Code.CANCELLED) {
                throw ServerOptions.explain(server, e);
              }
            }
          });
    }
  }

  @Override
  public void close() {
    channel.shutdownNow();
    loop.shutdownGracefully(0, 0, TimeUnit.SECONDS).awaitUninterruptibly(1, TimeUnit.SECONDS);
    if (way != null) {
      way.close();
    }
  }
}
