package io.ovenet.agent;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.function.IntSupplier;

/**
 * Numbers of services and backends, none of which is ever given twice on a node: connections and
 * flows may name one long after it is gone. Not thread-safe.
 */
final class ServiceNumbers implements IntSupplier {
  private static final String FILE = "service-numbers";
  private static final int BLOCK = 16_384;

  private final StateFiles state;
  private int next;
  private int reserved;

  ServiceNumbers(StateFiles state) throws IOException {
    this.state = state;
    var before = state.readAll().get(FILE);
    next =
        before == null
            ? 1
            : Integer.parseUnsignedInt(new String(before, StandardCharsets.US_ASCII).strip());
    reserved = next;
  }

  /** What is taken is on disk before it is given. */
  @Override
  public int getAsInt() {
    if (next == reserved) {
      reserved = next + BLOCK;
      try {
        state.write(FILE, Integer.toUnsignedString(reserved).getBytes(StandardCharsets.US_ASCII));
      } catch (IOException e) {
        reserved = next;
        throw new UncheckedIOException("cannot write " + FILE + " in the agent's state", e);
      }
    }
    return next++;
  }
}
