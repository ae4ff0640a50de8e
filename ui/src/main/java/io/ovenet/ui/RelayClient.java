package io.ovenet.ui;

import io.grpc.Channel;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.netty.NettyChannelBuilder;
import io.grpc.stub.MetadataUtils;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioDomainSocketChannel;
import io.netty.channel.socket.nio.NioSocketChannel;
import io.ovenet.api.ledger.LedgerGrpc;
import io.ovenet.api.observer.ObserverGrpc;
import java.net.UnixDomainSocketAddress;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** The connection to the Hubble server. Thread-safe; closing ends the calls on it. */
final class RelayClient implements AutoCloseable {
  private static final int MAX_MESSAGE_BYTES = 16 << 20;
  private static final int CALL_SECONDS = 12;
  private static final Metadata.Key<String> AUTHORIZATION =
      Metadata.Key.of("authorization", Metadata.ASCII_STRING_MARSHALLER);

  private final EventLoopGroup loop = new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory());
  private final String address;
  private final ManagedChannel channel;

  /**
   * Opens nothing so far.
   *
   * @param tls null: plaintext
   * @param token shown with each call; null: none is
   */
  RelayClient(String address, @Nullable RelayTls tls, @Nullable String token) {
    this.address = address;
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
    if (tls == null) {
      builder.usePlaintext();
    } else {
      builder.sslContext(tls.context());
      if (!tls.serverName().isEmpty()) {
        builder.overrideAuthority(tls.serverName());
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

  String address() {
    return address;
  }

  /** For other services of the same server; stays this object's. */
  Channel channel() {
    return channel;
  }

  /** For streams. */
  ObserverGrpc.ObserverBlockingStub follow() {
    return ObserverGrpc.newBlockingStub(channel);
  }

  /** For calls with one answer. */
  ObserverGrpc.ObserverBlockingStub call() {
    return follow().withDeadlineAfter(CALL_SECONDS, TimeUnit.SECONDS);
  }

  /** For what was; with a limit, since all nodes are asked. */
  LedgerGrpc.LedgerBlockingStub ledger() {
    return LedgerGrpc.newBlockingStub(channel).withDeadlineAfter(CALL_SECONDS, TimeUnit.SECONDS);
  }

  @Override
  public void close() {
    channel.shutdownNow();
    try {
      // What it still does runs on the loop.
      channel.awaitTermination(1, TimeUnit.SECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    loop.shutdownGracefully(0, 0, TimeUnit.SECONDS).awaitUninterruptibly(1, TimeUnit.SECONDS);
  }
}
