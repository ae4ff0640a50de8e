package io.ovenet.flow;

import com.google.protobuf.InvalidProtocolBufferException;
import io.ovenet.api.observer.GetFlowsResponse;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Writes flows to a file, a line of JSON each, as they come. It reads the ring as any client does:
 * what it is too slow for is told in the file as lost, and holds nobody up. Where the disk takes
 * nothing, lines are counted as lost, which is logged once, and it is tried again each second.
 *
 * <p>Two threads of its own from {@link #start} to {@link #close}; one of them writes what is there
 * each second.
 */
final class FlowExporter implements FlowReceiver, AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(FlowExporter.class);
  private static final int BUFFER = 64 << 10;
  private static final long SECOND = TimeUnit.SECONDS.toNanos(1);

  private final FlowLogConfig config;
  private final FlowStream stream;
  private final @Nullable RotatedFile file;

  /** Null: every flow is written. */
  private final @Nullable FlowAggregate aggregate;

  private final ByteArrayOutputStream lines = new ByteArrayOutputStream(BUFFER);
  private final AtomicLong written = new AtomicLong();
  private final AtomicLong lost = new AtomicLong();
  private final Thread streaming;
  private final Thread flushing;
  private int pending;
  private boolean failing;
  private long tryAgainAt;
  private long aggregateAt;
  private volatile boolean closed;
  private volatile boolean ended;

  /**
   * An exporter that isn't started.
   *
   * @throws IllegalArgumentException saying what is wrong with a filter or the mask
   */
  FlowExporter(
      FlowLogConfig config,
      FlowRing ring,
      FlowFilters filters,
      String nodeName,
      FlowUuids uuids,
      LongSupplier now) {
    this.config = config;
    var mask = FlowMask.of(config.fieldMask());
    aggregate =
        config.aggregate().isEmpty()
            ? null
            : new FlowAggregate(FlowMask.of(config.aggregate()), mask);
    aggregateAt = System.nanoTime() + config.interval().toNanos();
    var query =
        new FlowQuery(
            null,
            filters.compile(config.include(), config.exclude()),
            aggregate == null ? mask : FlowMask.EVERYTHING,
            0,
            false,
            true,
            null,
            config.end());
    stream = new FlowStream(ring, query, new FlowEncoder(nodeName, uuids, query.mask()), now, this);
    file =
        config.path().equals("stdout")
            ? null
            : new RotatedFile(
                Path.of(config.path()), config.maxBytes(), config.backups(), config.compress());
    streaming = Thread.ofVirtual().name("export-" + config.name()).unstarted(this::run);
    flushing = Thread.ofVirtual().name("flush-" + config.name()).unstarted(this::flushAlways);
  }

  FlowLogConfig config() {
    return config;
  }

  /** All flows from now on. */
  void start() {
    stream.begin();
    streaming.start();
    flushing.start();
  }

  private void run() {
    try {
      stream.run();
    } catch (RuntimeException e) {
      LOG.error("the export {} has ended", config.name(), e);
      ended = true;
    }
  }

  @Override
  public boolean isReady() {
    return true;
  }

  @Override
  public boolean isGone() {
    return closed;
  }

  @Override
  public void take(byte[] bytes) {
    GetFlowsResponse response;
    try {
      response = GetFlowsResponse.parseFrom(bytes);
    } catch (InvalidProtocolBufferException e) {
      throw new IllegalStateException("what the encoder writes is no response", e);
    }
    synchronized (this) {
      if (aggregate == null || !response.hasFlow()) {
        line(response);
      } else if (aggregate.add(response)) {
        writeAggregate();
      }
    }
  }

  /** Called with the lock held. */
  private void line(GetFlowsResponse response) {
    byte[] line = (FlowJson.of(response) + "\n").getBytes(StandardCharsets.UTF_8);
    if (lines.size() + line.length > BUFFER && pending > 0) {
      flush();
    }
    lines.write(line, 0, line.length);
    pending++;
  }

  /** Called with the lock held. */
  private void writeAggregate() {
    if (aggregate != null) {
      aggregate.take().forEach(this::line);
      aggregateAt = System.nanoTime() + config.interval().toNanos();
    }
  }

  @Override
  public void end() {
    synchronized (this) {
      writeAggregate();
      flush();
    }
    ended = true; // once all of it is in the file
  }

  private void flushAlways() {
    try {
      while (!closed) {
        Thread.sleep(TimeUnit.NANOSECONDS.toMillis(SECOND));
        synchronized (this) {
          if (System.nanoTime() - aggregateAt >= 0) {
            writeAggregate();
          }
          flush();
        }
      }
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
    }
  }

  /** Writes what is there, or counts it as lost. Called with the lock held. */
  private void flush() {
    if (pending == 0) {
      return;
    }
    if (failing && System.nanoTime() - tryAgainAt < 0) {
      lost.addAndGet(pending);
    } else {
      try {
        if (file == null) {
          System.out.write(lines.toByteArray());
          System.out.flush();
        } else {
          file.write(lines.toByteArray(), lines.size());
        }
        written.addAndGet(pending);
        if (failing) {
          LOG.info("flows are exported to {} again; {} were lost", config.path(), lost.get());
        }
        failing = false;
      } catch (IOException e) {
        lost.addAndGet(pending);
        if (!failing) {
          LOG.error(
              "flows cannot be exported to {} ({}): they are lost there until it is possible again;"
                  + " make room, or export fewer (includeFilters, fileMaxBackups)",
              config.path(),
              e.toString());
        }
        failing = true;
        tryAgainAt = System.nanoTime() + SECOND;
      }
    }
    lines.reset();
    pending = 0;
  }

  /** Not after its end. */
  boolean isActive() {
    return !ended && !closed;
  }

  /** Lines that are in files. */
  long written() {
    return written.get();
  }

  /** Lines that the disk did not take. */
  long lost() {
    return lost.get();
  }

  /** Writes what is there, and ends. */
  @Override
  public void close() {
    closed = true;
    java.util.concurrent.locks.LockSupport.unpark(streaming);
    flushing.interrupt();
    try {
      streaming.join();
      flushing.join();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    synchronized (this) {
      writeAggregate();
      flush();
      try {
        if (file != null) {
          file.close();
        }
      } catch (IOException e) {
        LOG.warn("{} could not be closed: {}", config.path(), e.toString());
      }
    }
  }
}
