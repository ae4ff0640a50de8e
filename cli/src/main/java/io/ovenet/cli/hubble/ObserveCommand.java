package io.ovenet.cli.hubble;

import com.google.protobuf.FieldMask;
import com.google.protobuf.Timestamp;
import io.ovenet.api.flow.Flow;
import io.ovenet.api.observer.GetFlowsRequest;
import io.ovenet.api.observer.GetFlowsResponse;
import io.ovenet.api.observer.ObserverGrpc;
import io.ovenet.cli.UsualCluster;
import io.ovenet.cli.text.Terminal;
import io.ovenet.kubernetes.KubernetesApi;
import io.ovenet.kubernetes.world.ClusterState;
import io.ovenet.kubernetes.world.LiveCluster;
import java.io.IOException;
import java.io.PrintWriter;
import java.time.Instant;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.IModelTransformer;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code ovenet hubble observe}. */
@Command(
    name = "observe",
    description = {
      "Shows flows. Options that select: a flow has to meet each of them; where one is given"
          + " several times, any of its values.",
    },
    mixinStandardHelpOptions = true,
    sortOptions = false,
    subcommands = {AgentEventsCommand.class, DebugEventsCommand.class},
    modelTransformer = ObserveCommand.WithFilters.class)
final class ObserveCommand implements Callable<Integer> {
  private boolean failed;

  private final FilterOptions filters = new FilterOptions();

  @Mixin private HubbleServerOptions server = new HubbleServerOptions();
  @Spec private CommandSpec spec = CommandSpec.create();

  @Mixin private RangeOptions range = new RangeOptions();

  @Option(names = "--first", paramLabel = "N", description = "The oldest N.")
  private @Nullable Long first;

  @Mixin private FormOptions output = new FormOptions();

  @Option(names = "--time-format", paramLabel = "NAME", description = "${COMPLETION-CANDIDATES}.")
  private TimeFormat timeFormat = TimeFormat.StampMilli;

  @Option(names = "--print-node-name", description = "Shows where a flow was seen.")
  private boolean printNodeName;

  @Option(names = "--print-policy-names", description = "Shows which policies decided.")
  private boolean printPolicyNames;

  @Option(names = "--numeric", description = "Shows addresses in place of names.")
  private boolean numeric;

  @Option(
      names = "--ip-translation",
      arity = "0..1",
      defaultValue = "true",
      fallbackValue = "true",
      description = "Shows names in place of addresses (default: true).")
  private boolean ipTranslation = true;

  @Option(
      names = "--color",
      paramLabel = "WHEN",
      defaultValue = "auto",
      description = "auto, always or never; in compact and dict.")
  private String color = "auto";

  @Option(
      names = {
        "--use-default-field-masks",
        "--silent-errors",
        "--experimental-use-default-field-masks"
      },
      arity = "0..1",
      fallbackValue = "true",
      hidden = true,
      description = "Taken for the sake of scripts: all fields are always asked for.")
  @SuppressWarnings("UnusedVariable")
  private boolean taken;

  @Option(
      names = {"--field-mask", "--experimental-field-mask"},
      split = ",",
      paramLabel = "FIELD",
      description = "Asks for these fields alone, such as source.pod_name; with -o json.")
  private List<String> fieldMask = List.of();

  @Option(
      names = {"--allowlist", "--whitelist"},
      paramLabel = "JSON",
      description = "A FlowFilter in JSON, one of which has to match.")
  private List<String> allowlist = List.of();

  @Option(
      names = {"--denylist", "--blacklist"},
      paramLabel = "JSON",
      description = "A FlowFilter in JSON, none of which may match.")
  private List<String> denylist = List.of();

  @Option(
      names = "--why",
      description =
          "Shows the rule and its field for each flow and, for what policy dropped, the least that"
              + " would let it pass by the cluster's policies of today.")
  private boolean why;

  @Option(
      names = "--summary",
      description =
          "Shows who talked most and what was dropped by which rule, of all flows or those of"
              + " --last, --since and --until.")
  private boolean summary;

  @Option(
      names = "--top",
      paramLabel = "N",
      defaultValue = "10",
      description = "Lines of each table of --summary (default: 10).")
  private int top = 10;

  /** Adds the options that select, which an annotation can't give in their order. */
  static final class WithFilters implements IModelTransformer {
    @Override
    public CommandSpec transform(CommandSpec spec) {
      if (spec.userObject() instanceof ObserveCommand command) {
        command.filters.addTo(spec);
      }
      return spec;
    }
  }

