package io.ovenet.agent;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.AsynchronousCloseException;
import java.nio.channels.DatagramChannel;
import java.time.Duration;
import java.util.BitSet;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;

/**
 * A stream of numbered datagrams from a pod to a port of another, slow enough that none is lost by
 * itself: the receiver's buffer holds those of some seconds.
 */
final class NumberedDatagrams implements AutoCloseable {
  private static final Duration PAUSE = Duration.ofMillis(4);

  private final DatagramChannel from;
  private final DatagramChannel at;
  private final AtomicLong sent = new AtomicLong();
  private final AtomicLong received = new AtomicLong();
  private final AtomicBoolean stopped = new AtomicBoolean();
  private final Thread sender;
  private final Thread receiver;

  /** Starts the stream. */
  NumberedDatagrams(NodeFixture.Pod source, NodeFixture.Pod destination, int port)
      throws IOException {
    at =
        destination.inside.call(
            () -> {
              var channel = DatagramChannel.open();
              channel.setOption(StandardSocketOptions.SO_RCVBUF, 1 << 20);
              return channel.bind(new InetSocketAddress(port));
            });
    from = source.inside.call(DatagramChannel::open);
    var target = new InetSocketAddress(destination.address, port);
    receiver = Thread.ofPlatform().daemon().name("receiver-" + port).start(this::receive);
    sender = Thread.ofPlatform().daemon().name("sender-" + port).start(() -> send(target));
  }

  private void send(InetSocketAddress target) {
    var number = ByteBuffer.allocate(8);
    while (!stopped.get()) {
      try {
        number.clear().putLong(sent.get()).flip();
        from.send(number, target);
        sent.incrementAndGet();
      } catch (IOException failure) {
        throw new UncheckedIOException(failure);
      }
      LockSupport.parkNanos(PAUSE.toNanos());
    }
  }

  private void receive() {
    var number = ByteBuffer.allocate(8);
    var seen = new BitSet();
    try {
      while (true) {
        at.receive(number.clear());
        int value = (int) number.flip().getLong();
        if (!seen.get(value)) {
          seen.set(value);
          received.incrementAndGet();
        }
      }
    } catch (AsynchronousCloseException closed) {
      return;
    } catch (IOException failure) {
      throw new UncheckedIOException(failure);
    }
  }

  /** How many were sent. */
  long sent() {
    return sent.get();
  }

  /** How many different ones have arrived. */
  long received() {
    return received.get();
  }

  /** Whether of the datagrams sent while this looks, enough to tell, none arrives. */
  boolean stands() {
    long receivedBefore = received();
    long sentBefore = sent();
    NodeFixture.await("the stream goes on", () -> sent() >= sentBefore + 40);
    return received() == receivedBefore;
  }

  /** Sends no more. */
  void stop() {
    stopped.set(true);
    try {
      sender.join();
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  @Override
  public void close() throws IOException {
    stop();
    from.close();
    at.close();
    try {
      receiver.join();
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }
}
