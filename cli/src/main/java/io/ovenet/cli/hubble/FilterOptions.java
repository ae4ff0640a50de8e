package io.ovenet.cli.hubble;

import io.ovenet.api.flow.DropReason;
import io.ovenet.api.flow.EventTypeFilter;
import io.ovenet.api.flow.FlowFilter;
import io.ovenet.api.flow.IPVersion;
import io.ovenet.api.flow.NetworkInterface;
import io.ovenet.api.flow.TrafficDirection;
import io.ovenet.api.flow.Verdict;
import io.ovenet.cli.hubble.PodSelection.Side;
import java.util.Arrays;
import java.util.List;
import java.util.function.BiConsumer;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.ParameterException;

/**
 * The options that select flows. They are applied in the order in which they are given, since
 * {@code --not} turns the next one round.
 */
final class FilterOptions {
  private final FlowSelection wanted = new FlowSelection();
  private final FlowSelection unwanted = new FlowSelection();
  private boolean not;

  List<FlowFilter> whitelist() {
    if (not) {
      throw new HubbleException("--not needs an option after it that it turns round");
    }
    return wanted.filters();
  }

  List<FlowFilter> blacklist() {
    return unwanted.filters();
  }

  void addTo(CommandSpec spec) {
    flag(spec, "--not", "Turns the next selection round.", () -> not = true);
    sides(
        spec,
        "pod",
        "[NAMESPACE/]PREFIX",
        "pods; vm-NAME means a virtual machine's, too",
        (side, value) -> current().pods().pod(side, value));
    sides(
        spec,
        "namespace",
        "NAMESPACE",
        "a namespace",
        (side, value) -> current().pods().namespace(side, value));
    sides(
        spec,
        "vm",
        "[NAMESPACE/]NAME",
        "a virtual machine",
        (side, value) -> current().pods().machine(side, value));
    field(
        spec,
        "ip",
        "ADDRESS",
        "an address or prefix",
        FlowFilter.Builder::addSourceIp,
        FlowFilter.Builder::addDestinationIp);
    field(
        spec,
        "fqdn",
        "NAME",
        "a DNS name, with * for any part of it",
        FlowFilter.Builder::addSourceFqdn,
        FlowFilter.Builder::addDestinationFqdn);
    field(
        spec,
        "label",
        "SELECTOR",
        "labels, as kubectl's selectors",
        FlowFilter.Builder::addSourceLabel,
        FlowFilter.Builder::addDestinationLabel);
    field(
        spec,
        "service",
        "[NAMESPACE/]PREFIX",
        "a service",
        FlowFilter.Builder::addSourceService,
        FlowFilter.Builder::addDestinationService);
    field(
        spec,
        "port",
        "PORT",
        "a port",
        FlowFilter.Builder::addSourcePort,
        FlowFilter.Builder::addDestinationPort);
    field(
        spec,
        "workload",
        "[KIND/]NAME",
        "a workload",
        (filter, value) -> filter.addSourceWorkload(FilterValues.workload(value)),
        (filter, value) -> filter.addDestinationWorkload(FilterValues.workload(value)));
    field(
        spec,
        "identity",
        "NUMBER",
        "an identity, by number or reserved name",
        (filter, value) -> filter.addSourceIdentity(FilterValues.identity(value)),
        (filter, value) -> filter.addDestinationIdentity(FilterValues.identity(value)));
    field(
        spec,
        "cluster",
        "NAME",
        "a cluster",
        FlowFilter.Builder::addSourceClusterName,
        FlowFilter.Builder::addDestinationClusterName);
    one(
        spec,
        "VERDICT",
        "FORWARDED, DROPPED, AUDIT, REDIRECTED, ERROR, TRACED, TRANSLATED, or"
            + " DENIED: dropped by policy.",
        this::verdict,
        "--verdict");
    one(
        spec,
        "TYPE[:SUBTYPE]",
        "drop, trace, policy-verdict, l7, capture or trace-sock.",
        value -> with("type", filter -> filter.addEventType(FilterValues.eventType(value))),
        "-t",
        "--type");
    one(
        spec,
        "PROTOCOL",
        "tcp, udp, icmp, sctp, …",
        value -> with("protocol", filter -> filter.addProtocol(value)),
        "--protocol");
    one(
        spec,
        "FLAGS",
        "TCP flags that are all set, such as syn,ack.",
        value -> with("tcp-flags", filter -> filter.addTcpFlags(FilterValues.tcpFlags(value))),
        "--tcp-flags");
    one(
        spec,
        "REASON",
        "Why it was dropped, such as POLICY_DENIED.",
        value ->
            with(
                "drop-reason-desc",
                filter ->
                    filter.addDropReasonDesc(
                        FilterValues.named(DropReason.class, value, "--drop-reason-desc"))),
        "--drop-reason-desc");
    one(
        spec,
        "DIRECTION",
        "ingress or egress.",
        value ->
            with(
                "traffic-direction",
                filter ->
                    filter.addTrafficDirection(
                        FilterValues.named(TrafficDirection.class, value, "--traffic-direction"))),
        "--traffic-direction");
    one(
        spec,
        "[CLUSTER/]NODE",
        "Where it was seen; * for any part.",
        value -> with("node-name", filter -> filter.addNodeName(value)),
        "--node-name");
    one(
        spec,
        "NAME",
        "The interface where it was seen.",
        value ->
            with(
                "interface",
                filter -> filter.addInterface(NetworkInterface.newBuilder().setName(value))),
        "--interface");
    one(
        spec,
        "UUID",
        "The one flow that has it.",
        value -> with("uuid", filter -> filter.addUuid(value)),
        "--uuid");
    one(
        spec,
        "PREFIX",
        "HTTP status, such as 404 or 5+.",
        value -> with("http-status", filter -> filter.addHttpStatusCode(value)),
        "--http-status");
    one(
        spec,
        "METHOD",
        "HTTP method.",
        value -> with("http-method", filter -> filter.addHttpMethod(value)),
        "--http-method");
    one(
        spec,
        "REGEX",
        "HTTP path.",
        value -> with("http-path", filter -> filter.addHttpPath(value)),
        "--http-path");
    one(
        spec,
        "REGEX",
        "HTTP URL.",
        value -> with("http-url", filter -> filter.addHttpUrl(value)),
        "--http-url");
    one(
        spec,
        "NAME:VALUE",
        "HTTP header.",
        value -> with("http-header", filter -> filter.addHttpHeader(FilterValues.header(value))),
        "--http-header");
    one(
        spec,
        "ID",
        "The trace that it belongs to.",
        value -> with("trace-id", filter -> filter.addTraceId(value)),
        "--trace-id");
    one(
        spec,
        "ID",
        "The IP trace that it belongs to.",
        value -> with("ip-trace-id", filter -> filter.addIpTraceId(FilterValues.ipTrace(value))),
        "--ip-trace-id");
    one(
        spec,
        "ADDRESS",
        "The source address after translation.",
        value -> with("snat-ip", filter -> filter.addSourceIpXlated(value)),
        "--snat-ip");
    one(
        spec,
        "SELECTOR",
        "Labels of the node where it was seen.",
        value -> with("node-label", filter -> filter.addNodeLabels(value)),
        "--node-label");
    one(
        spec,
        "EXPRESSION",
        "A CEL expression over _flow.",
        value ->
            with(
                "cel-expression",
                filter -> filter.getExperimentalBuilder().addCelExpression(value)),
        "--cel-expression");
    one(
        spec,
        "VERSION",
        "v4, v6 or none.",
        value -> with("ip-version", filter -> filter.addIpVersion(FilterValues.ipVersion(value))),
        "--ip-version");
    flag(
        spec,
        "--encrypted",
        "What was encrypted.",
        () -> with("encrypted", filter -> filter.addEncrypted(true)));
    flag(
        spec,
        "--unencrypted",
        "What was not encrypted.",
        () -> with("encrypted", filter -> filter.addEncrypted(false)));
    flag(
        spec,
        "--reply",
        "Answers alone; --not --reply for what they answer.",
        () -> with("reply", filter -> filter.addReply(true)));
    flag(
        spec,
        "-4",
        "IPv4 alone.",
        () -> with("ip-version", f -> f.addIpVersion(IPVersion.IPv4)),
        "--ipv4");
    flag(
        spec,
        "-6",
        "IPv6 alone.",
        () -> with("ip-version", f -> f.addIpVersion(IPVersion.IPv6)),
        "--ipv6");
  }

