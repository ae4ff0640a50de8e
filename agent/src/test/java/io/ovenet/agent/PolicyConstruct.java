package io.ovenet.agent;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * What a policy can be written with and is in force: each is in a case that real packets are sent
 * for. It is told by lines such as {@code CiliumNetworkPolicy.spec.ingress[].fromEntities[]=host}.
 */
enum PolicyConstruct {
  FROM_ENDPOINTS("Cilium\\w+\\.specs?(\\[])?\\.ingress\\[]\\.fromEndpoints.*"),
  TO_ENDPOINTS("Cilium\\w+\\.specs?(\\[])?\\.egress\\[]\\.toEndpoints.*"),
  NAMESPACE_BY_NAME("Cilium.*fromEndpoints.*pod\\.namespace=.*"),
  NAMESPACE_BY_LABEL("Cilium.*fromEndpoints.*namespace\\.labels.*=.*"),
  RESERVED_KEY("Cilium.*fromEndpoints.*reserved:.*"),
  EXPRESSION_IN(".*Endpoints.*operator=In"),
  EXPRESSION_NOT_IN(".*Endpoints.*operator=NotIn"),
  EXPRESSION_EXISTS(".*Endpoints.*operator=Exists"),
  EXPRESSION_DOES_NOT_EXIST(".*Endpoints.*operator=DoesNotExist"),
  ENTITY_WORLD(".*fromEntities\\[]=world"),
  ENTITY_CLUSTER(".*fromEntities\\[]=cluster"),
  ENTITY_HOST(".*toEntities\\[]=host"),
  ENTITY_REMOTE_NODE(".*fromEntities\\[]=remote-node"),
  ENTITY_ALL(".*toEntities\\[]=all"),
  ENTITY_NONE(".*Entities\\[]=none"),
  FROM_CIDR(".*ingress\\[]\\.fromCIDR\\[]=.*"),
  TO_CIDR(".*egress\\[]\\.toCIDR\\[]=.*"),
  CIDR_SET(".*CIDRSet\\[]\\.cidr=.*"),
  CIDR_SET_EXCEPT(".*CIDRSet\\[]\\.except\\[]=.*"),
  GROUP_BY_NAME(".*cidrGroupRef=.*"),
  GROUP_BY_SELECTOR(".*cidrGroupSelector.*"),
  SERVICE_BY_NAME(".*egress\\[]\\.toServices.*k8sService\\.serviceName=.*"),
  SERVICE_BY_SELECTOR(".*egress\\[]\\.toServices.*k8sServiceSelector.*"),
  EGRESS_DENY_OF_SERVICE(".*egressDeny\\[]\\.toServices.*"),
  PORT_NUMBER("Cilium.*toPorts\\[]\\.ports\\[]\\.port=[1-9][0-9]*"),
  PORT_RANGE("Cilium.*toPorts\\[]\\.ports\\[]\\.endPort=.*"),
  PORT_ZERO("Cilium.*toPorts\\[]\\.ports\\[]\\.port=0"),
  PORT_NAME_IN_INGRESS("Cilium.*ingress\\[]\\.toPorts.*port=[a-zA-Z]+"),
  PORT_NAME_IN_EGRESS("Cilium.*egress\\[]\\.toPorts.*port=[a-zA-Z]+"),
  PROTOCOL_ANY("Cilium.*protocol=ANY"),
  PROTOCOL_TCP("Cilium.*protocol=TCP"),
  PROTOCOL_UDP("Cilium.*protocol=UDP"),
  PROTOCOL_SCTP("Cilium.*protocol=SCTP"),
  ICMP_BY_TYPE(".*icmps\\[]\\.fields\\[]\\.type=[0-9]+"),
  ICMP_BY_NAME(".*icmps\\[]\\.fields\\[]\\.type=[A-Z].*"),
  INGRESS_DENY_OF_ENDPOINTS(".*ingressDeny\\[]\\.fromEndpoints.*"),
  INGRESS_DENY_OF_ENTITIES(".*ingressDeny\\[]\\.fromEntities.*"),
  INGRESS_DENY_OF_CIDR(".*ingressDeny\\[]\\.fromCIDR\\[].*"),
  INGRESS_DENY_OF_GROUP(".*ingressDeny\\[]\\.fromCIDRSet\\[]\\.cidrGroup.*"),
  INGRESS_DENY_OF_PORTS(".*ingressDeny\\[]\\.toPorts.*"),
  INGRESS_DENY_OF_ICMP(".*ingressDeny\\[]\\.icmps.*"),
  EGRESS_DENY_OF_ENDPOINTS(".*egressDeny\\[]\\.toEndpoints.*"),
  EGRESS_DENY_OF_ENTITIES(".*egressDeny\\[]\\.toEntities.*"),
  EGRESS_DENY_OF_CIDR(".*egressDeny\\[]\\.toCIDR.*"),
  EGRESS_DENY_OF_PORTS(".*egressDeny\\[]\\.toPorts.*"),
  EGRESS_DENY_OF_ICMP(".*egressDeny\\[]\\.icmps.*"),
  DEFAULT_DENY_OFF(".*enableDefaultDeny\\.\\w+=false"),
  DEFAULT_DENY_ON(".*enableDefaultDeny\\.\\w+=true"),
  EMPTY_RULE("Cilium.*\\.(in|e)gress\\[]=\\{}"),
  EMPTY_RULES("Cilium.*\\.(in|e)gress=\\[]"),
  EMPTY_PEERS("Cilium.*\\.(from|to)Endpoints=\\[]"),
  EMPTY_TO_PORTS("Cilium.*\\.toPorts=\\[]"),
  NO_PORTS_IN_TO_PORTS("Cilium.*\\.toPorts\\[]\\.ports=\\[]"),
  SEVERAL_SPECS("Cilium\\w+\\.specs\\[].*"),
  CLUSTERWIDE("CiliumClusterwideNetworkPolicy\\.spec\\.ingress.*"),
  CLUSTERWIDE_DENY("CiliumClusterwideNetworkPolicy\\.spec\\.ingressDeny.*"),
  CLUSTERWIDE_PEERS("CiliumClusterwideNetworkPolicy.*fromEndpoints\\[]=\\{}"),
  NP_EVERY_POD("NetworkPolicy\\.spec\\.podSelector=\\{}"),
  NP_POD_SELECTOR("NetworkPolicy\\.spec\\.ingress\\[]\\.from\\[]\\.podSelector.*=.*"),
  NP_EXPRESSION("NetworkPolicy.*podSelector\\.matchExpressions.*"),
  NP_NAMESPACE_SELECTOR("NetworkPolicy.*from\\[]\\.namespaceSelector\\.matchLabels.*"),
  NP_EVERY_NAMESPACE("NetworkPolicy.*from\\[]\\.namespaceSelector=\\{}"),
  NP_EGRESS("NetworkPolicy\\.spec\\.egress\\[]\\.to\\[].*"),
  NP_IP_BLOCK("NetworkPolicy.*ipBlock\\.cidr=.*"),
  NP_EXCEPT("NetworkPolicy.*ipBlock\\.except\\[]=.*"),
  NP_PORT("NetworkPolicy\\..*ports\\[]\\.port=[0-9]+"),
  NP_PORT_RANGE("NetworkPolicy\\..*ports\\[]\\.endPort=.*"),
  NP_PORT_NAME("NetworkPolicy\\..*ports\\[]\\.port=[a-z]+"),
  NP_PROTOCOL_SCTP("NetworkPolicy\\..*protocol=SCTP"),
  NP_POLICY_TYPES_INGRESS("NetworkPolicy\\.spec\\.policyTypes\\[]=Ingress"),
  NP_POLICY_TYPES_EGRESS("NetworkPolicy\\.spec\\.policyTypes\\[]=Egress"),
  NP_EMPTY_RULE("NetworkPolicy\\.spec\\.ingress\\[]=\\{}"),
  NP_EMPTY_FROM("NetworkPolicy\\.spec\\.ingress\\[]\\.from=\\[]");

  private final Pattern line;

  PolicyConstruct(String line) {
    this.line = Pattern.compile(line);
  }

  /** Whether an object is written with it. */
  boolean isIn(Map<String, ?> object) {
    return lines(object).stream().anyMatch(each -> line.matcher(each).matches());
  }

  private static List<String> lines(Map<String, ?> object) {
    var lines = new ArrayList<String>();
    for (var spec : List.of("spec", "specs")) {
      if (object.containsKey(spec)) {
        add(object.get("kind") + "." + spec, object.get(spec), lines);
      }
    }
    return lines;
  }

  private static void add(String path, @Nullable Object value, List<String> lines) {
    switch (value) {
      case Map<?, ?> map when !map.isEmpty() ->
          map.forEach((key, member) -> add(path + "." + key, member, lines));
      case List<?> list when !list.isEmpty() ->
          list.forEach(element -> add(path + "[]", element, lines));
      case null -> lines.add(path + "=null");
      default -> lines.add(path + "=" + value);
    }
  }
}
