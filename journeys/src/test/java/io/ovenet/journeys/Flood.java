package io.ovenet.journeys;

import com.fasterxml.jackson.databind.JsonNode;
import io.ovenet.bpf.NetworkNamespace;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.DatagramChannel;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;

/** Datagrams from a pod to another, each from a port of its own: some thousand a second. */
final class Flood implements AutoCloseable {
  private static final Duration PAUSE = Duration.ofNanos(250_000);
  private static final int PORT = 7009;

  private final NetworkNamespace namespace;
  private final InetSocketAddress target;
  private final AtomicLong sent = new AtomicLong();
  private final AtomicBoolean stopped = new AtomicBoolean();
  private final Thread sender;

  /** Starts it. */
  Flood(JsonNode source, JsonNode destination) {
    target = new InetSocketAddress(InetAddress.ofLiteral(destination.path("ip").asText()), PORT);
    namespace = RunningLab.namespaceOf(source);
    sender =
        Thread.ofPlatform()
            .daemon()
            .name("flood")
            .start(
                () -> {
                  try {
                    namespace.call(this::send);
                  } catch (IOException failure) {
                    throw new UncheckedIOException(failure);
                  }
                });
  }

  private Object send() throws IOException {
    while (!stopped.get()) {
      try (DatagramChannel from = DatagramChannel.open()) {
        from.send(ByteBuffer.allocate(8), target);
        sent.incrementAndGet();
      }
      LockSupport.parkNanos(PAUSE.toNanos());
    }
    return sent;
  }

  /** How many were sent. */
  long sent() {
    return sent.get();
  }

  @Override
  public void close() {
    stopped.set(true);
    try {
      sender.join();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    namespace.close();
  }
}
