package io.ovenet.agent;

import io.ovenet.bpf.MacAddress;
import io.ovenet.datapath.DatapathOptions;
import io.ovenet.datapath.EndpointTable;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Answers CNI calls: makes, checks and removes endpoints. ADD answers when policy is in force on
 * the endpoint, and leaves nothing behind when a step fails. Calls for one attachment come after
 * each other, all others at once.
 */
public final class EndpointLifecycle implements CniServer.Plugin {
  /** The steps of ADD, in order. */
  public enum Step {
    IDENTITY,
    ID,
    ADDRESS,
    LINK,
    ATTACH,
    CONFIGURE,
    STATE,
    POLICY,
    ANSWER
  }

  /** Called before each step of ADD; a test lets one fail. */
  @FunctionalInterface
  public interface StepProbe {
    void before(Step step);
  }

  /** Told of endpoints that came, changed and went. Must not block. */
  public interface Listener {
    void added(LocalEndpoint endpoint);

    void removed(LocalEndpoint endpoint);
  }

  private static final Logger log = LoggerFactory.getLogger(EndpointLifecycle.class);
  private static final long REALIZE_SECONDS = 60;
  private static final int LOCKS = 512;

  private final EndpointStore store;
  private final EndpointTable table;
  private final PodNetwork network;
  private final Steering steering;
  private final Pods pods;
  private final Identities identities;
  private final Listener listener;
  private final StepProbe probe;
  private final int mtu;
  private final ReentrantLock[] locks = new ReentrantLock[LOCKS];
  private volatile @Nullable Ipam ipam;
  private volatile long lastCallNanos = System.nanoTime();

  public EndpointLifecycle(
      EndpointStore store,
      EndpointTable table,
      PodNetwork network,
      Steering steering,
      Pods pods,
      Identities identities,
      Listener listener,
      StepProbe probe,
      int mtu) {
    this.store = store;
    this.table = table;
    this.network = network;
    this.steering = steering;
    this.pods = pods;
    this.identities = identities;
    this.listener = listener;
    this.probe = probe;
    this.mtu = mtu;
    Arrays.setAll(locks, _ -> new ReentrantLock());
  }

  /** From here on pods can be added: the node has its CIDR and knows the cluster's policy. */
  public void ready(Ipam addresses) {
    ipam = addresses;
  }

  /** What addresses are given from; null: nothing yet. */
  @Nullable Ipam addresses() {
    return ipam;
  }

  public boolean isReady() {
    return ipam != null;
  }

  @Override
  public @Nullable Map<String, ?> call(CniRequest request) throws CniException {
    return switch (request.command()) {
      case STATUS -> status();
      case CHECK -> locked(request.key(), () -> check(request));
      case ADD -> locked(request.key(), () -> add(request));
      case DEL ->
          locked(
              request.key(),
              () -> {
                delete(request.key());
                return null;
              });
    };
  }

  private interface Call {
    @Nullable Map<String, ?> run() throws CniException;
  }

  private @Nullable Map<String, ?> locked(AttachmentKey key, Call call) throws CniException {
    var lock = lockOf(key);
    lock.lock();
    try {
      lastCallNanos = System.nanoTime();
      return call.run();
    } finally {
      lastCallNanos = System.nanoTime();
      lock.unlock();
    }
  }

  /** One of a fixed number: two attachments may share it, which costs one of them a wait. */
  private ReentrantLock lockOf(AttachmentKey key) {
    return locks[Math.floorMod(key.hashCode(), locks.length)];
  }

  private @Nullable Map<String, ?> status() throws CniException {
    var addresses = ipam;
    if (addresses == null) {
      throw new CniException(CniException.UNAVAILABLE, NOT_READY, "");
    }
    if (addresses.free() == 0) {
      throw new CniException(
          CniException.UNAVAILABLE_FOR_NEW,
          "no free address in " + String.join(", ", addresses.cidrs()),
          "");
    }
    if (store.isFull()) {
      throw new CniException(
          CniException.UNAVAILABLE_FOR_NEW, "no endpoint id of this node is free", "");
    }
    return null;
  }

  private static final String NOT_READY =
      "the agent is not ready: it has no pod CIDR yet or has not heard all of the cluster's policy";

