package io.ovenet.bench;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.AsynchronousCloseException;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.time.Duration;

/**
 * One byte there, one byte back over TCP: on one connection (RR), or with a connection for each
 * (CRR). Both ends are threads of this process; pin the process to one processor for steady ratios.
 */
final class RequestResponse implements AutoCloseable {
  private final Network network;
  private final ServerSocketChannel server;
  private final InetSocketAddress address;
  private int aborted;

  RequestResponse(Network network, int port) throws IOException {
    this.network = network;
    address = new InetSocketAddress(network.serverAddress(), port);
    server =
        network.inServer(
            () -> {
              ServerSocketChannel channel = ServerSocketChannel.open();
              channel.setOption(StandardSocketOptions.SO_REUSEADDR, true);
              return channel.bind(address, 1024);
            });
    Thread.ofPlatform().daemon().name("rr-server").start(this::serve);
  }

  private void serve() {
    ByteBuffer one = ByteBuffer.allocateDirect(1);
    while (server.isOpen()) {
      try (SocketChannel connection = server.accept()) {
        connection.setOption(StandardSocketOptions.TCP_NODELAY, true);
        while (connection.read(one.clear()) == 1) {
          connection.write(one.flip());
        }
        aborted = 0;
      } catch (AsynchronousCloseException ended) {
        return;
      } catch (IOException failure) {
        // A client that ends its time slice in the middle of an exchange; many in a row are not.
        if (++aborted > 100) {
          throw new UncheckedIOException(
              "the server's end of " + network.name() + " fails", failure);
        }
      }
    }
  }

  /** Transactions a second on one connection. */
  double rr(Duration time) throws IOException {
    try (SocketChannel connection = connect()) {
      ByteBuffer one = ByteBuffer.allocateDirect(1);
      long begin = System.nanoTime();
      long end = begin + time.toNanos();
      long count = 0;
      while (System.nanoTime() < end) {
        exchange(connection, one);
        count++;
      }
      return count * 1e9 / (System.nanoTime() - begin);
    }
  }

  /** Connections a second, each opened, used for one exchange, and closed. */
  double crr(Duration time) throws IOException {
    return network.inClient(
        () -> {
          ByteBuffer one = ByteBuffer.allocateDirect(1);
          long begin = System.nanoTime();
          long end = begin + time.toNanos();
          long count = 0;
          while (System.nanoTime() < end) {
            try (SocketChannel connection = SocketChannel.open(address)) {
              exchange(connection, one);
            }
            count++;
          }
          return count * 1e9 / (System.nanoTime() - begin);
        });
  }

  private SocketChannel connect() throws IOException {
    SocketChannel connection = network.inClient(() -> SocketChannel.open(address));
    connection.setOption(StandardSocketOptions.TCP_NODELAY, true);
    return connection;
  }

  private static void exchange(SocketChannel connection, ByteBuffer one) throws IOException {
    one.clear();
    connection.write(one);
    if (connection.read(one.clear()) != 1) {
      throw new ClosedChannelException();
    }
  }

  @Override
  public void close() throws IOException {
    server.close();
  }
}
