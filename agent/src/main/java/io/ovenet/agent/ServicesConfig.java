package io.ovenet.agent;

import io.ovenet.policy.Cidr;
import java.net.InetAddress;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * Whether and how this node serves services in kube-proxy's place.
 *
 * @param enabled else kube-proxy has to run
 * @param strict whether the agent refuses to start where the kernel lacks what is needed
 * @param controlGroups directory of cgroup2 whose sockets are this node's; null: all of the node's
 * @param redirects whether CiliumLocalRedirectPolicies are followed
 * @param redirectable addresses that these may name; empty: any
 * @param healthzPort TCP port on which load balancers ask after the node; 0: none
 */
record ServicesConfig(
    boolean enabled,
    boolean strict,
    @Nullable Path controlGroups,
    boolean redirects,
    List<Cidr> redirectable,
    int healthzPort) {
  /** Kube-proxy's own. */
  private static final int HEALTHZ_PORT = 10_256;

  static ServicesConfig parse(ConfigValues values) {
    var text = values.text("kube-proxy-replacement", "false");
    boolean enabled =
        switch (text.toLowerCase(Locale.ROOT)) {
          case "false", "disabled" -> false;
          case "true", "strict", "partial", "probe" -> true;
          default ->
              throw new ConfigException(
                  "kube-proxy-replacement", "'" + text + "' is unknown", "set true or false");
        };
    var controlGroups = values.text("cgroup-root", "");
    return new ServicesConfig(
        enabled,
        text.equalsIgnoreCase("strict"),
        controlGroups.isEmpty() ? null : Path.of(controlGroups),
        redirects(values, enabled),
        redirectable(values),
        healthzPort(values, enabled));
  }

  private static boolean redirects(ConfigValues values, boolean enabled) {
    var key = "enable-local-redirect-policy";
    boolean wanted = values.flag(key, false);
    if (wanted && !enabled) {
      throw new ConfigException(
          key,
          "true, while kube-proxy-replacement is false: kube-proxy redirects nothing",
          "set kube-proxy-replacement to true, or this to false");
    }
    return wanted;
  }

  private static List<Cidr> redirectable(ConfigValues values) {
    var key = "lrp-address-matcher-cidrs";
    var all = new ArrayList<Cidr>();
    for (var text : values.text(key, "").split("[,\\s]+", -1)) {
      try {
        if (!text.isEmpty()) {
          all.add(Cidr.parse(text));
        }
      } catch (IllegalArgumentException e) {
        throw new ConfigException(
            key, "'" + text + "' is no prefix", "list prefixes such as 169.254.0.0/16");
      }
    }
    return all;
  }

  /** Whether policies may redirect what calls an address. */
  boolean isRedirectable(InetAddress address) {
    return redirectable.isEmpty()
        || redirectable.stream().anyMatch(cidr -> cidr.contains(Cidr.of(address)));
  }

  private static int healthzPort(ConfigValues values, boolean enabled) {
    var key = "kube-proxy-replacement-healthz-bind-address";
    var text = values.text(key, ":" + HEALTHZ_PORT);
    if (text.isEmpty()) {
      return 0;
    }
    try {
      int port = Integer.parseInt(text.substring(text.lastIndexOf(':') + 1));
      if (text.indexOf(':') >= 0 && port >= 0 && port <= 65_535) {
        return enabled ? port : 0;
      }
    } catch (NumberFormatException _) {
      // Answered below, as a port out of range is.
    }
    throw new ConfigException(
        key, "'" + text + "' is no address", "set [host]:port, such as 0.0.0.0:" + HEALTHZ_PORT);
  }
}
