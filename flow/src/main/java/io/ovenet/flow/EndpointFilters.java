package io.ovenet.flow;

import com.google.re2j.Pattern;
import io.ovenet.api.flow.Workload;
import java.net.InetAddress;
import java.util.List;
import java.util.function.Predicate;

/** What filters say of one side of a flow. */
final class EndpointFilters {
  private static final String DEFAULT_NAMESPACE = "default";

  private EndpointFilters() {}

  /** Addresses of 16 bytes. */
  @FunctionalInterface
  interface AddressPredicate {
    boolean test(long high, long low);
  }

  /** An address, or a prefix of either family. */
  static AddressPredicate address(String text) {
    int slash = text.indexOf('/');
    InetAddress address;
    try {
      String literal = slash < 0 ? text : text.substring(0, slash);
      if (literal.indexOf(':') < 0 && literal.split("\\.", -1).length != 4) {
        throw new IllegalArgumentException("an IPv4 address has four parts"); // Java takes fewer
      }
      address = InetAddress.ofLiteral(literal);
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException("\"" + text + "\" is no IP address or prefix", e);
    }
    long[] halves = Addresses.halves(address);
    int bits = address.getAddress().length * Byte.SIZE;
    int length = slash < 0 ? bits : prefixLength(text, slash, bits);
    int prefix = length + 128 - bits;
    long highMask = prefix >= 64 ? -1L : prefix == 0 ? 0 : -1L << (64 - prefix);
    long lowMask = prefix <= 64 ? 0 : -1L << (128 - prefix);
    long high = halves[0] & highMask;
    long low = halves[1] & lowMask;
    return (otherHigh, otherLow) -> (otherHigh & highMask) == high && (otherLow & lowMask) == low;
  }

  private static int prefixLength(String text, int slash, int bits) {
    try {
      int length = Integer.parseInt(text.substring(slash + 1));
      if (length >= 0 && length <= bits) {
        return length;
      }
    } catch (NumberFormatException e) {
      // said below
    }
    throw new IllegalArgumentException(
        "\"" + text + "\": a prefix length is a number from 0 to " + bits);
  }

  /**
   * Hubble's four forms: {@code namespace/prefix}, {@code namespace/}, {@code /prefix} in any
   * namespace, and {@code prefix} in the namespace called default.
   */
  static Predicate<FlowEndpoint> pod(String text) {
    int slash = text.indexOf('/');
    if (text.isEmpty() || text.equals("/")) {
      throw new IllegalArgumentException("\"" + text + "\" names no pod and no namespace");
    }
    String prefix = text.substring(slash + 1);
    if (slash == 0) {
      return endpoint -> !endpoint.podName().isEmpty() && endpoint.podName().startsWith(prefix);
    }
    String namespace = slash < 0 ? DEFAULT_NAMESPACE : text.substring(0, slash);
    if (prefix.isEmpty()) {
      return endpoint -> endpoint.namespace().equals(namespace);
    }
    return endpoint ->
        endpoint.namespace().equals(namespace) && endpoint.podName().startsWith(prefix);
  }

  /** A service by its namespace and the beginning of its name, as pods are. */
  static Predicate<String> service(String text) {
    int slash = text.indexOf('/');
    if (text.isEmpty() || text.equals("/")) {
      throw new IllegalArgumentException("\"" + text + "\" names no service and no namespace");
    }
    if (slash == 0) {
      return service -> service.startsWith(text, service.indexOf('/'));
    }
    String whole = slash < 0 ? DEFAULT_NAMESPACE + "/" + text : text;
    return service -> service.startsWith(whole);
  }

  static Predicate<FlowEndpoint> label(String text) {
    LabelSelector selector = LabelSelector.parse(text);
    return endpoint -> selector.test(endpoint.labels());
  }

  static Predicate<FlowEndpoint> identity(int identity) {
    return endpoint -> endpoint.identity() == identity;
  }

  /** By name and kind, each only where it is said. */
  static Predicate<FlowEndpoint> workload(Workload wanted) {
    return endpoint -> {
      List<Workload> workloads = endpoint.workloads();
      for (int i = 0; i < workloads.size(); i++) {
        Workload workload = workloads.get(i);
        if ((wanted.getName().isEmpty() || wanted.getName().equals(workload.getName()))
            && (wanted.getKind().isEmpty() || wanted.getKind().equals(workload.getKind()))) {
          return true;
        }
      }
      return false;
    };
  }

  static Predicate<FlowEndpoint> cluster(String name) {
    if (name.isEmpty()) {
      throw new IllegalArgumentException("a cluster's name is not empty");
    }
    return endpoint -> endpoint.clusterName().equals(name);
  }

  /** A DNS name with {@code *} for any part of it, whatever the case, with or without last dot. */
  static Predicate<List<String>> fqdn(String text) {
    String trimmed = text.strip().replaceFirst("\\.$", "");
    if (trimmed.isEmpty()) {
      throw new IllegalArgumentException("\"" + text + "\" is no DNS name");
    }
    Pattern pattern =
        Pattern.compile(glob(trimmed, "[-a-zA-Z0-9_.]*") + "\\.?", Pattern.CASE_INSENSITIVE);
    return names -> {
      for (int i = 0; i < names.size(); i++) {
        if (pattern.matches(names.get(i))) {
          return true;
        }
      }
      return false;
    };
  }

  /** {@code [cluster/]node}, each with {@code *} for any part; an empty one is any. */
  static Predicate<String> node(String text) {
    if (text.isEmpty()) {
      throw new IllegalArgumentException("a node's name is not empty");
    }
    int slash = text.indexOf('/');
    String cluster = slash <= 0 ? "*" : text.substring(0, slash);
    String node = text.substring(slash + 1);
    Pattern pattern =
        Pattern.compile(glob(cluster, "[^/]*") + "/" + glob(node.isEmpty() ? "*" : node, "[^/]*"));
    return pattern::matches;
  }

  private static String glob(String text, String any) {
    var pattern = new StringBuilder();
    for (String literal : text.split("\\*", -1)) {
      pattern.append(Pattern.quote(literal)).append(any);
    }
    pattern.setLength(pattern.length() - any.length());
    return pattern.toString();
  }
}
