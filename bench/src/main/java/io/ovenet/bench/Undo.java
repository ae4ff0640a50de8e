package io.ovenet.bench;

import java.io.IOException;
import java.util.ArrayDeque;
import java.util.concurrent.locks.LockSupport;

/**
 * What a benchmark has to take away again, the latest first: when closed, and when the process is
 * ended (Ctrl-C, SIGTERM) at whatever moment. Thread-safe.
 *
 * <p>INVARIANT: making and undoing exclude each other, so that nothing is made which nobody undoes.
 * What takes long is therefore not made in here.
 */
final class Undo implements AutoCloseable {
  private final String what;
  private final ArrayDeque<AutoCloseable> steps = new ArrayDeque<>();
  private final Thread hook = Thread.ofPlatform().name("undo").unstarted(this::atTheProcessEnd);
  private boolean ended;
  private boolean processEnds;

  /** Makes something; what a failure leaves half made it takes away itself. */
  interface Making<T> {
    T make() throws IOException;
  }

  /** Takes away what was made. */
  interface Undoing<T> {
    void undo(T made) throws Exception;
  }

  /**
   * With nothing to undo so far.
   *
   * @param what it is that is taken down, for errors
   */
  Undo(String what) {
    this.what = what;
    Runtime.getRuntime().addShutdownHook(hook);
  }

  synchronized <T> T make(Making<T> making, Undoing<T> undoing) throws IOException {
    while (processEnds) {
      LockSupport.park(this); // until it has ended
    }
    if (ended) {
      throw new IllegalStateException(what + " is taken down already");
    }
    T made = making.make();
    steps.push(() -> undoing.undo(made));
    return made;
  }

  /** Makes what only has to be closed. */
  <T extends AutoCloseable> T keep(Making<T> making) throws IOException {
    return make(making, AutoCloseable::close);
  }

  private synchronized void undo() throws IOException {
    if (ended) {
      return;
    }
    ended = true;
    IOException failed = null;
    while (!steps.isEmpty()) {
      try {
        steps.pop().close();
      } catch (Exception e) { // each step has its turn, whatever the others came to
        if (failed == null) {
          failed = new IOException("take down " + what + ": something may be left", e);
        } else {
          failed.addSuppressed(e);
        }
      }
    }
    if (failed != null) {
      throw failed;
    }
  }

  private synchronized void atTheProcessEnd() {
    processEnds = true;
    try {
      undo();
    } catch (IOException failed) {
      System.err.println("ovenet bench: " + failed.getMessage() + ": " + failed.getCause());
      for (Throwable other : failed.getSuppressed()) {
        System.err.println("ovenet bench: and " + other);
      }
    }
  }

  @Override
  public void close() throws IOException {
    undo();
    try {
      Runtime.getRuntime().removeShutdownHook(hook);
    } catch (IllegalStateException ending) {
      // The hook finds nothing left to do.
    }
  }
}
