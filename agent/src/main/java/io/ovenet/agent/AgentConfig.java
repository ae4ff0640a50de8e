package io.ovenet.agent;

import io.ovenet.datapath.Reporting;
import io.ovenet.flow.TlsFiles;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * What the agent is told, by the keys of a {@code cilium-config} ConfigMap and flags of the same
 * names. Keys that begin with {@code ovenet-} are this agent's own.
 *
 * @param kubeconfig null: the service account of the pod that the agent runs in
 * @param hubbleListenAddress where Hubble listens by TCP besides its socket; null: nowhere
 * @param reporting which packets of standing connections become flows
 * @param policyAudit whether what policies deny passes on this node, and is told
 * @param answerDenied whether a pod is told by ICMP of what policy denies of its own packets
 * @param allowLocalHost whether the node itself comes in to every endpoint unless denied
 * @param nodeLabels whether policies select other nodes by their labels
 * @param endpointSlices whether endpoints of other nodes are heard of by CiliumEndpointSlices,
 *     which the operator then writes
 * @param hubbleKeys how Hubble is served besides
 * @param policyEntries room for entries of all policies together
 * @param ringBytes of the ring between kernel and agent; a power of two
 * @param mtu bytes; 0: the MTU of the device of the default route
 * @param routing how packets get from node to node
 * @param l2Announcements whether CiliumL2AnnouncementPolicy objects are followed
 * @param services whether this node does what kube-proxy does elsewhere
 * @param conntrackTcpEntries room for TCP connections
 * @param conntrackAnyEntries room for all other connections
 * @param health how it is found out whether nodes are well
 * @param warnings what the operator of this node should know about the keys, a sentence each
 */
