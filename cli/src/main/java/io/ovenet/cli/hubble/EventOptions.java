package io.ovenet.cli.hubble;

import com.google.protobuf.Timestamp;
import java.io.PrintWriter;
import java.time.Instant;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Which of an agent's own events are shown, and how. */
final class EventOptions {
  private static final long DEFAULT_LAST = 20;
  private static final long ALL = -1;

  @Mixin ServerOptions server = new ServerOptions();

  @Option(names = "--last", paramLabel = "N", description = "The newest N (default: 20).")
  private long last;

  @Option(names = "--all", description = "All that the server holds.")
  private boolean all;

  @Option(
      names = {"-f", "--follow"},
      description = "Goes on as they come.")
  boolean follow;

  @Option(names = "--since", paramLabel = "TIME", description = "Not older: 5m, or a date.")
  private @Nullable String since;

  @Option(names = "--until", paramLabel = "TIME", description = "Not younger: 5m, or a date.")
  private @Nullable String until;

  @Mixin private FormOptions output = new FormOptions();

  @Option(names = "--time-format", paramLabel = "NAME", description = "${COMPLETION-CANDIDATES}.")
  private TimeFormat timeFormat = TimeFormat.StampMilli;

  @Option(names = "--print-node-name", description = "Shows where an event was seen.")
  private boolean printNodeName;

  @Nullable Timestamp since() {
    return since == null ? null : Times.parse(since, "--since", Instant.now());
  }

  @Nullable Timestamp until() {
    return until == null || follow ? null : Times.parse(until, "--until", Instant.now());
  }

  long number() {
    if (since != null || until != null) {
      return last;
    }
    return all ? ALL : last == 0 ? DEFAULT_LAST : last;
  }

  EventPrinter printer(PrintWriter out) {
    FlowPrinter.Form form =
        switch (output.form().toLowerCase(Locale.ROOT)) {
          case "compact" -> FlowPrinter.Form.COMPACT;
          case "dict" -> FlowPrinter.Form.DICT;
          case "json", "jsonpb" -> FlowPrinter.Form.JSON;
          case "tab", "table" -> FlowPrinter.Form.TABLE;
          default ->
              throw new HubbleException(
                  "-o " + output.form() + ": the forms are compact, dict, json, jsonpb and table");
        };
    return new EventPrinter(form, timeFormat, printNodeName, out);
  }
}
