package io.ovenet.lab.api;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.MappingIterator;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.eclipse.jetty.http.UriCompliance;
import org.eclipse.jetty.server.HttpConfiguration;
import org.eclipse.jetty.server.HttpConnectionFactory;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;
import org.eclipse.jetty.util.VirtualThreads;
import org.eclipse.jetty.util.thread.QueuedThreadPool;
import org.eclipse.jetty.websocket.server.ServerWebSocketContainer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The running API server. It listens on 127.0.0.1 of the network namespace it was started in, and
 * on every socket that {@link #listen} is given, which may belong to another namespace. Everybody
 * who can connect may do everything; nothing outside the machine can. Thread-safe.
 */
public final class ApiServer implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(ApiServer.class);
  private static final String[] CRDS = {"kubevirt.yaml", "multus.yaml"};

  /**
   * How it runs.
   *
   * @param port to listen on, or 0 for any that is free
   * @param window how many changes of each resource a watch can go back
   * @param bodyLimit bytes of a request beyond which it is refused
   * @param serviceCidr where the addresses of services come from
   * @param gracefulPods whether deleting a pod on a node only marks it, until its node deletes it
   *     with {@code gracePeriodSeconds=0}, as on Kubernetes
   * @param logs where containers' output comes from; null for no `kubectl logs`
   * @param exec what runs commands in containers; null for no `kubectl exec`
   * @param ports what reaches ports of pods; null for no port forwarding
   * @param reviews who looks at each object before it is written
   */
  public record Options(
      int port,
      int window,
      int bodyLimit,
      String serviceCidr,
      boolean gracefulPods,
      @Nullable PodLogs logs,
      @Nullable PodExec exec,
      @Nullable PodPorts ports,
      List<Review> reviews) {
    public static final Options DEFAULT =
        new Options(0, 10_000, 3 << 20, "10.96.0.0/16", false, null, null, null, List.of());

    public Options withPort(int newPort) {
      return new Options(
          newPort, window, bodyLimit, serviceCidr, gracefulPods, logs, exec, ports, reviews);
    }

    public Options withWindow(int changes) {
      return new Options(
          port, changes, bodyLimit, serviceCidr, gracefulPods, logs, exec, ports, reviews);
    }

    public Options withGracefulPods(boolean graceful) {
      return new Options(
          port, window, bodyLimit, serviceCidr, graceful, logs, exec, ports, reviews);
    }

    public Options withLogs(PodLogs source) {
      return new Options(
          port, window, bodyLimit, serviceCidr, gracefulPods, source, exec, ports, reviews);
    }

    public Options withExec(PodExec runner) {
      return new Options(
          port, window, bodyLimit, serviceCidr, gracefulPods, logs, runner, ports, reviews);
    }

    public Options withPorts(PodPorts way) {
      return new Options(
          port, window, bodyLimit, serviceCidr, gracefulPods, logs, exec, way, reviews);
    }

    public Options withReviews(List<Review> all) {
      return new Options(
          port, window, bodyLimit, serviceCidr, gracefulPods, logs, exec, ports, all);
    }
  }

  private final Store store;
  private final Collector collector;
  private final Server server;
  private final ServerConnector loopback;

  private ApiServer(Path directory, Options options) throws IOException {
    BuiltInSchemas schemas = new BuiltInSchemas();
    store = new Store(directory.resolve("objects.db"), options.window());
    Registry registry = new Registry(BuiltIns.resources(schemas));
    CustomResources custom = new CustomResources(registry, schemas);
    ServiceAddresses addresses = new ServiceAddresses(options.serviceCidr());
    store.list(CustomResources.ID, "").items().forEach(custom::register);
    store.list("services", "").items().forEach(addresses::hold);
    store.listen(custom::observe);
    store.listen(addresses::observe);
    Admission admission = new Admission(schemas, new BuiltInRules(addresses), options.reviews());
    FieldManagers managers = new FieldManagers(schemas.objectMeta());
    Verbs verbs = new Verbs(store, admission, managers, new Deletion(options.gracefulPods()));
    collector = new Collector(store, registry, verbs);
    collector.start();
    seed(registry, verbs);

    Router router = new Router(store, registry, verbs, options.logs());
    QueuedThreadPool threads = new QueuedThreadPool(16, 4);
    threads.setName("api");
    threads.setDaemon(true);
    threads.setVirtualThreadsExecutor(VirtualThreads.getNamedVirtualThreadsExecutor("api-call-"));
    server = new Server(threads);
    List<SocketFront> fronts = new ArrayList<>();
    ServerWebSocketContainer sockets = ServerWebSocketContainer.ensure(server);
    if (options.exec() != null) {
      fronts.add(new ExecFront(options.exec(), sockets));
    }
    if (options.ports() != null) {
      fronts.add(new PortForwardFront(options.ports(), sockets));
    }
    server.setHandler(new HttpFront(router::route, options.bodyLimit(), fronts, router::check));
    server.setStopTimeout(0);
    loopback = connector();
    loopback.setHost(InetAddress.getLoopbackAddress().getHostAddress());
    loopback.setPort(options.port());
    server.addConnector(loopback);
  }

  /**
   * Starts a server.
   *
   * @param directory where its data is kept; made if it is missing
   * @throws IOException if the directory is in use by another server, or the port is
   */
  public static ApiServer start(Path directory, Options options) throws IOException {
    ApiServer api = new ApiServer(directory, options);
    try {
      api.server.start();
    } catch (Exception e) {
      api.close();
      throw new IOException("start the API server: " + e.getMessage(), e);
    }
    LOG.info("API server of {} listens on {}", directory, api.url());
    return api;
  }

  private ServerConnector connector() {
    HttpConfiguration http = new HttpConfiguration();
    http.setSendServerVersion(false);
    http.setRequestHeaderSize(64 * 1024);
    http.setUriCompliance(UriCompliance.DEFAULT);
    ServerConnector connector = new ServerConnector(server, 1, 1, new HttpConnectionFactory(http));
    connector.setAcceptedTcpNoDelay(true);
    connector.setIdleTimeout(120_000);
    return connector;
  }

  /** Brings the namespaces and kinds that every cluster of the lab has. */
  private static void seed(Registry registry, Verbs verbs) throws IOException {
    for (String name : List.of("default", "kube-system", "kube-public", "kube-node-lease")) {
      ObjectNode namespace = Json.object();
      namespace.putObject("metadata").put("name", name);
      create(registry, verbs, "", "v1", "namespaces", namespace);
    }
    for (String file : CRDS) {
      try (InputStream in = ApiServer.class.getResourceAsStream("crds/" + file)) {
        if (in == null) {
          throw new IOException("crds/" + file + " is not in the jar");
        }
        try (MappingIterator<JsonNode> documents =
            Json.YAML.readerFor(JsonNode.class).readValues(in)) {
          while (documents.hasNext()) {
            ObjectNode crd = (ObjectNode) documents.next();
            String plural = "customresourcedefinitions";
            create(registry, verbs, BuiltIns.EXTENSIONS, "v1", plural, crd);
          }
        }
      }
    }
  }

  private static void create(
      Registry registry,
      Verbs verbs,
      String group,
      String version,
      String plural,
      ObjectNode object) {
    Resource resource = registry.find(group, version, plural);
    if (resource == null) {
      throw new IllegalStateException("no resource " + plural);
    }
    Call call =
        new Call(
            "POST", "/", Map.of("fieldValidation", "Strict"), "", Answer.JSON, new byte[0], "");
    try {
      verbs.create(resource, "", object, call);
    } catch (ApiException e) {
      if (!e.reason().equals("AlreadyExists")) {
        throw e;
      }
    }
  }

  /**
   * Serves on one more socket, which may have been opened in another network namespace. The server
   * closes it when it is closed itself.
   *
   * @param channel bound and listening
   */
  public void listen(ServerSocketChannel channel) throws IOException {
    ServerConnector connector = connector();
    try {
      connector.open(channel);
      server.addConnector(connector);
      connector.start();
    } catch (Exception e) {
      server.removeConnector(connector);
      throw new IOException("listen on " + channel + ": " + e.getMessage(), e);
    }
  }

  /** The TCP port on 127.0.0.1. */
  public int port() {
    return loopback.getLocalPort();
  }

  /** Where it is reached in its own network namespace. */
  public String url() {
    return url(new InetSocketAddress(InetAddress.getLoopbackAddress(), port()));
  }

  private static String url(InetSocketAddress address) {
    return "http://" + address.getAddress().getHostAddress() + ":" + address.getPort();
  }

  /** A kubeconfig for clients in the server's own network namespace. */
  public String kubeconfig() {
    return kubeconfig(url());
  }

  /**
   * A kubeconfig for clients that reach the server elsewhere.
   *
   * @param url such as {@code http://192.168.7.1:6443}
   */
  public static String kubeconfig(String url) {
    return """
        apiVersion: v1
        kind: Config
        clusters:
        - name: ovenet-lab
          cluster:
            server: %s
        users:
        - name: ovenet-lab
          user: {}
        contexts:
        - name: ovenet-lab
          context:
            cluster: ovenet-lab
            user: ovenet-lab
            namespace: default
        current-context: ovenet-lab
        """
        .formatted(url);
  }

  /** Stops serving, ends all watches and closes the data. */
  @Override
  public void close() throws IOException {
    try {
      server.stop();
    } catch (Exception e) {
      throw new IOException("stop the API server: " + e.getMessage(), e);
    } finally {
      collector.close();
      store.close();
    }
  }
}
