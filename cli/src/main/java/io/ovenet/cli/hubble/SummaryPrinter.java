package io.ovenet.cli.hubble;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.ovenet.cli.text.Table;
import java.io.PrintWriter;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Writes a summary for people, or for programs. */
final class SummaryPrinter {
  private SummaryPrinter() {}

  /** Tables, of at most so many lines each. */
  static void print(FlowSummary summary, int most, PrintWriter out) {
    out.printf(
        Locale.ROOT,
        "%,d flows%s%s%n",
        summary.flows(),
        summary.first() == null
            ? ""
            : " from " + time(summary.first()) + " to " + time(summary.last()),
        summary.lost() == 0 ? "" : String.format(Locale.ROOT, "; %,d are missing", summary.lost()));
    talkers("Most connections", summary.byConnections(), most, out);
    talkers("Most bytes", summary.byBytes(), most, out);
    List<FlowSummary.Drops> drops = summary.drops();
    out.println();
    if (drops.isEmpty()) {
      out.println("Nothing was dropped.");
      return;
    }
    out.println("Drops by rule");
    var table = new Table(3);
    table.row("DROPS", "REASON", "RULE", "MOST OF THEM");
    for (FlowSummary.Drops each : drops.subList(0, Math.min(most, drops.size()))) {
      table.row(
          number(each.count()),
          each.reason(),
          each.rule().isEmpty() ? "-" : each.rule(),
          each.source() + " → " + each.destination());
    }
    table.print(out);
    more(drops.size() - most, out);
  }

  private static void talkers(
      String title, List<FlowSummary.Talker> talkers, int most, PrintWriter out) {
    if (talkers.isEmpty()) {
      return;
    }
    out.println();
    out.println(title);
    var table = new Table(3);
    table.row("CONNECTIONS", "BYTES", "SOURCE", "DESTINATION", "PORT");
    for (FlowSummary.Talker each : talkers.subList(0, Math.min(most, talkers.size()))) {
      table.row(
          number(each.connections()),
          each.bytes() < 0 ? "-" : Bytes.text(each.bytes()),
          each.source(),
          each.destination(),
          each.port());
    }
    table.print(out);
    more(talkers.size() - most, out);
  }

  private static void more(int count, PrintWriter out) {
    if (count > 0) {
      out.println("… and " + count + " more");
    }
  }

  private static String number(long number) {
    return String.format(Locale.ROOT, "%,d", number);
  }

  private static String time(@Nullable Instant time) {
    return time == null ? "" : time.truncatedTo(ChronoUnit.SECONDS).toString();
  }

  /** One object with everything. */
  static void json(FlowSummary summary, PrintWriter out) {
    var object = new LinkedHashMap<String, Object>();
    object.put("flows", summary.flows());
    object.put("lost", summary.lost());
    if (summary.first() != null) {
      object.put("first", String.valueOf(summary.first()));
      object.put("last", String.valueOf(summary.last()));
    }
    var talkers = new ArrayList<Map<String, Object>>();
    for (FlowSummary.Talker each : summary.byConnections()) {
      var talker = new LinkedHashMap<String, Object>();
      talker.put("source", each.source());
      talker.put("destination", each.destination());
      talker.put("port", each.port());
      talker.put("connections", each.connections());
      if (each.bytes() >= 0) {
        talker.put("bytes", each.bytes());
      }
      talkers.add(talker);
    }
    object.put("talkers", talkers);
    var drops = new ArrayList<Map<String, Object>>();
    for (FlowSummary.Drops each : summary.drops()) {
      var drop = new LinkedHashMap<String, Object>();
      drop.put("count", each.count());
      drop.put("reason", each.reason());
      drop.put("rule", each.rule());
      drop.put("mostFrom", each.source());
      drop.put("mostTo", each.destination());
      drops.add(drop);
    }
    object.put("drops", drops);
    try {
      out.println(new ObjectMapper().writeValueAsString(object));
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("a map of texts and numbers is no JSON", e);
    }
  }
}
