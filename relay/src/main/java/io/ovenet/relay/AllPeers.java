package io.ovenet.relay;

import io.grpc.Channel;
import io.grpc.Context;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.ServerCallStreamObserver;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Function;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One question put to the agents of all nodes, some at a time; their answers go to the client as
 * they come. Used by one call.
 *
 * @param <T> a message of the answer
 */
final class AllPeers<T> {
  private static final Logger LOG = LoggerFactory.getLogger(AllPeers.class);
  private static final int AT_A_TIME = 8;
  private static final long PATIENCE_NANOS = TimeUnit.MILLISECONDS.toNanos(20);

  private final String what;
  private final ServerCallStreamObserver<T> client;
  private final Function<Channel, Iterator<T>> question;
  private final ReentrantLock sending = new ReentrantLock();

  private AllPeers(
      String what, ServerCallStreamObserver<T> client, Function<Channel, Iterator<T>> question) {
    this.what = what;
    this.client = client;
    this.question = question;
  }

  /**
   * Asks on threads of its own; comes back at once.
   *
   * @param what is asked for, for the log
   * @param question has a deadline
   * @param last what is said at the end: given the names of the nodes that did not answer, or broke
   *     off, sorted
   */
  static <T> void ask(
      String what,
      PeerDirectory directory,
      ServerCallStreamObserver<T> client,
      Function<Channel, Iterator<T>> question,
      Function<List<String>, T> last) {
    client.setOnCancelHandler(() -> {}); // looked at where something is sent
    var context = Context.current();
    var asked = new AllPeers<>(what, client, question);
    Thread.ofVirtual()
        .name("all-peers")
        .start(() -> context.run(() -> asked.all(List.copyOf(directory.peers()), last)));
  }

  private void all(List<Peer> peers, Function<List<String>, T> last) {
    var unavailable = Collections.synchronizedList(new ArrayList<String>());
    var places = new Semaphore(AT_A_TIME);
    var threads = new ArrayList<Thread>();
    var context = Context.current();
    for (Peer peer : peers) {
      threads.add(
          Thread.ofVirtual()
              .name("peer-" + peer.name())
              .start(
                  () ->
                      context.run(
                          () -> {
                            places.acquireUninterruptibly();
                            try {
                              if (!one(peer)) {
                                unavailable.add(peer.name());
                              }
                            } finally {
                              places.release();
                            }
                          })));
    }
    try {
      for (Thread thread : threads) {
        thread.join();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      client.onError(Status.CANCELLED.asRuntimeException());
      return;
    }
    if (!client.isCancelled()) {
      client.onNext(last.apply(unavailable.stream().sorted().toList()));
      client.onCompleted();
    }
  }

  /** Whether the node told all that it has. */
  private boolean one(Peer peer) {
    var channel = peer.channel();
    if (channel == null || !peer.isConnected()) {
      return false;
    }
    try {
      var answers = question.apply(channel);
      while (answers.hasNext()) {
        send(answers.next());
      }
      return true;
    } catch (StatusRuntimeException e) {
      if (!client.isCancelled()) {
        LOG.warn("{} of {} is not to be had: {}", what, peer.name(), e.getStatus());
      }
      return false;
    }
  }

  private void send(T answer) {
    sending.lock();
    try {
      while (!client.isReady() && !client.isCancelled()) {
        LockSupport.parkNanos(PATIENCE_NANOS);
      }
      if (client.isCancelled()) {
        throw Status.CANCELLED.asRuntimeException();
      }
      client.onNext(answer);
    } finally {
      sending.unlock();
    }
  }
}
