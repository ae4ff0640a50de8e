package io.ovenet.trace;

import io.ovenet.kubernetes.ApiException;
import io.ovenet.kubernetes.JsonObject;
import io.ovenet.kubernetes.KubernetesApi;
import io.ovenet.kubernetes.question.Target;
import java.io.IOException;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Who is meant by the ends of a trace: a pod ({@code shop/web-1}), a virtual machine ({@code
 * vm/shop/db}), and as the destination also a service ({@code svc/shop/web}) or an IPv4 address.
 * The cluster is asked only where a name has to be looked up. What is no end, or is not there, is
 * an {@link IllegalArgumentException} that says so. Not thread-safe.
 */
public final class TraceEnds implements AutoCloseable {
  /** Opens the connection to the cluster. */
  @FunctionalInterface
  public interface Cluster {
    KubernetesApi open() throws IOException;
  }

  /** A pod by its names. */
  public record Pod(String namespace, String name) {
    @Override
    public String toString() {
      return namespace + "/" + name;
    }
  }

  /**
   * Where to.
   *
   * @param address IPv4
   * @param port of ICMP the type
   * @param service whether it is a service's
   */
  public record Destination(String address, int port, boolean service) {}

  private static final String IPV4 = "[0-9]{1,3}(\\.[0-9]{1,3}){3}";
  private static final String MACHINE_LABEL = "vm.kubevirt.io/name";

  private final Cluster cluster;
  private final String namespace;
  private @Nullable KubernetesApi api;

  /**
   * In a cluster.
   *
   * @param namespace of names without one
   */
  public TraceEnds(Cluster cluster, String namespace) {
    this.cluster = cluster;
    this.namespace = namespace;
  }

  /** The pod that is to send. */
  public Pod source(String text) throws IOException {
    if (text.matches(IPV4) || text.startsWith("svc/") || text.startsWith("node/")) {
      throw new IllegalArgumentException(
          "FROM '"
              + text
              + "': only a pod (shop/web-1) or a virtual machine (vm/shop/db) can be"
              + " traced from");
    }
    if (text.startsWith("vm/")) {
      Pod machine = named(text.substring(3), text);
      JsonObject pod = podOf(machine);
      return new Pod(machine.namespace(), pod.object("metadata").string("name"));
    }
    return named(text.startsWith("pod/") ? text.substring(4) : text, text);
  }

  /** Address and port. */
  public Destination destination(Target target) throws IOException {
    String end = target.end();
    if (end.matches(IPV4)) {
      return new Destination(end, number(target, List.of(), "port"), false);
    }
    if (end.startsWith("vm/")) {
      return ofPod(podOf(named(end.substring(3), end)), target);
    }
    if (end.startsWith("svc/")) {
      Pod name = named(end.substring(4), end);
      JsonObject service = get("/api/v1/namespaces/%s/services/%s", name);
      if (service == null) {
        throw new IllegalArgumentException("TO '" + end + "': there is no service " + name);
      }
      return ofService(service, name, target);
    }
    Pod name = named(end.startsWith("pod/") ? end.substring(4) : end, end);
    JsonObject pod = get("/api/v1/namespaces/%s/pods/%s", name);
    if (pod != null) {
      return ofPod(pod, target);
    }
    JsonObject service =
        end.startsWith("pod/") ? null : get("/api/v1/namespaces/%s/services/%s", name);
    if (service == null) {
      throw new IllegalArgumentException(
          "TO '"
              + end
              + "': there is neither a pod nor a service "
              + name
              + "; name one as"
              + " namespace/name, vm/namespace/name, svc/namespace/name or by its IPv4 address");
    }
    return ofService(service, name, target);
  }

  private Pod named(String name, String text) {
    int slash = name.indexOf('/');
    String in = slash < 0 ? namespace : name.substring(0, slash);
    String bare = name.substring(slash + 1);
    String allowed = "[a-z0-9]([a-z0-9.-]*[a-z0-9])?";
    if (in.isEmpty()) {
      throw new IllegalArgumentException(
          "'" + text + "': of which namespace? Write namespace/name");
    }
    if (!in.matches(allowed) || !bare.matches(allowed)) {
      throw new IllegalArgumentException("'" + text + "' is no name: write namespace/name");
    }
    return new Pod(in, bare);
  }

  private JsonObject podOf(Pod machine) throws IOException {
    String label = URLEncoder.encode(MACHINE_LABEL + "=" + machine.name(), StandardCharsets.UTF_8);
    for (JsonObject pod :
        api()
            .get("/api/v1/namespaces/" + machine.namespace() + "/pods?labelSelector=" + label)
            .objects("items")) {
      if (pod.object("status").string("phase").equals("Running")) {
        return pod;
      }
    }
    throw new IllegalArgumentException("no pod of the virtual machine " + machine + " runs");
  }

  private static Destination ofPod(JsonObject pod, Target target) {
    String address = pod.object("status").string("podIP");
    if (address.isEmpty()) {
      throw new IllegalArgumentException(
          "pod " + pod.object("metadata").string("name") + " has no address so far");
    }
    List<JsonObject> ports =
        pod.object("spec").objects("containers").stream()
            .flatMap(container -> container.objects("ports").stream())
            .toList();
    return new Destination(address, number(target, ports, "containerPort"), false);
  }

  private static Destination ofService(JsonObject service, Pod name, Target target) {
    String address = service.object("spec").string("clusterIP");
    if (!address.matches(IPV4)) {
      throw new IllegalArgumentException(
          "service "
              + name
              + " has no IPv4 address of its own (it is headless, say): name one of"
              + " its pods");
    }
    return new Destination(
        address, number(target, service.object("spec").objects("ports"), "port"), true);
  }

  private static int number(Target target, List<JsonObject> ports, String field) {
    int number = -1;
    if (target.port().matches("[0-9]{1,5}")) {
      number = Integer.parseInt(target.port());
    }
    for (JsonObject port : ports) {
      if (port.string("name").equals(target.port())) {
        number = (int) port.integer(field);
      }
    }
    if (target.isIcmp() && number != 8 && number != 13) {
      throw new IllegalArgumentException(
          "ICMP type " + target.port() + ": a trace asks as echo (8) or timestamp (13) do");
    }
    if (number < 1 || number > 65_535) {
      throw new IllegalArgumentException(
          "'" + target.port() + "' is no port of " + target.end() + ": give its number");
    }
    return number;
  }

  private @Nullable JsonObject get(String path, Pod name) throws IOException {
    try {
      return api().get(path.formatted(name.namespace(), name.name()));
    } catch (ApiException e) {
      if (e.notFound()) {
        return null;
      }
      throw e;
    }
  }

  private KubernetesApi api() throws IOException {
    KubernetesApi open = api;
    if (open == null) {
      open = cluster.open();
      api = open;
    }
    return open;
  }

  @Override
  public void close() {
    if (api != null) {
      api.close();
    }
  }
}
