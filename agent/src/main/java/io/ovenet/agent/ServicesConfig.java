package io.ovenet.agent;

import java.util.List;
import java.util.Locale;

/**
 * Whether and how this node serves services in kube-proxy's place.
 *
 * @param enabled else kube-proxy has to run
 * @param strict whether the agent refuses to start where the kernel lacks what is needed
 * @param healthzPort TCP port on which load balancers ask after the node; 0: none
 */
record ServicesConfig(boolean enabled, boolean strict, int healthzPort) {
  /** Kube-proxy's own. */
  private static final int HEALTHZ_PORT = 10_256;

  static ServicesConfig parse(ConfigValues values, List<String> warnings) {
    var text = values.text("kube-proxy-replacement", "false");
    boolean enabled =
        switch (text.toLowerCase(Locale.ROOT)) {
          case "false", "disabled" -> false;
          case "true", "strict", "partial", "probe" -> true;
          default ->
              throw new ConfigException(
                  "kube-proxy-replacement", "'" + text + "' is unknown", "set true or false");
        };
    if (enabled) {
      warnings.add(
          "kube-proxy-replacement="
              + text
              + ": services are not served by this agent yet; leave kube-proxy running");
    }
    return new ServicesConfig(
        enabled, text.equalsIgnoreCase("strict"), healthzPort(values, enabled));
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