  private FlowSelection current() {
    return not ? unwanted : wanted;
  }

  private void with(String option, java.util.function.Consumer<FlowFilter.Builder> value) {
    current().with(option, value);
  }

  /** An option that is about either side, and its forms for one. */
  private void sides(
      CommandSpec spec, String name, String label, String what, BiConsumer<Side, String> apply) {
    String[] any =
        switch (name) {
          case "namespace" -> new String[] {"-n", "--namespace"};
          case "label" -> new String[] {"-l", "--label"};
          default -> new String[] {"--" + name};
        };
    one(spec, label, "From or to " + what + ".", value -> apply.accept(Side.ANY, value), any);
    one(
        spec,
        label,
        "From " + what + ".",
        value -> apply.accept(Side.FROM, value),
        "--from-" + name);
    one(spec, label, "To " + what + ".", value -> apply.accept(Side.TO, value), "--to-" + name);
  }

  private void field(
      CommandSpec spec,
      String name,
      String label,
      String what,
      BiConsumer<FlowFilter.Builder, String> source,
      BiConsumer<FlowFilter.Builder, String> destination) {
    sides(
        spec,
        name,
        label,
        what,
        (side, value) -> {
          switch (side) {
            case ANY ->
                current()
                    .withSides(
                        name, f -> source.accept(f, value), f -> destination.accept(f, value));
            case FROM -> with("from-" + name, f -> source.accept(f, value));
            case TO -> with("to-" + name, f -> destination.accept(f, value));
          }
        });
  }