  @Override
  public Integer call() {
    FlowPrinter.Form form = form();
    GetFlowsRequest request = request(form, Instant.now());
    PrintWriter out = spec.commandLine().getOut();
    if (summary) {
      try (HubbleClient client = server.connect()) {
        summarize(client, request, form, out);
      }
      return 0;
    }
    FlowReasons reasons = why ? new FlowReasons(this::cluster) : null;
    try (HubbleClient client = server.connect();
        var printer =
            new FlowPrinter(
                form,
                timeFormat,
                printNodeName,
                printPolicyNames,
                ipTranslation && !numeric,
                Paint.of(color),
                out,
                spec.commandLine().getErr())) {
      client.stream(
          () -> ObserverGrpc.newBlockingStub(client.channel()).getFlows(request),
          (GetFlowsResponse response) -> {
            printer.print(response);
            if (reasons != null && response.hasFlow()) {
              explain(reasons, response.getFlow(), out);
            }
            if (range.follow) {
              out.flush();
            }
            return !out.checkError(); // whoever read may have gone
          });
    }
    return 0;
  }

  private ClusterState cluster() throws IOException {
    try (KubernetesApi api = KubernetesApi.open(UsualCluster.kubeconfig(server.kubeconfig()))) {
      return LiveCluster.read(api);
    }
  }

  private void explain(FlowReasons reasons, Flow flow, PrintWriter out) {
    reasons.of(flow).forEach(line -> out.println("    " + Terminal.safe(line)));
    String failure = reasons.failure();
    if (failure != null && !failed) {
      failed = true;
      spec.commandLine().getErr().println(Terminal.safe(failure));
      spec.commandLine().getErr().flush();
    }
  }

  private void summarize(
      HubbleClient client, GetFlowsRequest request, FlowPrinter.Form form, PrintWriter out) {
    var sum = new FlowSummary();
    var notes =
        new FlowPrinter(
            FlowPrinter.Form.COMPACT,
            timeFormat,
            false,
            false,
            true,
            Paint.of("never"),
            out,
            spec.commandLine().getErr());
    client.stream(
        () -> ObserverGrpc.newBlockingStub(client.channel()).getFlows(request),
        (GetFlowsResponse response) -> {
          sum.add(response);
          if (response.hasNodeStatus()) {
            notes.print(response);
          }
          return true;
        });
    Instant first = sum.first();
    if (first != null) {
      try {
        sum.carried(
            LedgerAnswer.ask(
                    client,
                    Timestamp.newBuilder().setSeconds(first.getEpochSecond()).build(),
                    request.hasUntil() ? request.getUntil() : null,
                    _ -> true)
                .entries());
      } catch (HubbleException e) {
        PrintWriter err = spec.commandLine().getErr();
        err.println(Terminal.safe("bytes are not known: " + e.getMessage()));
        err.flush();
      }
    }
    if (form == FlowPrinter.Form.JSON) {
      SummaryPrinter.json(sum, out);
    } else {
      SummaryPrinter.print(sum, top, out);
    }
    out.flush();
  }

  private FlowPrinter.Form form() {
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
    if (summary && (range.follow || why || top < 1)) {
      throw new HubbleException(
          "--summary has an end and tables of at least one line: not with --follow, --why or --top 0");
    }
    if (why && (form == FlowPrinter.Form.JSON || form == FlowPrinter.Form.TABLE)) {
      throw new HubbleException(
          "--why writes below each flow: use -o compact or -o dict; for programs there is `ovenet"
              + " policy why -o json`");
    }
    if (form == FlowPrinter.Form.TABLE && range.follow) {
      throw new HubbleException("-o table has to know all flows: not with --follow");
    }
    if (form != FlowPrinter.Form.JSON && !fieldMask.isEmpty()) {
      throw new HubbleException(
          "--field-mask leaves out what -o " + output.form() + " shows: use -o json");
    }
    return form;
  }

  /** What is sent. */
  GetFlowsRequest request(FlowPrinter.Form form, Instant now) {
    if (first != null && (range.last != null || range.all || range.follow)) {
      throw new HubbleException("--first excludes --last, --all and --follow");
    }
    var request = GetFlowsRequest.newBuilder().setFollow(range.follow).setFirst(first != null);
    var since = range.since(now);
    if (since != null) {
      request.setSince(since);
    }
    var until = range.until(now);
    if (until != null) {
      request.setUntil(until);
    }
    boolean bounded = range.isTimed() || range.all || range.follow;
    Long number = first != null ? first : range.last;
    if (number != null && number < 0) {
      throw new HubbleException("a number of flows is not negative: " + number);
    }
    if (number != null) {
      request.setNumber(number);
    } else if (range.all && !range.isTimed()) {
      request.setNumber(-1); // unsigned: more than there are; of a follower 0 is from now on
    } else if (summary && !bounded) {
      request.setNumber(-1);
    } else if (!bounded) {
      request.setNumber(RangeOptions.DEFAULT_LAST);
    }
    if (form == FlowPrinter.Form.JSON && !fieldMask.isEmpty()) {
      request.setFieldMask(FieldMask.newBuilder().addAllPaths(fieldMask));
    }
    request.addAllWhitelist(filters.whitelist()).addAllBlacklist(filters.blacklist());
    allowlist.forEach(json -> request.addWhitelist(JsonFilters.parse(json, "--allowlist")));
    denylist.forEach(json -> request.addBlacklist(JsonFilters.parse(json, "--denylist")));
    return request.build();
  }
}
