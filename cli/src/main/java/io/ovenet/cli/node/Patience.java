package io.ovenet.cli.node;

import java.io.IOException;
import java.nio.channels.SocketChannel;
import java.time.Duration;

/**
 * Closes a connection on which nothing has been heard for too long: a process that stands still
 * accepts connections as ever.
 */
final class Patience implements AutoCloseable {
  private final SocketChannel channel;
  private final Duration longest;
  private final Thread watch;
  private volatile long heardAt = System.nanoTime();
  private volatile boolean busy;
  private volatile boolean over;

  Patience(SocketChannel channel, Duration longest) {
    this.channel = channel;
    this.longest = longest;
    watch = Thread.ofVirtual().name("patience").start(this::run);
  }

  /** Something came. */
  void heard() {
    heardAt = System.nanoTime();
  }

  /** While what came is being looked at, nobody waits for more. */
  void busy(boolean now) {
    heard();
    busy = now;
  }

  /** Whether the connection was closed for silence. */
  boolean isOver() {
    return over;
  }

  private void run() {
    try {
      long left = longest.toNanos();
      while (left > 0) {
        Thread.sleep(Duration.ofNanos(left));
        left = busy ? longest.toNanos() : longest.toNanos() - (System.nanoTime() - heardAt);
      }
      over = true;
      channel.close();
    } catch (InterruptedException _) {
      // It was answered.
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }

  @Override
  public void close() {
    watch.interrupt();
  }
}
