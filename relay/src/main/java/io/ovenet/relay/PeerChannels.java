package io.ovenet.relay;

import io.grpc.ManagedChannel;
import io.grpc.netty.NettyChannelBuilder;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioDomainSocketChannel;
import io.netty.channel.socket.nio.NioSocketChannel;
import io.netty.handler.ssl.SslContext;
import io.ovenet.flow.TlsFiles;
import java.io.Closeable;
import java.io.IOException;
import java.net.UnixDomainSocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** Makes connections to agents, all on one event loop. */
final class PeerChannels implements AutoCloseable {
  private static final int KEEP_ALIVE_SECONDS = 30;
  private static final int DEAD_AFTER_SECONDS = 10;
  private static final int MAX_MESSAGE_BYTES = 16 << 20;

  private final EventLoopGroup loop = new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory());
  private final List<Closeable> following = new ArrayList<>();
  private final @Nullable SslContext security;

  /**
   * With the relay's own certificate for agents that speak TLS.
   *
   * @param tls null: agents that speak TLS can't be reached
   */
  PeerChannels(@Nullable TlsFiles tls) throws IOException {
    security = tls == null ? null : tls.client(loop, following);
  }

  /**
   * Opens nothing so far.
   *
   * @param address {@code host:port} or {@code unix:///path}
   * @param tlsName empty: plaintext
   * @throws IllegalArgumentException for an address that is none, or TLS without a certificate
   */
  ManagedChannel open(String address, String tlsName) {
    NettyChannelBuilder builder;
    if (address.startsWith("unix:")) {
      String path = address.substring("unix:".length()).replaceFirst("^//(?=/)", "");
      builder =
          NettyChannelBuilder.forAddress(UnixDomainSocketAddress.of(path))
              .channelType(NioDomainSocketChannel.class, UnixDomainSocketAddress.class)
              .overrideAuthority("localhost")
              // gRPC asks for it everywhere, and Netty logs that a unix socket has no such thing.
              .withOption(ChannelOption.SO_KEEPALIVE, null);
    } else {
      builder = NettyChannelBuilder.forTarget(address).channelType(NioSocketChannel.class);
    }
    if (tlsName.isEmpty()) {
      builder.usePlaintext();
    } else if (security == null) {
      throw new IllegalArgumentException(
          address + " speaks TLS, and this relay has no certificate for it");
    } else {
      builder.sslContext(security).overrideAuthority(tlsName);
    }
    return builder
        .eventLoopGroup(loop)
        .directExecutor()
        .keepAliveTime(KEEP_ALIVE_SECONDS, TimeUnit.SECONDS)
        .keepAliveTimeout(DEAD_AFTER_SECONDS, TimeUnit.SECONDS)
        .idleTimeout(1, TimeUnit.DAYS)
        .maxInboundMessageSize(MAX_MESSAGE_BYTES)
        .build();
  }

  @Override
  public void close() {
    loop.shutdownGracefully(0, 1, TimeUnit.SECONDS).awaitUninterruptibly(1, TimeUnit.SECONDS);
  }
}
