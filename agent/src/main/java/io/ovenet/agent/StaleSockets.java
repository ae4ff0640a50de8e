package io.ovenet.agent;

import io.ovenet.bpf.KernelException;
import io.ovenet.bpf.NetworkNamespace;
import io.ovenet.bpf.SocketDiag;
import io.ovenet.datapath.SocketKey;
import io.ovenet.datapath.SocketPrograms;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Ends connected sockets of this node and its pods whose service's backend is gone, so that their
 * programs are told at once instead of speaking into the void. Has a thread of its own.
 */
final class StaleSockets implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(StaleSockets.class);

  /** Changes within this time are one: every look costs a walk over what sockets called. */
  private static final Duration TOGETHER = Duration.ofMillis(100);

  /** After which one is looked for again, as one that was just connecting may have been missed. */
  private static final Duration AGAIN = Duration.ofSeconds(1);

  private static final int EOPNOTSUPP = 95;

  private final Path pins;
  private final Supplier<List<String>> namespaces;
  private final LinkedBlockingQueue<Set<Integer>> gone = new LinkedBlockingQueue<>();
  private final Thread thread;
  private volatile boolean closed;

  /**
   * Starts the thread.
   *
   * @param pins directory of the datapath's pins
   * @param namespaces files of the network namespaces of this node's pods
   */
  StaleSockets(Path pins, Supplier<List<String>> namespaces) {
    this.pins = pins;
    this.namespaces = namespaces;
    thread = Thread.ofVirtual().name("stale-sockets").start(this::run);
  }

  /** Backends are gone, by their numbers. */
  void gone(Collection<Integer> backends) {
    if (!closed) {
      gone.add(Set.copyOf(backends));
    }
  }

  private void run() {
    Set<Integer> before = Set.of();
    try {
      while (!closed) {
        @Nullable Set<Integer> first =
            before.isEmpty() ? gone.take() : gone.poll(AGAIN.toMillis(), TimeUnit.MILLISECONDS);
        Thread.sleep(TOGETHER);
        var now = new HashSet<Integer>();
        for (var each = first; each != null; each = gone.poll()) {
          now.addAll(each);
        }
        before.forEach(now::add);
        if (!closed && !now.isEmpty()) {
          tryToEnd(now);
        }
        before = first == null ? Set.of() : now;
      }
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
    }
  }

  private void tryToEnd(Set<Integer> backends) {
    try {
      end(backends);
    } catch (KernelException e) {
      boolean never = e.errno() == EOPNOTSUPP;
      if (never) {
        closed = true;
      }
      log.warn(
          "sockets whose service's backend is gone are left to time out: {}{}",
          e.getMessage(),
          never ? "; a kernel with CONFIG_INET_DIAG_DESTROY ends them" : "");
    } catch (RuntimeException e) {
      log.error("sockets whose service's backend is gone are left to time out", e);
    }
  }

  private void end(Set<Integer> backends) {
    var calls = new HashSet<SocketKey>();
    SocketPrograms.calls(pins)
        .forEach(
            (socket, called) -> {
              if (backends.contains(called.backend())) {
                calls.add(socket);
              }
            });
    if (calls.isEmpty()) {
      return;
    }
    int ended = endHere(calls);
    for (var file : Set.copyOf(namespaces.get())) {
      try (var namespace = NetworkNamespace.open(Path.of(file))) {
        ended += namespace.call(() -> endHere(calls));
      } catch (KernelException e) {
        if (e.errno() == EOPNOTSUPP) {
          throw e;
        }
        // The pod is going, and its sockets with it.
        log.debug("sockets in {}: {}", file, e.getMessage());
      }
    }
    if (ended > 0) {
      log.info("{} sockets ended, whose services' backends are gone", ended);
    }
  }

  private static int endHere(Set<SocketKey> calls) {
    int ended = 0;
    var protocols = new HashSet<Integer>();
    calls.forEach(call -> protocols.add(call.protocol()));
    try (var sockets = SocketDiag.open()) {
      for (int protocol : protocols) {
        for (var socket : sockets.connected(protocol)) {
          var key = new SocketKey(socket.peer(), socket.cookie(), socket.peerPort(), protocol);
          if (calls.contains(key) && sockets.destroy(socket)) {
            ended++;
          }
        }
      }
    }
    return ended;
  }

  @Override
  public void close() {
    closed = true;
    gone.add(Set.of());
    try {
      thread.join();
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
    }
  }
}
