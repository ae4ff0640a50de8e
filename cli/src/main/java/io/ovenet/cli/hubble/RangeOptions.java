package io.ovenet.cli.hubble;

import com.google.protobuf.Timestamp;
import java.time.Instant;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** How much of what a server holds is asked for. */
final class RangeOptions {
  static final long DEFAULT_LAST = 20;

  @Option(names = "--last", paramLabel = "N", description = "The newest N (default: 20).")
  @Nullable Long last;

  @Option(names = "--all", description = "All that the server holds.")
  boolean all;

  @Option(
      names = {"-f", "--follow"},
      description = "Goes on as they come.")
  boolean follow;

  @Option(names = "--since", paramLabel = "TIME", description = "Not older: 5m, or a date.")
  private @Nullable String since;

  @Option(names = "--until", paramLabel = "TIME", description = "Not younger: 5m, or a date.")
  private @Nullable String until;

  /** Whether a time is named. */
  boolean isTimed() {
    return since != null || until != null;
  }

  @Nullable Timestamp since(Instant now) {
    return since == null ? null : Times.parse(since, "--since", now);
  }

  @Nullable Timestamp until(Instant now) {
    return until == null ? null : Times.parse(until, "--until", now);
  }
}
