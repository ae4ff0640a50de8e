package io.ovenet.operator;

import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The command line.
 *
 * @param kubeconfig null to run by a pod's service account
 * @param pool from which nodes get prefixes for their pods
 * @param maskSize length of those prefixes
 * @param nodeLabels whether policies select nodes by their labels, as the agents are told
 * @param endpointSlices whether agents hear of endpoints by CiliumEndpointSlices
 * @param metrics where metrics are served; null: nowhere
 * @param leaseDuration how long leadership lasts without being renewed
 */
record Options(
    @Nullable Path kubeconfig,
    Ipv4Prefix pool,
    int maskSize,
    String clusterName,
    boolean nodeLabels,
    boolean endpointSlices,
    @Nullable InetSocketAddress metrics,
    String namespace,
    Duration leaseDuration,
    Duration gcInterval,
    Duration gcGrace) {
  static final String HELP =
      """
      Usage: ovenet operator [--kubeconfig FILE] [--KEY=VALUE …]

      Looks after what belongs to the whole cluster: resource definitions, a pod prefix for
      each node, the status of policies, and unused identities and endpoints. Several may
      run; one leads.

        --kubeconfig FILE               API server and credentials; without it, those of the pod
        --cluster-pool-ipv4-cidr=P      prefix from which nodes get theirs (10.0.0.0/8)
        --cluster-pool-ipv4-mask-size=N length of a node's prefix (24)
        --cluster-name=NAME             name of this cluster in policies (default)
        --enable-node-selector-labels=B whether policies select nodes by labels (true)
        --enable-cilium-endpoint-slice=B whether agents hear of pods by slices of a hundred,
                                        as they are told, too (false)
        --operator-prometheus-serve-addr=[HOST]:PORT
                                        where metrics are served, such as :9963 (nowhere)
        --namespace=NAME                namespace of the Lease (kube-system)
        --leader-election-lease-duration=D  (15s)
        --identity-gc-interval=D        time between two collections (15m)
        --identity-heartbeat-timeout=D  how long an identity stays unused before it goes (30m)
        --help                          this text

      Durations are written as 500ms, 15s, 10m or 1h.
      """;

  private static final Map<String, String> DEFAULTS =
      Map.ofEntries(
          Map.entry("enable-node-selector-labels", "true"),
          Map.entry("enable-cilium-endpoint-slice", "false"),
          Map.entry("kubeconfig", ""),
          Map.entry("cluster-pool-ipv4-cidr", "10.0.0.0/8"),
          Map.entry("cluster-pool-ipv4-mask-size", "24"),
          Map.entry("cluster-name", "default"),
          Map.entry("namespace", "kube-system"),
          Map.entry("leader-election-lease-duration", "15s"),
          Map.entry("identity-gc-interval", "15m"),
          Map.entry("identity-heartbeat-timeout", "30m"),
          Map.entry("operator-prometheus-serve-addr", ""));

  private static final Pattern DURATION = Pattern.compile("([0-9]{1,9})(ms|s|m|h)");

  /**
   * Reads {@code --key=value} and {@code --key value}.
   *
   * @throws IllegalArgumentException naming the argument that is unknown or wrong
   */
  static Options parse(String... args) {
    var values = new HashMap<>(DEFAULTS);
    for (var i = 0; i < args.length; i++) {
      var equals = args[i].indexOf('=');
      var key = equals < 0 ? args[i] : args[i].substring(0, equals);
      if (!key.startsWith("--") || !DEFAULTS.containsKey(key.substring(2))) {
        throw new IllegalArgumentException(
            "unknown argument " + args[i] + "; known are " + new TreeMap<>(DEFAULTS).keySet());
      }
      if (equals < 0 && i + 1 == args.length) {
        throw new IllegalArgumentException(key + " needs a value");
      }
      values.put(key.substring(2), equals < 0 ? args[++i] : args[i].substring(equals + 1));
    }
    var kubeconfig = get(values, "kubeconfig");
    return new Options(
        kubeconfig.isEmpty() ? null : Path.of(kubeconfig),
        Ipv4Prefix.parse(get(values, "cluster-pool-ipv4-cidr")),
        integer("cluster-pool-ipv4-mask-size", get(values, "cluster-pool-ipv4-mask-size")),
        get(values, "cluster-name"),
        flag("enable-node-selector-labels", get(values, "enable-node-selector-labels")),
        flag("enable-cilium-endpoint-slice", get(values, "enable-cilium-endpoint-slice")),
        address("operator-prometheus-serve-addr", get(values, "operator-prometheus-serve-addr")),
        get(values, "namespace"),
        leaseDuration(get(values, "leader-election-lease-duration")),
        duration("identity-gc-interval", get(values, "identity-gc-interval")),
        duration("identity-heartbeat-timeout", get(values, "identity-heartbeat-timeout")));
  }

  private static String get(Map<String, String> values, String key) {
    return values.getOrDefault(key, "");
  }

  private static @Nullable InetSocketAddress address(String key, String value) {
    if (value.isEmpty()) {
      return null;
    }
    int colon = value.lastIndexOf(':');
    var port = value.substring(colon + 1);
    if (colon < 0 || !port.matches("[0-9]{1,5}") || Integer.parseInt(port) > 65_535) {
      throw new IllegalArgumentException(
          "--" + key + " is no address: '" + value + "'; write [HOST]:PORT, such as :9963");
    }
    var host = value.substring(0, colon).replaceAll("[\\[\\]]", "");
    return host.isEmpty()
        ? new InetSocketAddress(Integer.parseInt(port))
        : new InetSocketAddress(host, Integer.parseInt(port));
  }

  private static boolean flag(String key, String value) {
    return switch (value) {
      case "true" -> true;
      case "false" -> false;
      default ->
          throw new IllegalArgumentException(
              "--" + key + " is neither true nor false: '" + value + "'");
    };
  }

  private static int integer(String key, String value) {
    if (!value.matches("[0-9]{1,9}")) {
      throw new IllegalArgumentException("--" + key + " is no number: '" + value + "'");
    }
    return Integer.parseInt(value);
  }

  private static Duration leaseDuration(String value) {
    var duration = duration("leader-election-lease-duration", value);
    if (duration.toSeconds() < 2) {
      throw new IllegalArgumentException(
          "--leader-election-lease-duration is less than 2s: '" + value + "'");
    }
    return Duration.ofSeconds(duration.toSeconds());
  }

  private static Duration duration(String key, String value) {
    var matcher = DURATION.matcher(value);
    if (!matcher.matches()) {
      throw new IllegalArgumentException("--" + key + " is no duration: '" + value + "'");
    }
    var number = Long.parseLong(matcher.group(1));
    var duration =
        switch (matcher.group(2)) {
          case "ms" -> Duration.ofMillis(number);
          case "s" -> Duration.ofSeconds(number);
          case "m" -> Duration.ofMinutes(number);
          default -> Duration.ofHours(number);
        };
    if (duration.isZero()) {
      throw new IllegalArgumentException("--" + key + " is zero");
    }
    return duration;
  }
}
