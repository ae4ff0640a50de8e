package io.ovenet.bench;

import io.ovenet.bpf.NetworkNamespace;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.nio.ByteBuffer;
import java.nio.channels.DatagramChannel;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.LockSupport;

/**
 * New UDP tuples at a rate: each datagram from the next pod to another address and port outside,
 * none of which comes twice. For one thread.
 */
final class TupleFlood implements AutoCloseable {
  /** Where they go: addresses of 198.18.0.0/15, which RFC 2544 has for benchmarks. */
  static final String OUTSIDE = "198.18.0.1/15";

  static final int ADDRESSES = 10_000;

  private static final int FIRST_PORT = 1024;
  private static final int BURST = 32;
  private static final int PRIME = 7919; // so that a pod's next address is another one
  private static final long PAUSE_NANOS = 20_000;

  private final List<DatagramChannel> senders = new ArrayList<>();
  private final InetAddress[] addresses = new InetAddress[ADDRESSES];
  private final ByteBuffer one = ByteBuffer.allocateDirect(1);
  private long next;

  TupleFlood(List<BenchPod> pods) throws IOException {
    for (int i = 0; i < ADDRESSES; i++) {
      addresses[i] = address(i);
    }
    try {
      for (BenchPod pod : pods) {
        NetworkNamespace inside = pod.inside();
        senders.add(inside.call(DatagramChannel::open));
      }
    } catch (IOException e) {
      close();
      throw e;
    }
  }

  private static InetAddress address(int index) throws UnknownHostException {
    return InetAddress.getByAddress(new byte[] {(byte) 198, 19, (byte) (index >> 8), (byte) index});
  }

  /** Sends; returns how many. */
  long send(double aSecond, Duration time) throws IOException {
    long all = Math.round(aSecond * time.toNanos() / 1e9);
    long begin = System.nanoTime();
    long sent = 0;
    while (sent < all) {
      long due = Math.min(all, (long) ((System.nanoTime() - begin) * aSecond / 1e9));
      if (due - sent < BURST && due < all) {
        LockSupport.parkNanos(PAUSE_NANOS);
        continue;
      }
      // So far behind, the machine does not give more: what was asked for is not made up for.
      if (System.nanoTime() - begin > time.toNanos() * 3 / 2) {
        break;
      }
      for (int i = 0; i < BURST && sent < all; i++) {
        sendOne();
        sent++;
      }
    }
    return sent;
  }

  private void sendOne() throws IOException {
    int pod = (int) (next % senders.size());
    long turn = next / senders.size();
    next++;
    InetAddress to = addresses[(int) ((turn * PRIME + pod) % ADDRESSES)];
    one.clear();
    senders.get(pod).send(one, new InetSocketAddress(to, FIRST_PORT + (int) (turn / ADDRESSES)));
  }

  @Override
  public void close() throws IOException {
    for (DatagramChannel sender : senders) {
      sender.close();
    }
  }
}
