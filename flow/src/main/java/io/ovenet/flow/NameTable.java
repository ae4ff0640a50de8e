package io.ovenet.flow;

import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * {@link FlowNames} from maps. The maps are used as they are, not copied: they are immutable or
 * concurrent ones.
 *
 * @param endpoints by id
 * @param addresses pods here and elsewhere
 * @param identities by number, without names of pods
 * @param rules by id
 * @param interfaces by index
 * @param services by the numbers of their frontends
 */
public record NameTable(
    String clusterName,
    String nodeName,
    Map<Integer, FlowEndpoint> endpoints,
    Map<Address, FlowEndpoint> addresses,
    Map<Integer, FlowEndpoint> identities,
    Map<Address, List<String>> dnsNames,
    Map<Integer, RuleOrigin> rules,
    Map<Integer, String> interfaces,
    Map<Integer, String> services)
    implements FlowNames {

  /** Without services. */
  public NameTable(
      String clusterName,
      String nodeName,
      Map<Integer, FlowEndpoint> endpoints,
      Map<Address, FlowEndpoint> addresses,
      Map<Integer, FlowEndpoint> identities,
      Map<Address, List<String>> dnsNames,
      Map<Integer, RuleOrigin> rules,
      Map<Integer, String> interfaces) {
    this(
        clusterName,
        nodeName,
        endpoints,
        addresses,
        identities,
        dnsNames,
        rules,
        interfaces,
        Map.of());
  }

  /** An address within one of the address spaces (0: the pod network), by halves. */
  public record Address(int network, long high, long low) {
    // Written out: generated ones are many times slower in what the agent's compiler makes.
    @Override
    public boolean equals(@Nullable Object other) {
      return other instanceof Address that
          && low == that.low
          && high == that.high
          && network == that.network;
    }

    @Override
    public int hashCode() {
      return Long.hashCode((low ^ high * 31) * 0x9e3779b97f4a7c15L) ^ network;
    }
  }

  @Override
  public @Nullable FlowEndpoint endpoint(int id, long time) {
    return endpoints.get(id);
  }

  @Override
  public @Nullable FlowEndpoint address(int network, long high, long low, long time) {
    return addresses.isEmpty() ? null : addresses.get(new Address(network, high, low));
  }

  @Override
  public @Nullable FlowEndpoint identity(int identity) {
    return identities.get(identity);
  }

  @Override
  public List<String> dnsNames(int network, long high, long low) {
    if (dnsNames.isEmpty()) {
      return List.of();
    }
    List<String> names = dnsNames.get(new Address(network, high, low));
    return names == null ? List.of() : names;
  }

  @Override
  public @Nullable RuleOrigin rule(int id) {
    return rules.get(id);
  }

  @Override
  public @Nullable String service(int number) {
    return services.get(number);
  }

  @Override
  public String interfaceName(int ifindex) {
    String name = interfaces.get(ifindex);
    return name == null ? "" : name;
  }
}
