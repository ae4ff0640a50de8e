package io.ovenet.flow;

import io.ovenet.api.flow.FlowFilter;
import java.time.Duration;
import java.util.List;

/**
 * What is exported to a file, as an entry of Hubble's flowlogs file says it.
 *
 * @param path of the file; {@code stdout}: the agent's standard output
 * @param fieldMask what of each flow; empty: everything
 * @param aggregate fields in which flows are alike and made one; empty: every flow is written
 * @param interval after which those that were made one are written; zero where none are
 * @param include one of which has to match; empty: all do
 * @param exclude none of which may match
 * @param maxBytes at which a file is turned
 * @param backups turned files that stay
 * @param compress turned files are compressed with gzip
 * @param end nanoseconds since 1970; {@link Long#MAX_VALUE}: never
 */
public record FlowLogConfig(
    String name,
    String path,
    List<String> fieldMask,
    List<String> aggregate,
    Duration interval,
    List<FlowFilter> include,
    List<FlowFilter> exclude,
    long maxBytes,
    int backups,
    boolean compress,
    long end) {
  /** Upstream's, where nothing is said. */
  public static final int DEFAULT_MEGABYTES = 10;

  public static final int DEFAULT_BACKUPS = 5;

  public FlowLogConfig {
    fieldMask = List.copyOf(fieldMask);
    aggregate = List.copyOf(aggregate);
    include = List.copyOf(include);
    exclude = List.copyOf(exclude);
  }
}