  private Map<String, ?> add(CniRequest request) throws CniException {
    var addresses = ipam;
    if (addresses == null) {
      throw new CniException(
          CniException.TRY_AGAIN, NOT_READY, "see the log of operator and agent");
    }
    if (request.configuration().fields().containsKey("prevResult")
        && request.configuration().string("chaining-mode").isEmpty()) {
      throw new CniException(
          CniException.BAD_CONFIGURATION,
          "prevResult without chaining: this plugin makes interfaces itself",
          "put it first in the list of plugins");
    }
    var old = store.find(request.key());
    if (old != null) {
      if (old.netns().equals(request.netns()) && network.check(old, request.netns()) == null) {
        return result(old).toJson(request.version());
      }
      remove(old);
    }
    var transaction = new Transaction(request, addresses);
    try {
      return result(transaction.run()).toJson(request.version());
    } catch (IOException | RuntimeException e) {
      transaction.undo();
      log.error("ADD of {} failed; everything it had done is undone", request.key(), e);
      throw new CniException(
          CniException.TRY_AGAIN, "cannot add " + request.key() + ": " + e.getMessage(), "");
    } catch (CniException e) {
      transaction.undo();
      throw e;
    }
  }

  /** What one ADD has done so far. */
  private final class Transaction {
    private final CniRequest request;
    private final Ipam addresses;
    private final ArrayDeque<Runnable> undo = new ArrayDeque<>();

    Transaction(CniRequest request, Ipam addresses) {
      this.request = request;
      this.addresses = addresses;
    }

    LocalEndpoint run() throws IOException, CniException {
      probe.before(Step.IDENTITY);
      var namespace = argument("K8S_POD_NAMESPACE");
      var name = argument("K8S_POD_NAME");
      var meaning =
          Meaning.of(
              namespace,
              name,
              request.arguments().getOrDefault("K8S_POD_UID", ""),
              pods,
              identities);

      probe.before(Step.ID);
      int id = store.reserveId();
      undo.push(() -> store.release(id));
      int generation = (table.generation(id) + 1) & 0xffff;

      probe.before(Step.ADDRESS);
      var address = addresses.allocate();
      undo.push(() -> addresses.release(address));
      var endpoint =
          new LocalEndpoint(
              id,
              generation,
              request.key(),
              request.netns(),
              namespace,
              name,
              meaning.podUid(),
              macOf(address.getAddress()),
              address,
              mtuOf(request),
              meaning.identity(),
              meaning.labels(),
              meaning.ports(),
              meaning.audit());

      probe.before(Step.LINK);
      undo.push(() -> network.remove(endpoint));
      network.createLink(endpoint);

      probe.before(Step.ATTACH);
      network.attach(endpoint);

      probe.before(Step.CONFIGURE);
      network.configure(endpoint);

      probe.before(Step.STATE);
      undo.push(() -> store.remove(id));
      store.put(endpoint);
      store.release(id);

      probe.before(Step.POLICY);
      undo.push(() -> await(steering.applied(r -> r.removeEndpoint(id))));
      await(steering.realized(r -> r.addEndpoint(endpoint)));
      probe.before(Step.ANSWER);
      listener.added(endpoint);
      return endpoint;
    }

    private String argument(String name) throws CniException {
      var value = request.arguments().getOrDefault(name, "");
      if (value.isEmpty()) {
        throw new CniException(
            CniException.ENVIRONMENT, "CNI_ARGS has no " + name, "a Kubernetes runtime gives it");
      }
      return value;
    }

    /** Last step first; one that fails is told and the others go on. */
    void undo() {
      while (!undo.isEmpty()) {
        try {
          undo.pop().run();
        } catch (RuntimeException e) {
          log.error("a step of the failed ADD of {} could not be undone", request.key(), e);
        }
      }
    }
  }

