package io.ovenet.agent;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.AsynchronousCloseException;
import java.nio.channels.DatagramChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;

/**
 * A stream of numbered datagrams from a pod to a port of another, slow enough that none is lost by
 * itself: the receiver's buffer holds those of some seconds.
 */
final class NumberedDatagrams implements AutoCloseable {
  private static final Duration PAUSE = Duration.ofMillis(4);

  private final NodeFixture.Pod destination;
  private final long lossesBefore;
  private final DatagramChannel from;
  private final DatagramChannel at;
  private final AtomicLong sent = new AtomicLong();

  /** Guarded by itself. */
  private final BitSet arrived = new BitSet();

  private final AtomicBoolean stopped = new AtomicBoolean();
  private final Thread sender;
  private final Thread receiver;

  /** Starts the stream. */
  NumberedDatagrams(NodeFixture.Pod source, NodeFixture.Pod destination, int port)
      throws IOException {
    this.destination = destination;
    lossesBefore = lossesOfKernel();
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
    try {
      while (true) {
        at.receive(number.clear());
        synchronized (arrived) {
          arrived.set((int) number.flip().getLong());
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
    synchronized (arrived) {
      return arrived.cardinality();
    }
  }

  /** The numbers of those sent that have not arrived. */
  BitSet missing() {
    var missing = new BitSet();
    missing.set(0, (int) sent());
    synchronized (arrived) {
      missing.andNot(arrived);
    }
    return missing;
  }

  /**
   * How many packets, of whomever, the kernel has thrown away since the stream began, for want of
   * room in its queues: the processors' (netdev_max_backlog) or the receiving namespace's sockets'.
   * What policy drops is not among them.
   */
  long kernelsLosses() {
    return lossesOfKernel() - lossesBefore;
  }

  private long lossesOfKernel() {
    try {
      long losses = 0;
      for (var processor : Files.readAllLines(Path.of("/proc/net/softnet_stat"))) {
        losses += Long.parseLong(processor.split(" ", -1)[1], 16);
      }
      return losses + destination.inside.call(NumberedDatagrams::lossesOfSockets);
    } catch (IOException failure) {
      throw new UncheckedIOException(failure);
    }
  }

  /** RcvbufErrors of UDP, in the namespace of the thread that asks. */
  private static long lossesOfSockets() throws IOException {
    var udp = new ArrayList<String[]>();
    for (var line : Files.readAllLines(Path.of("/proc/thread-self/net/snmp"))) {
      if (line.startsWith("Udp:")) {
        udp.add(line.split(" ", -1));
      }
    }
    return Long.parseLong(udp.get(1)[List.of(udp.get(0)).indexOf("RcvbufErrors")]);
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