  private void one(
      CommandSpec spec,
      String label,
      String description,
      java.util.function.Consumer<String> apply,
      String... names) {
    spec.addOption(
        OptionSpec.builder(names)
            .paramLabel(label)
            .description(description)
            .arity("1")
            .type(List.class)
            .auxiliaryTypes(String.class)
            .parameterConsumer(
                (arguments, option, command) -> {
                  if (arguments.isEmpty()) {
                    throw new ParameterException(
                        command.commandLine(), names[names.length - 1] + " needs " + label);
                  }
                  applied(() -> apply.accept(arguments.pop()), command);
                })
            .build());
  }

  private void flag(
      CommandSpec spec, String name, String description, Runnable apply, String... more) {
    String[] names = Arrays.copyOf(more, more.length + 1);
    names[more.length] = name;
    spec.addOption(
        OptionSpec.builder(names)
            .description(description)
            .arity("0")
            .type(List.class)
            .auxiliaryTypes(Boolean.class)
            .parameterConsumer(
                (arguments, option, command) -> {
                  if (name.equals("--not")) {
                    apply.run();
                  } else {
                    applied(apply, command);
                  }
                })
            .build());
  }

  private void applied(Runnable apply, CommandSpec command) {
    try {
      apply.run();
    } catch (HubbleException e) {
      throw new ParameterException(command.commandLine(), String.valueOf(e.getMessage()), e);
    }
    not = false;
  }

  /** DENIED is ours: what policy dropped, at whichever layer. */
  private void verdict(String value) {
    if (!value.equalsIgnoreCase("DENIED")) {
      Verdict verdict = FilterValues.named(Verdict.class, value, "--verdict");
      with("verdict", filter -> filter.addVerdict(verdict));
      return;
    }
    java.util.function.Consumer<FlowFilter.Builder> packet =
        filter ->
            filter
                .addVerdict(Verdict.DROPPED)
                .addDropReasonDesc(DropReason.POLICY_DENIED)
                .addDropReasonDesc(DropReason.POLICY_DENY)
                .addDropReasonDesc(DropReason.AUTH_REQUIRED);
    java.util.function.Consumer<FlowFilter.Builder> request =
        filter ->
            filter
                .addVerdict(Verdict.DROPPED)
                .addEventType(EventTypeFilter.newBuilder().setType(FlowWords.L7));
    current().orSides("verdict", packet, packet);
    current().orSides("verdict", request, request);
  }
}
