package io.ovenet.cli.hubble;

import io.ovenet.api.ledger.LedgerEntry;
import java.time.Instant;
import java.util.List;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Which server's ledger is asked, of what time and which namespaces. */
public final class LedgerOptions {
  @Mixin private HubbleServerOptions server = new HubbleServerOptions();

  @Option(
      names = {"-n", "--namespace"},
      paramLabel = "NAMESPACE",
      description = "Connections from or to it. May be repeated. Default: all.")
  private List<String> namespaces = List.of();

  @Option(
      names = "--since",
      paramLabel = "TIME",
      description = "From when on: so long ago, or a date. Default: ${DEFAULT-VALUE}.")
  private String since;

  /** Without {@code --since} of this time. */
  public LedgerOptions(String since) {
    this.since = since;
  }

  public List<String> namespaces() {
    return namespaces;
  }

  /** As it was written. */
  public String since() {
    return since;
  }

  /** Whether an end of the connection is in one of the namespaces. */
  public boolean isWanted(LedgerEntry entry) {
    return namespaces.isEmpty()
        || namespaces.contains(entry.getSource().getNamespace())
        || namespaces.contains(entry.getDestination().getNamespace());
  }

  /**
   * All of the time, whatever the namespaces.
   *
   * @throws HubbleException if the server does not answer, or that is no time
   */
  public LedgerAnswer ask() {
    return ask(null, _ -> true);
  }

  /**
   * The same.
   *
   * @param until as {@code --until} takes it; null: now
   */
  LedgerAnswer ask(@Nullable String until, Predicate<LedgerEntry> wanted) {
    Instant now = Instant.now();
    try (HubbleClient client = server.connect()) {
      return LedgerAnswer.ask(
          client,
          Times.parse(since, "--since", now),
          until == null ? null : Times.parse(until, "--until", now),
          wanted);
    }
  }
}
