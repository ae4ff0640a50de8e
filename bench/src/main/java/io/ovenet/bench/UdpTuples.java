package io.ovenet.bench;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.DatagramChannel;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/**
 * New UDP flows: every datagram has a source and destination port pair of its own, sent from a
 * fixed set of sockets in turn to ever other destination ports.
 */
final class UdpTuples implements AutoCloseable {
  private static final int SOCKETS = 16;
  private static final int FIRST_PORT = 2000;
  private static final int PORTS = 60_000;

  private final Network network;
  private final DatagramChannel[] senders = new DatagramChannel[SOCKETS];
  private int port;

  UdpTuples(Network network) throws IOException {
    this.network = network;
  }

  /** Datagrams a second that the sender got rid of. */
  double rate(Duration time) throws IOException {
    reopen();
    InetSocketAddress[] addresses = new InetSocketAddress[PORTS];
    for (int i = 0; i < PORTS; i++) {
      addresses[i] = new InetSocketAddress(network.serverAddress(), FIRST_PORT + i);
    }
    ByteBuffer one = ByteBuffer.allocateDirect(1);
    long begin = System.nanoTime();
    long end = begin + time.toNanos();
    long count = 0;
    while (System.nanoTime() < end) {
      for (int i = 0; i < 64; i++) {
        one.clear();
        senders[(int) (count / PORTS % SOCKETS)].send(one, addresses[port]);
        port = (port + 1) % PORTS;
        count++;
      }
    }
    return count * 1e9 / (System.nanoTime() - begin);
  }

  /** New sockets have new source ports, so no tuple comes twice. */
  private void reopen() throws IOException {
    close();
    for (int i = 0; i < SOCKETS; i++) {
      senders[i] = network.inClient(DatagramChannel::open);
    }
    LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(1));
  }

  @Override
  public void close() throws IOException {
    for (DatagramChannel sender : senders) {
      if (sender != null) {
        sender.close();
      }
    }
  }
}
