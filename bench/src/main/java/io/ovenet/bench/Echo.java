package io.ovenet.bench;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.AsynchronousCloseException;
import java.nio.channels.DatagramChannel;
import java.util.concurrent.locks.LockSupport;

/** A pod that sends every datagram back to where it came from. */
final class Echo implements AutoCloseable {
  private static final int PORT = 7;
  private static final long PAUSE_NANOS = 500_000;
  private static final long CEILING_NANOS = 30_000_000_000L;

  private final DatagramChannel server;
  private final InetSocketAddress address;

  Echo(BenchPod pod) throws IOException {
    address = new InetSocketAddress(pod.address(), PORT);
    server = pod.inside().call(() -> DatagramChannel.open().bind(address));
    Thread.ofPlatform().daemon().name("echo").start(this::serve);
  }

  private void serve() {
    ByteBuffer datagram = ByteBuffer.allocateDirect(64);
    try {
      while (true) {
        SocketAddress sender = server.receive(datagram.clear());
        server.send(datagram.flip(), sender);
      }
    } catch (AsynchronousCloseException ended) {
      return;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Sends from the pod until an answer comes back. */
  void await(BenchPod pod) throws IOException {
    try (DatagramChannel channel = pod.inside().call(DatagramChannel::open)) {
      channel.connect(address);
      channel.configureBlocking(false);
      ByteBuffer one = ByteBuffer.allocateDirect(1);
      long end = System.nanoTime() + CEILING_NANOS;
      while (System.nanoTime() < end) {
        channel.write(one.clear());
        for (int i = 0; i < 4; i++) {
          if (channel.read(one.clear()) == 1) {
            return;
          }
          LockSupport.parkNanos(PAUSE_NANOS);
        }
      }
      throw new IOException("no answer to " + pod.address() + " from " + address);
    }
  }

  @Override
  public void close() throws IOException {
    server.close();
  }
}