public record AgentConfig(
    @Nullable Path kubeconfig,
    String nodeName,
    String clusterName,
    PolicyEnforcement policyEnforcement,
    boolean policyAudit,
    boolean answerDenied,
    boolean allowLocalHost,
    boolean nodeLabels,
    boolean endpointSlices,
    boolean hubble,
    @Nullable String hubbleListenAddress,
    Path hubbleSocket,
    HubbleKeys hubbleKeys,
    int hubbleCapacity,
    Reporting reporting,
    int conntrackTcpEntries,
    int conntrackAnyEntries,
    int policyEntries,
    int ringBytes,
    int mtu,
    RoutingConfig routing,
    boolean l2Announcements,
    ServicesConfig services,
    HealthConfig health,
    Path bpfRoot,
    Path stateDirectory,
    Path cniSocket,
    Path cniBinaries,
    Path cniConfiguration,
    List<String> warnings) {

  /** Which endpoints are isolated: those that policies select, all, or none. */
  public enum PolicyEnforcement {
    DEFAULT,
    ALWAYS,
    NEVER
  }

  /** Keys that upstream's agent has and this one does without, in silence. */
  private static final Set<String> WITHOUT_MEANING =
      Set.of(
          "debug",
          "cni-exclusive",
          "cni-log-file",
          "custom-cni-conf",
          "write-cni-conf-when-ready",
          "identity-allocation-mode",
          "identity-gc-interval",
          "identity-heartbeat-timeout",
          "cilium-endpoint-gc-interval",
          "cluster-pool-ipv4-cidr",
          "cluster-pool-ipv4-mask-size",
          "nodes-gc-interval",
          "operator-api-serve-addr",
          "operator-prometheus-serve-addr",
          "preallocate-bpf-maps",
          "remove-cilium-node-taints",
          "set-cilium-is-up-condition",
          // Leases last as long as moving an address may take, whatever is set.
          "l2-announcements-lease-duration",
          "l2-announcements-renew-deadline",
          "l2-announcements-retry-period",
          "tofqdns-endpoint-max-ip-per-hostname",
          "ipam",
          "cluster-id",
          "enable-ipv4",
          "enable-k8s-networkpolicy",
          "enable-non-default-deny-policies",
          "policy-default-local-cluster",
          "annotate-k8s-node",
          "enable-endpoint-health-checking",
          "auto-create-cilium-node-resource");

  /** Keys of features that are still to come: harmless while they are off. */
  private static final Set<String> STILL_TO_COME =
      Set.of(
          "enable-wireguard",
          "enable-wireguard-userspace-fallback",
          "wireguard-userspace-fallback",
          "enable-ipsec",
          "enable-bandwidth-manager",
          "enable-ipv6",
          "enable-host-firewall",
          "enable-extended-ip-protocols",
          "enable-lb-ipam",
          "enable-l7-proxy",
          "enable-icmp-rules",
          "hubble-prefer-ipv6");

  /** What they would take out of flows is in none. */
  private static final Set<String> REDACTION =
      Set.of(
          "hubble-redact-enabled",
          "hubble-redact-http-urlquery",
          "hubble-redact-http-userinfo",
          "hubble-redact-http-headers-allow",
          "hubble-redact-http-headers-deny",
          "hubble-redact-kafka-apikey");

  private static final Pattern CLUSTER_NAME = Pattern.compile("[a-z0-9]([-a-z0-9]{0,30}[a-z0-9])?");

  /** Throws {@link ConfigException} for a value that the agent cannot start with. */
  public static AgentConfig parse(List<String> arguments) {
    var values = ConfigValues.read(arguments);
    var warnings = new ArrayList<String>();
    var kubeconfig = values.take("kubeconfig");
    if (kubeconfig == null) {
      kubeconfig = values.take("k8s-kubeconfig-path");
    }
    var node = values.required("node-name", "start the agent with --node-name=<name of its node>");
    var cluster = values.text("cluster-name", "default");
    if (!CLUSTER_NAME.matcher(cluster).matches()) {
      throw new ConfigException(
          "cluster-name",
          "'" + cluster + "' is no cluster's name",
          "use at most 32 lower-case letters, digits and '-'");
    }
    var hubble = values.flag("enable-hubble", true);
    var reporting =
        MonitorAggregation.reporting(
            values.text("monitor-aggregation", "medium"),
            values.text("monitor-aggregation-interval", "5s"),
            values.text("monitor-aggregation-flags", "all"));
    var config =
        new AgentConfig(
            kubeconfig == null || kubeconfig.isEmpty() ? null : Path.of(kubeconfig),
            node,
            cluster,
            enforcement(values.text("enable-policy", "default")),
            values.flag("policy-audit-mode", false),
            answerDenied(values.text("policy-deny-response", "none")),
            allowLocalHost(values.text("allow-localhost", "auto")),
            values.flag("enable-node-selector-labels", true),
            values.flag("enable-cilium-endpoint-slice", false),
            hubble,
            listenAddress(values.take("hubble-listen-address")),
            values.path("hubble-socket-path", "/var/run/cilium/hubble.sock"),
            HubbleKeys.take(values),
            values.number("hubble-event-buffer-capacity", 4095, 1, 65535),
            hubble ? reporting : Reporting.NOTHING,
            values.number("bpf-ct-global-tcp-max", 196_608, 1024, 1 << 24),
            values.number("bpf-ct-global-any-max", 65_536, 1024, 1 << 24),
            values.number("ovenet-policy-entries", 262_144, 256, 1 << 24),
            Integer.highestOneBit(values.number("ovenet-ring-bytes", 8 << 20, 4096, 1 << 30)),
            values.number("mtu", 0, 0, 65_535),
            RoutingConfig.parse(values, warnings),
            values.flag("enable-l2-announcements", true),
            ServicesConfig.parse(values),
            HealthConfig.parse(values),
            values.path("bpf-root", "/sys/fs/bpf"),
            values.path("ovenet-state-dir", "/var/lib/ovenet"),
            values.path("ovenet-cni-socket", "/var/run/ovenet/cni.sock"),
            values.path("ovenet-cni-bin-dir", "/opt/cni/bin"),
            values.path("ovenet-cni-conf-dir", "/etc/cni/net.d"),
            List.of());
    judgeRest(values.rest(), warnings);
    return config.withWarnings(warnings);
  }

  /** Where {@link AdminServer} listens. */
  Path adminSocket() {
    return cniSocket.resolveSibling(AdminServer.SOCKET);
  }

  /** TCP port that Hubble listens on; 0: none. */
  int hubblePort() {
    var address = hubbleListenAddress;
    return address == null ? 0 : Integer.parseInt(address.substring(address.lastIndexOf(':') + 1));
  }

  /** Null: plaintext. */
  @Nullable TlsFiles hubbleTls() {
    return hubbleKeys.tls();
  }

  /** Room in the one table that holds all connections. */
  public int conntrackEntries() {
    return conntrackTcpEntries + conntrackAnyEntries;
  }

  private AgentConfig withWarnings(List<String> warnings) {
    return new AgentConfig(
        kubeconfig,
        nodeName,
        clusterName,
        policyEnforcement,
        policyAudit,
        answerDenied,
        allowLocalHost,
        nodeLabels,
        endpointSlices,
        hubble,
        hubbleListenAddress,
        hubbleSocket,
        hubbleKeys,
        hubbleCapacity,
        reporting,
        conntrackTcpEntries,
        conntrackAnyEntries,
        policyEntries,
        ringBytes,
        mtu,
        routing,
        l2Announcements,
        services,
        health,
        bpfRoot,
        stateDirectory,
        cniSocket,
        cniBinaries,
        cniConfiguration,
        List.copyOf(warnings));
  }

  private static boolean allowLocalHost(String text) {
    return switch (text.toLowerCase(Locale.ROOT)) {
      case "auto", "always" -> true;
      case "policy" -> false;
      default ->
          throw new ConfigException(
              "allow-localhost", "'" + text + "' is unknown", "set auto, always or policy");
    };
  }

  private static boolean answerDenied(String text) {
    return switch (text.toLowerCase(Locale.ROOT)) {
      case "none" -> false;
      case "icmp" -> true;
      default ->
          throw new ConfigException(
              "policy-deny-response", "'" + text + "' is unknown", "set none or icmp");
    };
  }

  private static PolicyEnforcement enforcement(String text) {
    return switch (text.toLowerCase(Locale.ROOT)) {
      case "default" -> PolicyEnforcement.DEFAULT;
      case "always" -> PolicyEnforcement.ALWAYS;
      case "never" -> PolicyEnforcement.NEVER;
      default ->
          throw new ConfigException(
              "enable-policy", "'" + text + "' is unknown", "set default, always or never");
    };
  }

  /** Missing means Helm's default; present and empty means no TCP listener, as upstream. */
  private static @Nullable String listenAddress(@Nullable String text) {
    if (text == null) {
      return ":4244";
    }
    if (text.isEmpty()) {
      return null;
    }
    int colon = text.lastIndexOf(':');
    try {
      int port = colon < 0 ? -1 : Integer.parseInt(text.substring(colon + 1));
      if (port >= 0 && port <= 65_535) {
        return text;
      }
    } catch (NumberFormatException _) {
      // Answered below, as a port out of range is.
    }
    throw new ConfigException(
        "hubble-listen-address", "'" + text + "' is no address", "set [host]:port, such as :4244");
  }

  private static void judgeRest(Map<String, String> rest, List<String> warnings) {
    rest.forEach(
        (key, text) -> {
          if (STILL_TO_COME.contains(key)) {
            if (ConfigValues.parseFlag(key, text.isEmpty() ? "false" : text)) {
              warnings.add(key + "=" + text + ": not supported yet, and without effect");
            }
          } else if (REDACTION.contains(key)) {
            if (!text.isEmpty() && !text.equals("false")) {
              warnings.add(
                  key + "=" + text + ": no flow of this agent has a URL, a header or an API key");
            }
          } else if (!WITHOUT_MEANING.contains(key)) {
            warnings.add(key + ": unknown to this agent, and without effect; check its spelling");
          }
        });
  }
}
