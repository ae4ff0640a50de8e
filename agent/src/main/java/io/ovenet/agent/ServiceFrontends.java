package io.ovenet.agent;

import io.ovenet.agent.ServiceFrontend.BackendSet;
import io.ovenet.agent.ServiceFrontend.Kind;
import io.ovenet.bpf.IpPrefix;
import io.ovenet.datapath.ServiceKey;
import io.ovenet.datapath.ServiceValue;
import io.ovenet.kubernetes.EndpointSliceRecord;
import io.ovenet.kubernetes.ServicePort;
import io.ovenet.kubernetes.ServiceRecord;
import io.ovenet.kubernetes.SliceEndpoint;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Works out one service: by which addresses it is called, and who answers there. What comes from
 * outside to a service whose external policy is Local has entries of its own; the cluster's own
 * clients of the same address have every backend, as with kube-proxy, whichever node's it is.
 */
final class ServiceFrontends {
  private final String node;
  private final BackendChoice choice;
  private final List<InetAddress> nodeAddresses;
  private final LocalRedirects redirects;
  private final List<ServiceFrontend> frontends = new ArrayList<>();
  private final Map<BackendSet, List<BackendKey>> sets = new HashMap<>();
  private final Map<BackendKey, ServiceBackend> backends = new HashMap<>();
  private final List<String> notes = new ArrayList<>();

  ServiceFrontends(
      String node,
      BackendChoice choice,
      List<InetAddress> nodeAddresses,
      LocalRedirects redirects) {
    this.node = node;
    this.redirects = redirects;
    this.choice = choice;
    this.nodeAddresses = nodeAddresses;
  }

  /** What of a service is used here, so that ten thousand of them fit into a small agent. */
  static ServiceRecord needed(ServiceRecord service) {
    return new ServiceRecord(
        service.key(),
        "",
        service.created(),
        Map.of(),
        Map.of(),
        service.type(),
        service.headless(),
        service.clusterIps(),
        service.externalIps(),
        List.of(),
        "",
        "",
        "",
        service.traffic(),
        Map.of(),
        service.ports(),
        service.ingress(),
        List.of());
  }

  ServiceView of(ServiceRecord service, Collection<EndpointSliceRecord> slices) {
    var path = service.key().path();
    if (!service.headless() && !service.type().equals("ExternalName")) {
      var ranges = sourceRanges(service);
      for (var port : service.ports()) {
        int protocol = protocol(port.protocol());
        if (protocol == 0 || port.port() == 0) {
          notes.add(
              "port "
                  + port.port()
                  + "/"
                  + port.protocol()
                  + " is passed over: use TCP, UDP, SCTP");
        } else {
          port(service, port, protocol, ranges, candidates(port, protocol, slices));
        }
      }
    }
    return new ServiceView(path, frontends, sets, backends, notes);
  }

  private void port(
      ServiceRecord service,
      ServicePort port,
      int protocol,
      List<IpPrefix> ranges,
      Map<BackendKey, BackendChoice.Candidate> candidates) {
    var path = service.key().path();
    var name = (port.name().isEmpty() ? port.port() : port.name()) + "/" + port.protocol();
    var all = new BackendSet(path, name, false);
    var local = new BackendSet(path, name, true);
    candidates.forEach((key, candidate) -> backends.put(key, candidate.backend()));
    var traffic = service.traffic();
    boolean inside = traffic.internalLocal();
    var redirect = redirects.of(path, port.name(), port.port(), port.protocol());
    backends.putAll(redirect.all());
    for (var address : addresses(service.clusterIps(), "spec.clusterIPs")) {
      if (redirect.isRedirected()) {
        redirected(path, name, new ServiceKey(address, port.port(), protocol), redirect);
      }
      if (!redirect.isRedirected() || !redirect.skipping().isEmpty()) {
        frontend(
            new ServiceKey(
                address,
                port.port(),
                protocol,
                redirect.isRedirected() ? ServiceKey.UNREDIRECTED : ServiceKey.CLUSTER,
                0),
            Kind.CLUSTER_IP,
            inside ? ServiceValue.LOCAL_ONLY : 0,
            List.of(),
            inside ? local : all,
            traffic.affinitySeconds());
      }
    }
    for (var address : addresses(service.externalIps(), "spec.externalIPs")) {
      outside(service, address, port.port(), protocol, Kind.EXTERNAL_IP, List.of(), all, local);
    }
    for (var ingress : service.ingress()) {
      // The way through the load balancer itself is asked for; it comes back by the node port.
      if (!ingress.proxied()) {
        for (var address : addresses(List.of(ingress.ip()), "status.loadBalancer.ingress")) {
          outside(service, address, port.port(), protocol, Kind.LOAD_BALANCER, ranges, all, local);
        }
      }
    }
    if (port.nodePort() != 0) {
      for (var address : nodeAddresses) {
        outside(service, address, port.nodePort(), protocol, Kind.NODE_PORT, List.of(), all, local);
      }
      frontend(
          new ServiceKey(
              ServiceKey.ANY_ADDRESS, port.nodePort(), protocol, ServiceKey.OTHER_NODES, 0),
          Kind.NODE_PORT,
          0,
          List.of(),
          all,
          traffic.affinitySeconds());
    }
    for (var frontend : frontends) {
      if (frontend.backends().equals(all)) {
        sets.computeIfAbsent(all, _ -> choice.cluster(candidates.values()));
      } else if (frontend.backends().equals(local)) {
        sets.computeIfAbsent(local, _ -> choice.local(candidates.values()));
      }
    }
  }

