package io.ovenet.kubernetes.policy;

import io.ovenet.kubernetes.L2AnnouncementPolicyRecord;
import io.ovenet.kubernetes.ServiceRecord;
import io.ovenet.policy.EndpointSelector;
import io.ovenet.policy.Label;
import io.ovenet.policy.Labels;
import io.ovenet.policy.PolicyException;
import io.ovenet.policy.PolicyNotice;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;

/** What a CiliumL2AnnouncementPolicy means. */
public final class L2AnnouncementPolicy {
  /** Of services that ask for this way of announcing; those that name no class get it, too. */
  private static final String CLASS = "io.cilium/l2-announcer";

  private final EndpointSelector services;
  private final EndpointSelector nodes;
  private final List<Pattern> interfaces;
  private final boolean externalIps;
  private final boolean loadBalancerIps;

  private L2AnnouncementPolicy(
      EndpointSelector services,
      EndpointSelector nodes,
      List<Pattern> interfaces,
      boolean externalIps,
      boolean loadBalancerIps) {
    this.services = services;
    this.nodes = nodes;
    this.interfaces = interfaces;
    this.externalIps = externalIps;
    this.loadBalancerIps = loadBalancerIps;
  }

  /**
   * Reads one.
   *
   * @throws PolicyException naming the field that is wrong
   */
  public static L2AnnouncementPolicy of(L2AnnouncementPolicyRecord written) {
    var interfaces = new ArrayList<Pattern>();
    for (var text : written.interfaces()) {
      try {
        interfaces.add(Pattern.compile(text));
      } catch (PatternSyntaxException e) {
        throw new PolicyException(
            new PolicyNotice(
                "spec.interfaces[" + interfaces.size() + "]",
                "'" + text + "' is no regular expression (" + e.getDescription() + ")",
                "write one such as ^eth[0-9]+$"));
      }
    }
    return new L2AnnouncementPolicy(
        ServiceSelectors.parse("spec.serviceSelector", written.serviceSelector()),
        ServiceSelectors.parse("spec.nodeSelector", written.nodeSelector()),
        interfaces,
        written.externalIps(),
        written.loadBalancerIps());
  }

  /** Whether nodes with these labels announce, by a device of this name. */
  public boolean selects(Map<String, String> nodeLabels, String device) {
    var labels = new ArrayList<Label>();
    nodeLabels.forEach((key, value) -> labels.add(new Label(Label.K8S, key, value)));
    return nodes.matches(Labels.of(labels))
        && (interfaces.isEmpty()
            || interfaces.stream().anyMatch(pattern -> pattern.matcher(device).find()));
  }

  /** The addresses of a service that are announced; IPv4 alone. */
  public Set<Inet4Address> addresses(ServiceRecord service) {
    var texts = new LinkedHashSet<String>();
    if (externalIps) {
      texts.addAll(service.externalIps());
    }
    var named = service.loadBalancerClass();
    if (loadBalancerIps
        && service.type().equals("LoadBalancer")
        && (named.isEmpty() || named.equals(CLASS))) {
      texts.addAll(service.ingressIps());
    }
    var addresses = new LinkedHashSet<Inet4Address>();
    if (texts.isEmpty() || !services.matches(ServiceSelectors.labelsOf(service))) {
      return addresses;
    }
    for (var text : texts) {
      try {
        if (InetAddress.ofLiteral(text) instanceof Inet4Address address) {
          addresses.add(address);
        }
      } catch (IllegalArgumentException _) {
        // No address, so nobody can ask for it.
      }
    }
    return addresses;
  }
}
