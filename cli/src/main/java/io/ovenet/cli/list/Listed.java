package io.ovenet.cli.list;

import io.ovenet.kubernetes.JsonObject;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/** What can be listed, and how an entry looks in a table. Members: {@code KernelListings}. */
enum Listed {
  ENDPOINT("endpoint", "Pods and virtual machines of the nodes, and what policy they are under.") {
    @Override
    List<String> header() {
      return List.of("ENDPOINT", "POD", "ADDRESS", "IDENTITY", "ENFORCES", "SINCE", "LABELS");
    }

    @Override
    List<String> cells(JsonObject entry) {
      return List.of(
          Long.toString(entry.integer("endpoint")),
          entry.string("namespace") + "/" + entry.string("pod"),
          entry.string("address"),
          Long.toString(entry.integer("identity")),
          enforced(entry),
          "revision " + entry.integer("policyRevision"),
          labels(entry));
    }

    private String enforced(JsonObject entry) {
      if (!entry.bool("present")) {
        return "nothing passes yet";
      }
      List<String> enforced = new ArrayList<>();
      for (String flag : entry.strings("enforces")) {
        if (flag.startsWith("ENFORCE_")) {
          enforced.add(flag.substring("ENFORCE_".length()).toLowerCase(java.util.Locale.ROOT));
        }
      }
      return (enforced.isEmpty() ? "nothing" : String.join(" and ", enforced))
          + (entry.bool("audit") ? ", audit" : "")
          + (entry.bool("attached") ? "" : ", NOT ATTACHED");
    }
  },

  CT("ct", "Connections that the nodes know, and what was decided of them.") {
    @Override
    List<String> header() {
      return List.of(
          "PROTOCOL",
          "SOURCE",
          "DESTINATION",
          "VERDICT",
          "STATE",
          "AGE",
          "EXPIRES",
          "PACKETS",
          "BY");
    }

    @Override
    List<String> cells(JsonObject entry) {
      String service = entry.string("service");
      String destination = end(entry.object("destination"));
      List<String> by = new ArrayList<>(entry.strings("egressRules"));
      by.addAll(entry.strings("ingressRules"));
      String reason = entry.string("dropReason");
      return List.of(
          entry.string("protocol"),
          end(entry.object("source"))
              + (entry.integer("natPort") == 0 ? "" : " as port " + entry.integer("natPort")),
          service.isEmpty()
              ? destination
              : destination + " for " + service + " at " + entry.string("frontend"),
          entry.string("verdict") + (reason.isEmpty() ? "" : " (" + reason + ")"),
          entry.string("state"),
          time(entry, "ageSeconds"),
          time(entry, "expiresInSeconds"),
          entry.integer("packets") + " / " + entry.integer("packetsBack"),
          by.isEmpty() ? "no policy" : String.join(", ", by));
    }
  },

  NAT("nat", "Ports of the nodes that connections of pods to the outside have.") {
    @Override
    List<String> header() {
      return List.of("PROTOCOL", "SOURCE", "PORT", "REMOTE", "AGE");
    }

    @Override
    List<String> cells(JsonObject entry) {
      return List.of(
          entry.string("protocol"),
          end(entry.object("source")),
          Long.toString(entry.integer("natPort")),
          entry.string("remote")
              + (entry.integer("remotePort") == 0 ? "" : ":" + entry.integer("remotePort")),
          time(entry, "ageSeconds"));
    }
  },

  IPCACHE("ipcache", "Whose address is whose.", /* asKernelHasIt= */ true) {
    @Override
    List<String> header() {
      return List.of("PREFIX", "WHO", "IDENTITY", "BEHIND", "SAID BY", "LABELS");
    }

    @Override
    List<String> cells(JsonObject entry) {
      String who = who(entry);
      return List.of(
          entry.string("prefix"),
          who.isEmpty() ? "-" : who,
          Long.toString(entry.integer("identity")),
          entry.string("tunnel").isEmpty() ? "-" : entry.string("tunnel"),
          entry.string("saidBy").isEmpty() ? "-" : entry.string("saidBy"),
          labels(entry));
    }
  },

