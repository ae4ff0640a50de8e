package io.ovenet.agent;

import io.ovenet.datapath.Datapath;
import io.ovenet.datapath.IpcacheKey;
import io.ovenet.datapath.PolicyValue;
import io.ovenet.datapath.ProgramTimes;
import io.ovenet.kubernetes.CiliumEndpoints;
import io.ovenet.kubernetes.CiliumNodeRecord;
import io.ovenet.kubernetes.CiliumNodes;
import io.ovenet.kubernetes.ClusterWatch;
import io.ovenet.kubernetes.IdentityAllocator;
import io.ovenet.kubernetes.KubernetesApi;
import io.ovenet.kubernetes.policy.PolicyParser;
import io.ovenet.policy.PolicyEngine;
import io.ovenet.policy.PolicySettings;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The agent's parts, put together. {@link #start} comes back when CNI calls are answered and what
 * was pinned is adopted; {@link #follow} when the kernel follows the cluster. Closing leaves the
 * datapath, with all its connections, as it is.
 */
public final class Agent implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(Agent.class);
  private static final int RULE_BLOCK = 65_536;

  /** Of the time between two scrapes a small part. */
  private static final Duration PROGRAM_SAMPLE = Duration.ofMillis(250);

  private final AgentConfig config;
  private final ArrayDeque<AutoCloseable> parts;
  private final KubernetesApi api;
  private final Datapath datapath;
  private final EndpointStore store;
  private final Steering steering;
  private final Pods pods;
  private final Names names;
  private final IdentityAllocator allocator;
  private final ValidPolicies validPolicies;
  private final PoliciesInForce policies = new PoliciesInForce();
  private final DeletedPolicies deletedPolicies;
  private final EndpointLifecycle lifecycle;
  private final AttachmentWatch attachments;
  private final Relabeler relabeler;
  private final StatusWriter status;
  private final Announcements announcements;
  private final AdminServer admin;
  private final NodeServices services;
  private final PolicyVerifier verifier;
  private final OwnNode ownNode;
  private final ClusterNodes nodes = new ClusterNodes();
  private final NodeProbes probes;
  private final AddressWatch.Uplink uplink;
  private final CompletableFuture<String> podCidr = new CompletableFuture<>();
  private final int podMtu;

  /** Of this node's CiliumNode. */
  private volatile List<String> podCidrs = List.of();

  private boolean closed;

  /** Adopts what is there and answers CNI calls. */
  public static Agent start(AgentConfig config) throws IOException {
    var parts = new ArrayDeque<AutoCloseable>();
    try {
      return new Agent(config, parts);
    } catch (IOException | RuntimeException e) {
      close(parts);
      throw e;
    }
  }

  private Agent(AgentConfig config, ArrayDeque<AutoCloseable> parts) throws IOException {
    this.config = config;
    this.parts = parts;
    var state = config.stateDirectory();
    Files.createDirectories(state);
    own(lock(state.resolve("agent.lock")));
    api = own(KubernetesApi.open(config.kubeconfig()));
    uplink = AddressWatch.Uplink.now();
    podMtu = NodeSetup.podMtu(config);
    datapath = own(NodeSetup.open(config));
    var tables = Tables.of(datapath);
    store = new EndpointStore(state.resolve("endpoints"));
    var rules = new RuleNumbers(reserveRuleNumbers(new StateFiles(state), tables));
    names = new Names(config.clusterName(), config.nodeName(), rules);
    var engine = new PolicyEngine(settings(config));
    var realizer = new Realizer(tables, engine, rules, store.all());
    realizer.tellApiServers(names::identity);
    validPolicies = own(new ValidPolicies(state.resolve("policies")));
    var primary = uplink.address();
    status =
        own(
            new StatusWriter(
                config.nodeName(),
                primary == null ? "" : primary.getHostAddress(),
                new CiliumEndpoints(api),
                new CiliumNodes(api),
                id -> datapath.endpoints().get(id),
                names::workload));
    steering =
        own(
            new Steering(
                realizer,
                revision -> {
                  names.revision(revision);
                  status.revision(revision);
                },
                policies));
    announcements = new Announcements(config, steering, names);
    pods = new Pods(config.clusterName(), api);
    deletedPolicies = own(new DeletedPolicies(pods::isNamespaceAlive, store::hasPodsOf));
    allocator = new IdentityAllocator(api);
    var identities = new AllocatedIdentities(allocator);
    var network = new PodNetwork(datapath);
    relabeler = new Relabeler(store, pods, identities, steering, names, status);
    lifecycle =
        new EndpointLifecycle(
            store,
            datapath.endpoints(),
            network,
            steering,
            pods,
            identities,
            listener(),
            _ -> {},
            podMtu);
    attachments = own(new AttachmentWatch(store, lifecycle));
    verifier = own(new PolicyVerifier(steering, datapath, rules));
    probes = own(new NodeProbes(config.nodeName(), nodes, config.health().nodePort()));
    answerNodes();
    var sizes = new TableSizes(datapath);
    @Nullable Hubble hubble = null;
    if (config.hubble()) {
      var policyState =
          new PolicyStateService(
              config.clusterName() + "/" + config.nodeName(),
              policies,
              store::all,
              () -> names.revision());
      var traces =
          new TraceService(
              config.clusterName() + "/" + config.nodeName(), primary, datapath, store::all, names);
      var programs = new ProgramMetrics(own(new ProgramTimes(datapath, PROGRAM_SAMPLE)));
      var overlay = new OverlayMetrics(datapath);
      var node = new NodeMetrics(sizes, policies, lifecycle, api);
      hubble =
          own(
              Hubble.start(
                  config,
                  datapath,
                  names,
                  announcements,
                  policyState,
                  traces,
                  to -> {
                    verifier.write(to);
                    programs.write(to);
                    overlay.write(to);
                    probes.write(to);
                    node.write(to);
                  }));
    }
    var server = own(new CniServer(config.cniSocket()));
    admin = own(new AdminServer(config.adminSocket()));
    admin.offer("policy-verify", _ -> verifier.verify().fields());
    new KernelQuestions(steering, datapath, rules).offer(admin);
    new StatusQuestion(
            config.nodeName(),
            this::isReady,
            datapath,
            store::all,
            sizes,
            policies,
            verifier,
            probes)
        .offer(admin);
    new KernelListings(steering, store::all, datapath, new ListedNames(names)).offer(admin);
    if (hubble != null) {
      var kept = hubble;
      admin.offer("audit-forget", _ -> Map.of("forgotten", (long) kept.forgetAudited()));
    }
    ownNode = own(new OwnNode(api, config.nodeName(), this::ownNode));
    adopt(network);
    server.serve(lifecycle);
    services =
        own(
            new NodeServices(
                config,
                datapath,
                new StateFiles(state),
                names,
                () -> store.all().stream().map(LocalEndpoint::netns).toList()));
    new ServiceQuestions(services, config.services()).offer(admin);
    admin.serve();
  }

  private <T extends AutoCloseable> T own(T part) {
    parts.push(part);
    return part;
  }

  /** Other nodes ask whether this one is there; that they can't is no reason not to serve pods. */
  private void answerNodes() {
    int port = config.health().nodePort();
    if (port == 0) {
      return;
    }
    try {
      own(new HealthServer(new InetSocketAddress(port), NodeProbes.PATH, () -> true));
    } catch (IOException e) {
      log.error(
          "other nodes will take this one for unreachable: {}; set cluster-health-port to a free"
              + " one on all nodes",
          e.getMessage());
    }
  }

  private static AutoCloseable lock(Path file) throws IOException {
    var channel = FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
    if (channel.tryLock() == null) {
      channel.close();
      throw new IOException(
          "another agent of this node runs (it holds " + file + "): stop it first");
    }
    return channel;
  }

  /** Numbers that no rule had before, also not one that only a connection's entry still names. */
  private static int reserveRuleNumbers(StateFiles state, Tables tables) throws IOException {
    int first = 1;
    var before = state.readAll().get("rule-numbers");
    if (before != null) {
      first = Integer.parseInt(new String(before, StandardCharsets.US_ASCII).strip());
    }
    for (PolicyValue value : tables.policies().dump().values()) {
      first = Math.max(first, value.rule() + 1);
    }
    state.write(
        "rule-numbers", Integer.toString(first + RULE_BLOCK).getBytes(StandardCharsets.US_ASCII));
    return first;
  }

  private static PolicySettings settings(AgentConfig config) {
    var enforcement =
        switch (config.policyEnforcement()) {
          case DEFAULT -> PolicySettings.Enforcement.DEFAULT;
          case ALWAYS -> PolicySettings.Enforcement.ALWAYS;
          case NEVER -> PolicySettings.Enforcement.NEVER;
        };
    return new PolicySettings(
        config.clusterName(),
        enforcement,
        config.allowLocalHost(),
        config.policyAudit(),
        config.nodeLabels());
  }

  private EndpointLifecycle.Listener listener() {
    return new EndpointLifecycle.Listener() {
      @Override
      public void added(LocalEndpoint endpoint) {
        names.local(endpoint);
        announcements.created(endpoint);
        status.added(endpoint);
        relabeler.check(endpoint);
        attachments.added();
        ownNode.podsChanged();
      }

      @Override
      public void removed(LocalEndpoint endpoint) {
        names.localGone(endpoint);
        deletedPolicies.podGone(endpoint.namespace());
        announcements.deleted(endpoint);
        status.removed(endpoint);
        ownNode.podsChanged();
      }
    };
  }

  private void adopt(PodNetwork network) throws IOException {
    lifecycle.forgetVanished();
    for (var endpoint : store.all()) {
      network.attach(endpoint);
      names.local(endpoint);
    }
    network.removeStrangers(new HashSet<>(store.ids()));
    lifecycle.deleteQueued(config.stateDirectory().resolve("cni-deletes"));
    log.info("{} endpoints adopted", store.ids().size());
  }

  /**
   * Follows the cluster. Blocks until its policy is in force and pods can be added.
   *
   * @param outdated told, some time, why this agent has to be closed and another one started
   */
  public void follow(Consumer<String> outdated) throws InterruptedException, IOException {
    var routes = new NodeRoutes(config.routing(), new StateFiles(config.stateDirectory()), podMtu);
    new NodeListings(config.nodeName(), nodes, routes).offer(admin);
    var input =
        new ClusterInput(
            config.nodeName(),
            config.routing().overlay(),
            config.endpointSlices(),
            nodes,
            routes,
            steering,
            pods,
            names,
            relabeler);
    var shared = new SharedServices(announcements.around(api), config.nodeName());
    input.start(
        shared,
        new PolicyParser(config.clusterName(), config.nodeLabels()),
        validPolicies,
        policies,
        deletedPolicies,
        allocator,
        this::ownNode);
    ownNode.start();
    input.synced().await();
    var ipam = new Ipam(podCidr.join());
    usePodCidrs(ipam);
    for (var endpoint : store.all()) {
      if (!ipam.claim(endpoint.address())) {
        log.error(
            "endpoint {} has address {}, which is not this node's to give ({}): restart its pod"
                + " {}/{}",
            endpoint.id(),
            endpoint.address().getHostAddress(),
            ipam.cidrs(),
            endpoint.namespace(),
            endpoint.pod());
      }
    }
    NodeSetup.route(ipam, podMtu);
    routes.begin(ipam.router());
    ownNode.pods(ipam);
    var addresses = NodeSetup.addresses();
    tellAddresses(Set.of(), addresses);
    steering.begin().exceptionally(_ -> null).join();
    store.all().forEach(status::added);
    services.follow(shared, addresses);
    lifecycle.ready(ipam);
    usePodCidrs(ipam);
    NodeSetup.installPlugin(config);
    attachments.start();
    verifier.start();
    if (config.health().nodePort() != 0) {
      probes.start();
    }
    announceServices(shared);
    watchAddresses(addresses, outdated);
    log.info("node {} is ready: pods get addresses of {}", config.nodeName(), ipam.cidrs());
  }

  private void tellAddresses(Set<InetAddress> before, Set<InetAddress> now) {
    for (var address : now) {
      steering.submit(r -> r.say(Ipcache.Source.HOST, IpcacheKey.of(address), 1));
    }
    for (var address : before) {
      if (!now.contains(address)) {
        steering.submit(r -> r.say(Ipcache.Source.HOST, IpcacheKey.of(address), 0));
      }
    }
    steering.submit(r -> r.nodes().host(now));
  }

  private void watchAddresses(Set<InetAddress> first, Consumer<String> outdated) {
    var listener =
        new AddressWatch.Listener() {
          private Set<InetAddress> before = first;

          @Override
          public void addresses(Set<InetAddress> now) {
            tellAddresses(before, now);
            before = now;
            services.nodeAddresses(now);
            ownNode.changed();
          }

          @Override
          public void moved(AddressWatch.Uplink before, AddressWatch.Uplink now) {
            outdated.accept(
                "this node's way out was %s at interface %d and is %s at interface %d"
                    .formatted(before.address(), before.ifindex(), now.address(), now.ifindex()));
          }
        };
    var watch = new AddressWatch(uplink, first, listener);
    synchronized (this) {
      if (!closed) {
        own(watch).start();
      }
    }
  }

  private void announceServices(ClusterWatch watch) {
    var device = NodeSetup.networkDevice();
    if (!config.l2Announcements() || device == null || device.mac() == null) {
      return;
    }
    var announcer = new L2Announcer(api, watch, config.nodeName(), device, datapath.announced());
    synchronized (this) {
      if (!closed) {
        own(announcer);
        return;
      }
    }
    announcer.close();
  }

  private void ownNode(@Nullable CiliumNodeRecord node) {
    ownNode.seen(node);
    if (node == null || node.podCidrs().isEmpty()) {
      return;
    }
    podCidrs = node.podCidrs();
    podCidr.complete(node.podCidrs().getFirst());
    var ipam = lifecycle.addresses();
    if (ipam != null) {
      usePodCidrs(ipam);
    }
  }

  private synchronized void usePodCidrs(Ipam ipam) {
    int before = ipam.cidrs().size();
    try {
      ipam.use(podCidrs);
    } catch (IllegalArgumentException e) {
      log.error("spec.ipam.podCIDRs of this node's CiliumNode: {}; correct it", e.getMessage());
    }
    if (ipam.cidrs().size() != before) {
      NodeSetup.route(ipam, podMtu);
      ownNode.changed();
      log.info("pods get addresses of {}", ipam.cidrs());
    }
  }

  public boolean isReady() {
    return lifecycle.isReady();
  }

  /** Ends the process's parts, last made first. Connections and verdicts live on. */
  @Override
  public void close() {
    podCidr.cancel(false);
    synchronized (this) {
      closed = true;
    }
    close(parts);
  }

  private static void close(ArrayDeque<AutoCloseable> parts) {
    while (!parts.isEmpty()) {
      try {
        parts.pop().close();
      } catch (Exception e) {
        log.error("a part of the agent could not be closed", e);
      }
    }
  }
}
