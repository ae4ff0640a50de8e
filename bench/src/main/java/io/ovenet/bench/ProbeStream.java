package io.ovenet.bench;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.AsynchronousCloseException;
import java.nio.channels.DatagramChannel;
import java.util.concurrent.atomic.AtomicLongArray;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * Numbered datagrams from one pod to another, one about every 100 µs while a change is under way:
 * of one connection, or each of a new one. A datagram is judged within its own send, so the time of
 * its verdict is between the times before and after that.
 */
final class ProbeStream implements AutoCloseable {
  static final int PORT = 9000;

  private static final int MOST = 200_000;
  private static final long EVERY_NANOS = 100_000;

  /** What a timer of the kernel is late by. */
  private static final long SLACK_NANOS = 55_000;

  private final BenchPod client;
  private final DatagramChannel receiver;
  private final InetSocketAddress address;
  private final boolean fresh;
  private final AtomicLongArray arrived = new AtomicLongArray(MOST);
  private final AtomicLongArray sentAfter = new AtomicLongArray(MOST);
  private volatile int next;
  private volatile boolean paused = true;
  private volatile boolean ended;
  private volatile @Nullable IOException failure;

  /**
   * @param fresh whether each datagram is the first of a connection
   */
  ProbeStream(BenchPod client, BenchPod server, boolean fresh) throws IOException {
    this.client = client;
    this.fresh = fresh;
    address = new InetSocketAddress(server.address(), PORT);
    receiver =
        server
            .inside()
            .call(
                () ->
                    DatagramChannel.open()
                        .setOption(StandardSocketOptions.SO_RCVBUF, 4 << 20)
                        .bind(address));
    Thread.ofPlatform().daemon().name("probe-receiver").start(this::receive);
    Thread.ofPlatform().daemon().name("probe-sender").start(this::sendInside);
  }

  private void receive() {
    ByteBuffer datagram = ByteBuffer.allocateDirect(8);
    try {
      while (true) {
        receiver.receive(datagram.clear());
        arrived.set(datagram.getInt(0), System.nanoTime());
      }
    } catch (AsynchronousCloseException end) {
      return;
    } catch (IOException e) {
      failure = e;
    }
  }

  private void sendInside() {
    try {
      client
          .inside()
          .call(
              () -> {
                send();
                return true;
              });
    } catch (IOException e) {
      failure = e;
    }
  }

  private void send() throws IOException {
    ByteBuffer datagram = ByteBuffer.allocateDirect(4);
    try (DatagramChannel lasting = DatagramChannel.open()) {
      lasting.connect(address);
      while (!ended) {
        if (paused) {
          LockSupport.parkNanos(EVERY_NANOS);
          continue;
        }
        long begin = System.nanoTime();
        int number = next;
        datagram.clear().putInt(0, number);
        if (fresh) {
          try (DatagramChannel once = DatagramChannel.open()) {
            once.send(datagram, address);
          }
        } else {
          lasting.write(datagram);
        }
        sentAfter.set(number, System.nanoTime());
        next = number + 1;
        long left = EVERY_NANOS - SLACK_NANOS - (System.nanoTime() - begin);
        if (left > 0) {
          LockSupport.parkNanos(left);
        }
      }
    }
  }

  /** Begins to send, and numbers from 0. */
  void resume() {
    arrivedReset();
    next = 0;
    paused = false;
  }

  private void arrivedReset() {
    for (int i = 0; i < next; i++) {
      arrived.set(i, 0);
    }
  }

  /** Ends sending for now; what was sent has arrived when this returns, or never will. */
  void pause() throws IOException {
    paused = true;
    LockSupport.parkNanos(2_000_000);
    IOException e = failure;
    if (e != null) {
      throw new IOException("the probes failed", e);
    }
  }

  /** Waits until the last {@code count} probes older than a millisecond all fared so. */
  void awaitFate(boolean passes, int count) throws IOException {
    long ceiling = System.nanoTime() + 20_000_000_000L;
    while (true) {
      long settled = System.nanoTime() - 1_000_000;
      int same = 0;
      int at = next - 1;
      while (at >= 0 && sentAfter.get(at) > settled) {
        at--;
      }
      while (at >= 0 && same < count && (arrived.get(at) != 0) == passes) {
        same++;
        at--;
      }
      if (same >= count) {
        return;
      }
      if (System.nanoTime() > ceiling || next >= MOST - 1) {
        throw new IOException("probes never " + (passes ? "passed" : "stopped") + "; " + failure);
      }
      LockSupport.parkNanos(500_000);
    }
  }

  /** When the first of the probes that fared so to the end had its verdict; to be paused before. */
  long firstOf(boolean passes) {
    int at = next - 1;
    while (at > 0 && (arrived.get(at - 1) != 0) == passes) {
      at--;
    }
    return sentAfter.get(at);
  }

  @Override
  public void close() throws IOException {
    ended = true;
    receiver.close();
  }
}
