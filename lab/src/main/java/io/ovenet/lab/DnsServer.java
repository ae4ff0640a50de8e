package io.ovenet.lab;

import io.ovenet.bpf.NetworkNamespace;
import java.io.DataInputStream;
import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Listens for DNS requests on port 53, UDP and TCP, in a network namespace, each on a thread of its
 * own until it is closed.
 */
final class DnsServer implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(DnsServer.class);
  private static final int PORT = 53;

  /** Without EDNS a client takes no more (RFC 1035, section 4.2.1). */
  private static final int LARGEST_DATAGRAM = 512;

  private static final int LARGEST_MESSAGE = 65_535;
  private static final int SILENCE_MILLIS = 5_000;

  private final DatagramSocket datagrams;
  private final ServerSocket connections;
  private final Answers answers;

  /** What a request is answered. */
  interface Answers {
    /**
     * The answer's bytes, {@code most} at most; null for none.
     *
     * @param request as it came
     */
    byte @Nullable [] to(byte[] request, int most);
  }

  private DnsServer(DatagramSocket datagrams, ServerSocket connections, Answers answers) {
    this.datagrams = datagrams;
    this.connections = connections;
    this.answers = answers;
  }

  /** Listens in the namespace of a process. */
  static DnsServer start(long holder, Answers answers) throws IOException {
    try (NetworkNamespace namespace =
        NetworkNamespace.open(Path.of("/proc", Long.toString(holder), "ns", "net"))) {
      DnsServer server = namespace.call(() -> listen(answers));
      Thread.ofVirtual().name("dns-udp").start(server::serveDatagrams);
      Thread.ofVirtual().name("dns-tcp").start(server::serveConnections);
      return server;
    }
  }

  private static DnsServer listen(Answers answers) throws IOException {
    DatagramSocket datagrams = new DatagramSocket(new InetSocketAddress("0.0.0.0", PORT));
    try {
      ServerSocket connections = new ServerSocket();
      connections.setReuseAddress(true);
      connections.bind(new InetSocketAddress("0.0.0.0", PORT));
      return new DnsServer(datagrams, connections, answers);
    } catch (IOException e) {
      datagrams.close();
      throw e;
    }
  }

  private void serveDatagrams() {
    byte[] buffer = new byte[65_535];
    while (!datagrams.isClosed()) {
      try {
        DatagramPacket packet = new DatagramPacket(buffer, buffer.length);
        datagrams.receive(packet);
        byte[] request = new byte[packet.getLength()];
        System.arraycopy(buffer, 0, request, 0, request.length);
        byte[] answer = answers.to(request, LARGEST_DATAGRAM);
        if (answer != null) {
          datagrams.send(new DatagramPacket(answer, answer.length, packet.getSocketAddress()));
        }
      } catch (IOException e) {
        if (!datagrams.isClosed()) {
          LOG.warn("a DNS request could not be answered: {}", e.toString());
        }
      }
    }
  }

  private void serveConnections() {
    while (!connections.isClosed()) {
      try {
        Socket client = connections.accept();
        Thread.ofVirtual().name("dns-client").start(() -> serve(client));
      } catch (IOException e) {
        if (!connections.isClosed()) {
          LOG.warn("a DNS client could not be taken: {}", e.toString());
        }
      }
    }
  }

  /** Over TCP each message follows its length (RFC 1035, section 4.2.2). */
  private void serve(Socket client) {
    try (client) {
      client.setSoTimeout(SILENCE_MILLIS);
      DataInputStream in = new DataInputStream(client.getInputStream());
      byte[] request = new byte[in.readUnsignedShort()];
      in.readFully(request);
      byte[] answer = answers.to(request, LARGEST_MESSAGE);
      if (answer != null) {
        ByteBuffer out = ByteBuffer.allocate(2 + answer.length);
        client.getOutputStream().write(out.putShort((short) answer.length).put(answer).array());
      }
    } catch (IOException e) {
      LOG.debug("a DNS client went away: {}", e.toString());
    }
  }

  @Override
  public void close() throws IOException {
    datagrams.close();
    connections.close();
  }
}