  private static void await(CompletableFuture<Void> realized) {
    try {
      realized.get(REALIZE_SECONDS, TimeUnit.SECONDS);
    } catch (ExecutionException e) {
      var cause = e.getCause();
      throw new IllegalStateException(
          "policy could not be brought into force: " + (cause == null ? e : cause.getMessage()), e);
    } catch (TimeoutException e) {
      throw new IllegalStateException(
          "policy was not in force after " + REALIZE_SECONDS + " s; see the agent's log", e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("interrupted", e);
    }
  }

  private int mtuOf(CniRequest request) {
    long asked = request.configuration().integer("mtu");
    return asked >= 68 && asked <= 65_535 ? (int) asked : mtu;
  }

  /** Locally administered, and as unique as the address. */
  private static MacAddress macOf(byte[] address) {
    return MacAddress.of(new byte[] {0x0a, 0x58, address[0], address[1], address[2], address[3]});
  }

  private static CniResult result(LocalEndpoint endpoint) {
    return new CniResult(
        endpoint.hostInterface(),
        DatapathOptions.GATEWAY_MAC.toString(),
        endpoint.key().ifname(),
        endpoint.mac().toString(),
        endpoint.netns(),
        endpoint.address().getHostAddress(),
        DatapathOptions.GATEWAY.getHostAddress(),
        endpoint.mtu());
  }

  private @Nullable Map<String, ?> check(CniRequest request) throws CniException {
    if (!request.version().atLeast(CniVersion.V0_4_0)) {
      throw new CniException(
          CniException.INCOMPATIBLE_VERSION,
          "CHECK came with CNI 0.4.0, and cniVersion is " + request.version(),
          "");
    }
    var endpoint = store.find(request.key());
    if (endpoint == null) {
      throw new CniException(
          CniException.UNKNOWN_CONTAINER, request.key() + " is no endpoint here", "");
    }
    var amiss = network.check(endpoint, request.netns());
    if (amiss != null) {
      throw new CniException(CniException.CHECK_FAILED, amiss, "delete the pod to get it anew");
    }
    return null;
  }

  /** Whether no call has begun or ended for so long. */
  boolean quietFor(Duration time) {
    return System.nanoTime() - lastCallNanos >= time.toNanos();
  }

  /**
   * Sees to an endpoint's programs: puts back what somebody else took off, which is told, and
   * settles them if it may.
   *
   * @param settle whether there is time for that
   */
  void tend(LocalEndpoint endpoint, boolean settle) {
    var lock = lockOf(endpoint.key());
    lock.lock();
    try {
      var present = store.get(endpoint.id());
      if (present == null || present.generation() != endpoint.generation()) {
        return;
      }
      if (!network.isAttached(endpoint) && network.exists(endpoint)) {
        log.error(
            "ALARM: somebody took programs off {} ({}/{}), which let nothing pass since; attaching"
                + " them again",
            endpoint.hostInterface(),
            endpoint.namespace(),
            endpoint.pod());
        network.attach(endpoint);
      }
      if (settle && !network.isSettled(endpoint) && network.exists(endpoint)) {
        network.settle(endpoint);
      }
    } finally {
      lock.unlock();
    }
  }

  /** Removes the endpoint if there is one. */
  void delete(AttachmentKey key) {
    var endpoint = store.find(key);
    if (endpoint != null) {
      remove(endpoint);
    }
  }

  /** What the state's file names is removed first, the file last: a crash in between repeats it. */
  private void remove(LocalEndpoint endpoint) {
    await(steering.applied(r -> r.removeEndpoint(endpoint.id())));
    network.remove(endpoint);
    store.remove(endpoint.id());
    var addresses = ipam;
    if (addresses != null) {
      addresses.release(endpoint.address());
    }
    listener.removed(endpoint);
  }

  /**
   * Does what the plugin was told while no agent answered.
   *
   * @param queue directory with a request in each file
   */
  public void deleteQueued(Path queue) throws IOException {
    if (!Files.isDirectory(queue)) {
      return;
    }
    try (var files = Files.list(queue)) {
      for (Path file : (Iterable<Path>) files::iterator) {
        var name = file.getFileName().toString();
        if (name.startsWith(".")) {
          continue;
        }
        try {
          var request = CniRequest.parse(Files.readAllBytes(file));
          call(request);
          log.info("queued deletion of {} done", request.key());
        } catch (CniException e) {
          log.error("{} holds no request to delete ({}); it is dropped", file, e.getMessage());
        }
        Files.deleteIfExists(file);
      }
    }
  }

  /** Forgets endpoints whose devices went away without a DEL, as in a restart of the node. */
  public void forgetVanished() {
    for (var endpoint : store.all()) {
      if (!network.exists(endpoint)) {
        log.info("endpoint {} has no device any more; it is forgotten", endpoint.id());
        remove(endpoint);
      }
    }
  }
}