  private void redirected(
      String service, String name, ServiceKey key, LocalRedirects.Target target) {
    var set = new BackendSet(service, name + " redirected", true);
    sets.put(set, target.ready());
    frontends.add(
        new ServiceFrontend(
            key, Kind.LOCAL_REDIRECT, target.flags(), 0, List.of(), set, target.skipping()));
  }

  private void outside(
      ServiceRecord service,
      InetAddress address,
      int port,
      int protocol,
      Kind kind,
      List<IpPrefix> ranges,
      BackendSet all,
      BackendSet local) {
    int affinity = service.traffic().affinitySeconds();
    int flags = ServiceValue.EXTERNAL | (ranges.isEmpty() ? 0 : ServiceValue.SOURCE_RANGES);
    frontend(new ServiceKey(address, port, protocol), kind, flags, ranges, all, affinity);
    if (service.traffic().externalLocal()) {
      frontend(
          new ServiceKey(address, port, protocol, ServiceKey.OUTSIDE, 0),
          kind,
          flags | ServiceValue.LOCAL_ONLY,
          ranges,
          local,
          affinity);
    }
  }

  private void frontend(
      ServiceKey key,
      Kind kind,
      int flags,
      List<IpPrefix> ranges,
      BackendSet set,
      int affinitySeconds) {
    frontends.add(new ServiceFrontend(key, kind, flags, affinitySeconds, ranges, set));
  }

  /** By backend; an endpoint that is in two slices, as while it moves, is ready if it is in one. */
  private Map<BackendKey, BackendChoice.Candidate> candidates(
      ServicePort port, int protocol, Collection<EndpointSliceRecord> slices) {
    var found = new LinkedHashMap<BackendKey, BackendChoice.Candidate>();
    for (var slice : slices) {
      for (var each : slice.ports()) {
        if (slice.ipv4()
            && each.name().equals(port.name())
            && each.protocol().equals(port.protocol())) {
          for (var endpoint : slice.endpoints()) {
            var candidate = candidate(endpoint, each.port(), protocol);
            found.merge(
                candidate.backend().key(),
                candidate,
                (first, second) -> first.endpoint().ready() ? first : second);
          }
        }
      }
    }
    return found;
  }

  private BackendChoice.Candidate candidate(SliceEndpoint endpoint, int port, int protocol) {
    var backend =
        new ServiceBackend(
            BackendKey.of(endpoint.address(), port, protocol, endpoint.targetUid()),
            endpoint.node().equals(node),
            endpoint.ready(),
            endpoint.terminating(),
            endpoint.node(),
            endpoint.target().isEmpty() ? "" : endpoint.targetKind() + " " + endpoint.target());
    return new BackendChoice.Candidate(backend, endpoint);
  }

  private List<InetAddress> addresses(List<String> texts, String field) {
    var addresses = new ArrayList<InetAddress>();
    for (var text : texts) {
      var address = parse(text);
      if (address instanceof Inet4Address) {
        addresses.add(address);
      } else {
        notes.add(
            field
                + ": "
                + text
                + (address == null ? " is no address" : ": services by IPv6 are not served yet"));
      }
    }
    return addresses;
  }

  private List<IpPrefix> sourceRanges(ServiceRecord service) {
    var ranges = new ArrayList<IpPrefix>();
    for (var text : service.traffic().sourceRanges()) {
      try {
        var prefix = IpPrefix.parse(text.strip());
        if (prefix.address() instanceof Inet4Address) {
          ranges.add(prefix);
        }
      } catch (IllegalArgumentException e) {
        notes.add("spec.loadBalancerSourceRanges: '" + text + "' is no prefix, and lets nobody in");
      }
    }
    if (ranges.isEmpty() && !service.traffic().sourceRanges().isEmpty()) {
      // Ranges of which none can be read must not mean everybody.
      ranges.add(IpPrefix.parse("255.255.255.255/32"));
    }
    return ranges;
  }

  /** A pod's ports at the node's own addresses. */
  static ServiceView ofHostPorts(
      String name, List<HostPort> ports, List<InetAddress> nodeAddresses) {
    var made =
        new ServiceFrontends("", new BackendChoice("", ""), nodeAddresses, new LocalRedirects());
    for (var port : ports) {
      var key = BackendKey.of(port.pod(), port.podPort(), port.protocol(), port.uid());
      var set = new BackendSet(name, port.port() + "/" + port.protocol(), true);
      made.backends.put(key, new ServiceBackend(key, true, true, false, "", name));
      made.sets.put(set, List.of(key));
      var at = port.address();
      for (var address : at == null ? nodeAddresses : List.of(at)) {
        made.frontend(
            new ServiceKey(address, port.port(), port.protocol()),
            Kind.HOST_PORT,
            ServiceValue.EXTERNAL | ServiceValue.HOST_PORT,
            List.of(),
            set,
            0);
      }
    }
    return new ServiceView(name, made.frontends, made.sets, made.backends, List.of());
  }

  private static @Nullable InetAddress parse(String text) {
    try {
      return InetAddress.ofLiteral(text);
    } catch (IllegalArgumentException _) {
      return null;
    }
  }

  /** IANA's number; 0: none of those that services have. */
  static int protocol(String name) {
    return switch (name) {
      case "TCP" -> 6;
      case "UDP" -> 17;
      case "SCTP" -> 132;
      default -> 0;
    };
  }
}
