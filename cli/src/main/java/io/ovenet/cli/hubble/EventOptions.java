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
  private static final long ALL = -1;

  @Mixin HubbleServerOptions server = new HubbleServerOptions();

  @Mixin RangeOptions range = new RangeOptions();

  @Mixin private FormOptions output = new FormOptions();

  @Option(names = "--time-format", paramLabel = "NAME", description = "${COMPLETION-CANDIDATES}.")
  private TimeFormat timeFormat = TimeFormat.StampMilli;

  @Option(names = "--print-node-name", description = "Shows where an event was seen.")
  private boolean printNodeName;

  @Nullable Timestamp since() {
    return range.since(Instant.now());
  }

  /** Who follows has no end. */
  @Nullable Timestamp until() {
    return range.follow ? null : range.until(Instant.now());
  }

  /** How many: 0 those of the times that are named. */
  long number() {
    long last = range.last == null ? 0 : range.last;
    if (range.isTimed()) {
      return last;
    }
    return range.all ? ALL : last == 0 ? RangeOptions.DEFAULT_LAST : last;
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
