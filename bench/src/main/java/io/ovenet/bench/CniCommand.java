package io.ovenet.bench;

import io.ovenet.bpf.IpPrefix;
import io.ovenet.bpf.LinkSpec;
import io.ovenet.bpf.Netlink;
import io.ovenet.bpf.NetworkNamespace;
import io.ovenet.bpf.Route;
import java.io.IOException;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code ovenet bench cni}: how long a pod waits for its network. */
@Command(
    name = "cni",
    description = {
      "The CNI program from its exec to its exit, as the agent is shipped and the API durable: ADD",
      "with an identity that the cluster knows and with a new one, DEL, many ADDs at once until a",
      "packet of each has its verdict, and from the agent's start to the first ADD that succeeds.",
      "Limits in the same run: the same static program that asks nobody; a veth pair made, moved,",
      "addressed, set up and routed by rtnetlink in this process."
    },
    mixinStandardHelpOptions = true)
final class CniCommand implements Callable<Integer> {
  @Spec private CommandSpec spec = CommandSpec.create();
  @Mixin private Output output = new Output();

  @Option(names = "--rounds", description = "ADDs of each kind (default: ${DEFAULT-VALUE}).")
  private int rounds = 100;

  @Option(names = "--at-once", description = "ADDs at once (default: ${DEFAULT-VALUE}).")
  private int atOnce = 100;

  @Option(names = "--bursts", description = "How often that (default: ${DEFAULT-VALUE}).")
  private int bursts = 3;

  @Option(names = "--starts", description = "Starts of the agent (default: ${DEFAULT-VALUE}).")
  private int starts = 5;

  @Override
  public Integer call() throws Exception {
    Map<String, Object> report = new LinkedHashMap<>();
    try (BenchNode node = new BenchNode(0, 0)) {
      node.namespace("bench");
      BenchPod known = node.pod("bench", "known", Map.of("app", "known"));
      Output.note("starting the agent " + starts + " times");
      starts(node, known, report);
      oneByOne(node, known, report);
      if (bursts > 0) {
        burst(node, report);
      }
    }
    output.print(spec, report, "Milliseconds.");
    return 0;
  }

  private void starts(BenchNode node, BenchPod pod, Map<String, Object> report)
      throws IOException, InterruptedException {
    List<Long> again = new ArrayList<>();
    for (int i = 0; i < Math.max(1, starts); i++) {
      long begin = System.nanoTime();
      node.startAgent();
      node.awaitAgent(pod);
      long took = System.nanoTime() - begin;
      if (i == 0) {
        report.put("agent start to first ADD, nothing pinned", Times.of(List.of(took)));
      } else {
        again.add(took);
      }
      pod.delete();
      if (i < starts - 1) {
        node.stopAgent();
      }
    }
    if (!again.isEmpty()) {
      report.put("agent start to first ADD, adopting what is pinned", Times.of(again));
    }
  }

  private void oneByOne(BenchNode node, BenchPod known, Map<String, Object> report)
      throws IOException {
    Output.note(rounds + " rounds one by one");
    BenchPod fresh = node.pod("bench", "fresh", Map.of("app", "fresh"));
    Map<String, List<Long>> nanos = new LinkedHashMap<>();
    try (Bare bare = new Bare()) {
      known.add();
      known.delete();
      for (int round = 0; round < rounds; round++) {
        BenchPod stranger = fresh.replacedBy("fresh-" + round, Map.of("app", "fresh-" + round));
        add(nanos, "limit: veth pair by rtnetlink", bare.make());
        bare.remove();
        add(nanos, "limit: the program alone", node.cni().version().nanos());
        add(nanos, "ADD, known identity", known.add());
        add(nanos, "ADD, new identity", stranger.add());
        add(nanos, "DEL", known.delete());
        add(nanos, "DEL", stranger.delete());
      }
    }
    nanos.forEach((what, each) -> report.put(what, Times.of(each)));
  }

  private static void add(Map<String, List<Long>> nanos, String what, long each) {
    nanos.computeIfAbsent(what, w -> new ArrayList<>()).add(each);
  }

  private void burst(BenchNode node, Map<String, Object> report) throws Exception {
    Output.note("making " + atOnce + " pods");
    BenchPod server = node.pod("bench", "server", Map.of("app", "server"));
    server.add();
    List<BenchPod> pods = new ArrayList<>();
    for (int i = 0; i < atOnce; i++) {
      pods.add(node.pod("bench", "burst-" + i, Map.of("app", "burst-" + i % 10)));
    }
    List<Long> last = new ArrayList<>();
    List<Long> each = new ArrayList<>();
    List<Long> programs = new ArrayList<>();
    try (Echo echo = new Echo(server)) {
      for (int i = 0; i < bursts; i++) {
        Output.note("burst " + (i + 1) + " of " + bursts);
        programs.add(AtOnce.last(AtOnce.run(pods, pod -> node.cni().version())));
        List<Long> done =
            AtOnce.run(
                pods,
                pod -> {
                  pod.add();
                  echo.await(pod);
                });
        last.add(AtOnce.last(done));
        each.addAll(done);
        AtOnce.run(pods, BenchPod::delete);
      }
    }
    report.put("limit: " + atOnce + " programs alone at once, until the last", Times.of(programs));
    report.put(atOnce + " ADDs at once: until a packet of each passed", Times.of(each));
    report.put(atOnce + " ADDs at once: until a packet of the last passed", Times.of(last));
  }

  /** The limit: what the kernel itself takes for a pod's device. */
  private static final class Bare implements AutoCloseable {
    private final NetworkNamespace here = NetworkNamespace.create();
    private final NetworkNamespace pod = NetworkNamespace.create();
    private final Netlink near = Netlink.open(here);

    long make() {
      long begin = System.nanoTime();
      near.links().createVeth(LinkSpec.named("near"), LinkSpec.named("eth0").in(pod));
      near.links().setUp(index(near, "near"));
      try (Netlink far = Netlink.open(pod)) {
        int eth0 = index(far, "eth0");
        far.addresses().add(eth0, IpPrefix.parse("10.99.0.1/32"));
        far.links().setUp(eth0);
        far.routes().add(Route.direct(IpPrefix.parse("169.254.1.1/32"), eth0));
        far.routes()
            .add(
                Route.via(IpPrefix.parse("0.0.0.0/0"), InetAddress.ofLiteral("169.254.1.1"), eth0)
                    .withOnlink());
      }
      return System.nanoTime() - begin;
    }

    void remove() {
      near.links().delete("near");
    }

    private static int index(Netlink netlink, String name) {
      var link = netlink.links().get(name);
      if (link == null) {
        throw new IllegalStateException("no device " + name);
      }
      return link.ifindex();
    }

    @Override
    public void close() {
      near.close();
      here.close();
      pod.close();
    }
  }
}
