package io.ovenet.operator;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.logging.Formatter;
import java.util.logging.LogRecord;
import java.util.logging.Logger;

/** A log record as one line of {@code key=value}, as log collectors of clusters read it. */
final class LogLine extends Formatter {
  /** Makes it the form of everything that this process logs. */
  static void install() {
    for (var handler : Logger.getLogger("").getHandlers()) {
      handler.setFormatter(new LogLine());
    }
  }

  @Override
  public String format(LogRecord record) {
    var line = new StringBuilder(160);
    line.append("time=").append(record.getInstant());
    line.append(" level=").append(level(record.getLevel().intValue()));
    var name = record.getLoggerName();
    line.append(" logger=").append(name == null ? "" : name.substring(name.lastIndexOf('.') + 1));
    line.append(" msg=").append(quoted(formatMessage(record)));
    if (record.getThrown() != null) {
      var trace = new StringWriter();
      record.getThrown().printStackTrace(new PrintWriter(trace));
      line.append(" error=").append(quoted(trace.toString()));
    }
    return line.append('\n').toString();
  }

  private static String level(int level) {
    return level >= 1000 ? "error" : level >= 900 ? "warn" : level >= 800 ? "info" : "debug";
  }

  private static String quoted(String text) {
    var quoted = new StringBuilder(text.length() + 2).append('"');
    for (var i = 0; i < text.length(); i++) {
      var c = text.charAt(i);
      switch (c) {
        case '"', '\\' -> quoted.append('\\').append(c);
        case '\n' -> quoted.append("\\n");
        default -> quoted.append(c < ' ' ? ' ' : c);
      }
    }
    return quoted.append('"').toString();
  }
}
