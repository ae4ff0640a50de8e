package io.ovenet.ui;

import java.util.Locale;
import java.util.Map;
import java.util.Set;

/**
 * Which flows a person wants to see, as the page's address says it. Every field may be empty, for
 * any; text compares without case.
 *
 * @param namespace of either end
 * @param from part of the source's name: {@code namespace/name}, an address
 * @param to part of the destination's name
 * @param text part of anything that the row shows
 * @param since milliseconds since 1970, 0 for any
 */
record FlowQuery(
    Set<String> verdicts,
    String namespace,
    String from,
    String to,
    String port,
    String protocol,
    String type,
    String node,
    String policy,
    String text,
    long since,
    long until) {
  static final FlowQuery ALL = of(Map.of());

  static FlowQuery of(Map<String, String> parameters) {
    String verdict = parameters.getOrDefault("verdict", "").toUpperCase(Locale.ROOT);
    return new FlowQuery(
        verdict.isEmpty() ? Set.of() : Set.copyOf(java.util.List.of(verdict.split(",", -1))),
        parameters.getOrDefault("namespace", ""),
        lower(parameters, "from"),
        lower(parameters, "to"),
        parameters.getOrDefault("port", ""),
        lower(parameters, "protocol"),
        lower(parameters, "type"),
        lower(parameters, "node"),
        lower(parameters, "policy"),
        lower(parameters, "text"),
        millis(parameters, "since"),
        millis(parameters, "until"));
  }

  private static String lower(Map<String, String> parameters, String name) {
    return parameters.getOrDefault(name, "").strip().toLowerCase(Locale.ROOT);
  }

  private static long millis(Map<String, String> parameters, String name) {
    String text = parameters.getOrDefault(name, "");
    return text.matches("[0-9]{1,15}") ? Long.parseLong(text) : 0;
  }

  boolean matches(FlowView view) {
    return (verdicts.isEmpty() || verdicts.contains(view.flow().getVerdict().name()))
        && (namespace.isEmpty()
            || view.source().namespace().equals(namespace)
            || view.destination().namespace().equals(namespace))
        && (from.isEmpty() || end(view, true).contains(from))
        && (to.isEmpty() || end(view, false).contains(to))
        && (port.isEmpty()
            || port.equals(Integer.toString(view.destinationPort()))
            || port.equals(Integer.toString(view.sourcePort())))
        && (protocol.isEmpty() || view.protocol().toLowerCase(Locale.ROOT).equals(protocol))
        && (type.isEmpty() || view.type().toLowerCase(Locale.ROOT).contains(type))
        && (node.isEmpty() || view.flow().getNodeName().toLowerCase(Locale.ROOT).contains(node))
        && (policy.isEmpty() || policies(view).contains(policy))
        && (text.isEmpty() || everything(view).contains(text))
        && (since == 0 || view.millis() >= since)
        && (until == 0 || view.millis() <= until);
  }

  private static String end(FlowView view, boolean source) {
    End end = source ? view.source() : view.destination();
    String address =
        source ? view.flow().getIP().getSource() : view.flow().getIP().getDestination();
    String names =
        String.join(
            " ", source ? view.flow().getSourceNamesList() : view.flow().getDestinationNamesList());
    String known =
        end.isPod()
            ? end.namespace()
                + "/"
                + end.pod()
                + " "
                + end.id(End.Level.APPLICATION)
                + " "
                + (end.machine().isEmpty() ? "" : end.id(End.Level.POD))
            : end.entity();
    return (known + " " + address + " " + names).toLowerCase(Locale.ROOT);
  }

  private static String policies(FlowView view) {
    StringBuilder names = new StringBuilder();
    view.policies()
        .forEach(
            policy ->
                names
                    .append(policy.getNamespace())
                    .append('/')
                    .append(policy.getName())
                    .append(' '));
    return names.toString().toLowerCase(Locale.ROOT);
  }

  @SuppressWarnings("deprecation") // the summary, which the row shows
  private static String everything(FlowView view) {
    return (end(view, true)
            + " "
            + end(view, false)
            + " "
            + view.type()
            + " "
            + view.flow().getVerdict()
            + " "
            + view.protocol()
            + " "
            + view.destinationPort()
            + " "
            + view.flow().getSummary()
            + " "
            + view.flow().getNodeName()
            + " "
            + policies(view))
        .toLowerCase(Locale.ROOT);
  }
}
