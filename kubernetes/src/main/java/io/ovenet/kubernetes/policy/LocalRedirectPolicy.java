package io.ovenet.kubernetes.policy;

import io.ovenet.kubernetes.LocalRedirectPolicyRecord;
import io.ovenet.kubernetes.ObjectKey;
import io.ovenet.kubernetes.PodRecord;
import io.ovenet.policy.EndpointSelector;
import io.ovenet.policy.Label;
import io.ovenet.policy.Labels;
import io.ovenet.policy.PolicyException;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What a CiliumLocalRedirectPolicy means: what is called at an address, or by a service of the
 * policy's namespace, is answered by pods of that namespace on the caller's node.
 *
 * @param created RFC 3339, so sorted as text
 * @param address that is called; null where it is a service's
 * @param service name of the service; empty where it is an address
 * @param frontendPorts of the address, or of the service; none of these: all that it has
 * @param backends selects the pods
 * @param backendPorts of the pods, at least one
 * @param skipFromBackend whether what these pods call is left alone
 */
public record LocalRedirectPolicy(
    ObjectKey key,
    String created,
    @Nullable InetAddress address,
    String service,
    List<Port> frontendPorts,
    EndpointSelector backends,
    List<Port> backendPorts,
    boolean skipFromBackend) {
  /**
   * A port.
   *
   * @param name lower case; empty if it has none
   * @param protocol TCP or UDP
   */
  public record Port(String name, int port, String protocol) {}

  public LocalRedirectPolicy {
    frontendPorts = List.copyOf(frontendPorts);
    backendPorts = List.copyOf(backendPorts);
  }

  /**
   * Reads one.
   *
   * @throws PolicyException naming the field that is wrong
   */
  public static LocalRedirectPolicy of(LocalRedirectPolicyRecord written) {
    Field spec = new Field("spec", written.spec().fields());
    Field frontend = spec.get("redirectFrontend");
    Field byAddress = frontend.get("addressMatcher");
    Field byService = frontend.get("serviceMatcher");
    if (byAddress.present() == byService.present()) {
      throw frontend.error(
          "not exactly one of addressMatcher and serviceMatcher", "give one of them");
    }
    List<Port> called;
    InetAddress address = null;
    String service = "";
    if (byAddress.present()) {
      address = address(byAddress.get("ip"));
      called = ports(byAddress.get("toPorts"), false);
      if (called.isEmpty()) {
        throw byAddress.get("toPorts").error("no ports", "name at least one");
      }
    } else {
      service = service(byService, written.key().namespace());
      called = ports(byService.get("toPorts"), false);
    }
    Field backend = spec.get("redirectBackend");
    Field toPorts = backend.get("toPorts");
    List<Port> answering = ports(toPorts, called.size() > 1);
    if (answering.isEmpty()) {
      throw toPorts.error("no ports", "name at least one");
    }
    if (called.size() == 1
        && !answering.getFirst().protocol().equals(called.getFirst().protocol())) {
      throw toPorts.error(
          "another protocol than that of the port which is called", "name the same protocol");
    }
    Field skip = spec.get("skipRedirectFromBackend");
    return new LocalRedirectPolicy(
        written.key(),
        written.created(),
        address,
        service,
        called,
        EndpointSelector.of(
            SelectorParser.requirements(
                backend.get("localEndpointSelector").requireObject(), Label.K8S, "")),
        answering,
        skip.present() && skip.bool());
  }

  private static InetAddress address(Field ip) {
    String text = ip.string().strip();
    try {
      // Not what else stands for an address of IPv4, as 10.1 does.
      if (text.indexOf(':') >= 0 || text.matches("([0-9]{1,3}\\.){3}[0-9]{1,3}")) {
        return InetAddress.ofLiteral(text);
      }
    } catch (IllegalArgumentException _) {
      // Answered below.
    }
    throw ip.error("no address: '" + text + "'", "write one such as 169.254.169.254");
  }

  private static String service(Field matcher, String namespace) {
    Field named = matcher.get("namespace");
    if (!named.stringOr("").equals(namespace)) {
      throw named.error(
          "another namespace than the policy's, '" + namespace + "'",
          "write the policy into the namespace of the service");
    }
    String name = matcher.get("serviceName").stringOr("");
    if (name.isEmpty()) {
      throw matcher.get("serviceName").error("no name", "name the service");
    }
    return name;
  }

  private static List<Port> ports(Field list, boolean named) {
    List<Port> ports = new ArrayList<>();
    boolean several = named || list.items().size() > 1;
    for (Field item : list.items()) {
      item.only(Set.of("port", "protocol", "name"));
      String name = item.get("name").stringOr("").toLowerCase(Locale.ROOT);
      if (several && name.isEmpty()) {
        throw item.get("name")
            .error("no name, though there are several ports", "name it as its counterpart");
      }
      String protocol = item.get("protocol").string().toUpperCase(Locale.ROOT);
      if (!protocol.equals("TCP") && !protocol.equals("UDP")) {
        throw item.get("protocol").error("not TCP or UDP: '" + protocol + "'", "use one of these");
      }
      ports.add(new Port(name, number(item.get("port")), protocol));
    }
    return ports;
  }

  private static int number(Field port) {
    try {
      int number = Integer.parseInt(port.string());
      if (number >= 1 && number <= 65_535) {
        return number;
      }
    } catch (NumberFormatException _) {
      // Answered below, as one out of range is.
    }
    throw port.error("no port: '" + port.string() + "'", "write 1 to 65535, in quotation marks");
  }

  /** Whether a pod of the node is one of those that answer, if it has the port. */
  public boolean selects(PodRecord pod) {
    if (!pod.namespace().equals(key.namespace()) || pod.ended()) {
      return false;
    }
    List<Label> labels = new ArrayList<>();
    pod.labels().forEach((name, value) -> labels.add(Label.k8s(name, value)));
    return backends.matches(Labels.of(labels));
  }

  /**
   * The port of the pods that what is called leads to; null where it is left alone. Where there are
   * several, it is the one of the same name; of a service the name is its own port's.
   */
  public @Nullable Port backendPort(String name, int port, String protocol) {
    boolean called = frontendPorts.isEmpty();
    for (Port each : frontendPorts) {
      called |= each.port() == port && each.protocol().equals(protocol);
    }
    boolean byName = frontendPorts.size() > 1 || backendPorts.size() > 1;
    for (Port each : backendPorts) {
      if (called
          && each.protocol().equals(protocol)
          && (!byName || each.name().equals(name.toLowerCase(Locale.ROOT)))) {
        return each;
      }
    }
    return null;
  }
}