  NODE("node", "Nodes of the cluster as each node knows them.") {
    @Override
    List<String> header() {
      return List.of("NODE", "ADDRESSES", "POD CIDRS", "REVISION", "ERROR");
    }

    @Override
    List<String> cells(JsonObject entry) {
      List<String> addresses = new ArrayList<>();
      for (JsonObject address : entry.objects("addresses")) {
        addresses.add(address.string("address"));
      }
      String error = entry.string("error");
      return List.of(
          entry.string("name") + (entry.bool("own") ? " (itself)" : ""),
          String.join(" ", addresses),
          String.join(" ", entry.strings("podCidrs")),
          Long.toString(entry.integer("policyRevision")),
          error.isEmpty() ? "-" : error);
    }
  },

  ROUTE("route", "Routes from node to node's pods.", /* asKernelHasIt= */ true) {
    @Override
    List<String> header() {
      return List.of("DESTINATION", "VIA", "NODE", "SOURCE", "MTU");
    }

    @Override
    List<String> cells(JsonObject entry) {
      String gateway = entry.string("gateway");
      String device = entry.string("device");
      return List.of(
          entry.string("destination"),
          (gateway + (gateway.isEmpty() || device.isEmpty() ? "" : " ") + device),
          entry.string("node").isEmpty() ? "-" : entry.string("node"),
          entry.string("source").isEmpty() ? "-" : entry.string("source"),
          entry.integer("mtu") == 0 ? "-" : Long.toString(entry.integer("mtu")));
    }
  };

  private final String word;
  private final String description;
  private final boolean asKernelHasIt;

  Listed(String word, String description) {
    this(word, description, false);
  }

  Listed(String word, String description, boolean asKernelHasIt) {
    this.word = word;
    this.description = description;
    this.asKernelHasIt = asKernelHasIt;
  }

  /** As in {@code ovenet WORD list}. */
  String word() {
    return word;
  }

  String description() {
    return description;
  }

  /**
   * The agent's name of the list.
   *
   * @param kernel as the kernel has it, where that is another list
   */
  String question(boolean kernel) {
    return "list-" + word + (kernel && asKernelHasIt ? "-kernel" : "");
  }

  /** Names of columns, after that of the node. */
  abstract List<String> header();

  /** An entry in these columns. */
  abstract List<String> cells(JsonObject entry);

  private static String end(JsonObject end) {
    String who = who(end);
    long port = end.integer("port");
    String place = end.string("address") + (port == 0 ? "" : ":" + port);
    return who.isEmpty() ? place : who + " (" + place + ")";
  }

  /** A pod, a node, or the first label of an identity that has a name; else empty. */
  private static String who(JsonObject party) {
    if (!party.string("pod").isEmpty()) {
      return party.string("namespace") + "/" + party.string("pod");
    }
    if (!party.string("node").isEmpty()) {
      return "node " + party.string("node");
    }
    for (String label : party.strings("labels")) {
      if (label.startsWith("reserved:")) {
        return label;
      }
    }
    return "";
  }

  private static String labels(JsonObject entry) {
    List<String> labels = entry.strings("labels");
    return labels.isEmpty() ? "-" : String.join(",", labels);
  }

  private static String time(JsonObject entry, String member) {
    Object value = entry.fields().get(member);
    if (!(value instanceof Number seconds)) {
      return "-";
    }
    Duration time = Duration.ofMillis(Math.round(seconds.doubleValue() * 1000));
    if (time.isNegative()) {
      return "over";
    }
    long whole = time.toSeconds();
    if (whole < 10) {
      return "%.1fs".formatted(time.toMillis() / 1000.0);
    }
    if (whole < 120) {
      return whole + "s";
    }
    return whole < 7200 ? whole / 60 + "m" : whole / 3600 + "h";
  }
}
