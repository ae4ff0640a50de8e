package io.ovenet.datapath;

import io.ovenet.bpf.BpfException;
import io.ovenet.bpf.BpfProgram;
import io.ovenet.bpf.RunTimes;
import java.time.Duration;
import java.util.SortedMap;
import org.jspecify.annotations.Nullable;

/**
 * How long programs run, in samples: whoever reads has the kernel count for a while, so that
 * packets pay for it only where somebody reads, and then a small part of the time. Thread-safe.
 */
public final class ProgramTimes implements AutoCloseable {
  private final Datapath datapath;
  private final Duration sample;
  private @Nullable RunTimes open;
  private int reads;
  private boolean closed;

  /**
   * Of a node's programs, which stay the caller's.
   *
   * @param sample how long is counted after each read
   */
  public ProgramTimes(Datapath datapath, Duration sample) {
    this.datapath = datapath;
    this.sample = sample;
  }

  /**
   * What was counted in all samples so far, by the programs' names; begins another one.
   *
   * @throws BpfException if the kernel has no such statistics (before Linux 5.8)
   */
  public synchronized SortedMap<String, BpfProgram.Statistics> read() {
    SortedMap<String, BpfProgram.Statistics> counted = datapath.programStatistics();
    if (closed) {
      return counted;
    }
    if (open == null) {
      open = RunTimes.open();
    }
    int read = ++reads;
    Thread.ofVirtual().name("program-times").start(() -> endLater(read));
    return counted;
  }

  private void endLater(int read) {
    try {
      Thread.sleep(sample);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    synchronized (this) {
      if (read == reads) { // else somebody has read since, and ends it
        end();
      }
    }
  }

  private void end() {
    if (open != null) {
      open.close();
      open = null;
    }
  }

  @Override
  public synchronized void close() {
    closed = true;
    end();
  }
}
