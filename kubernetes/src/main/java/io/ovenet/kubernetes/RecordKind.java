package io.ovenet.kubernetes;

import java.util.function.Function;

/**
 * A kind of API object that is watched.
 *
 * @param apiPath of the group and version, such as {@code /api/v1}
 * @param plural name of the resource
 * @param reader makes the record; throws {@link IllegalArgumentException} for an object that cannot
 *     be what it says it is
 */
public record RecordKind<R extends KubernetesRecord>(
    String apiPath, String plural, String kind, Function<JsonObject, R> reader) {
  public static final String CILIUM = "/apis/cilium.io/v2";

  public static final RecordKind<PodRecord> PODS =
      new RecordKind<>("/api/v1", "pods", "Pod", CoreRecords::pod);
  public static final RecordKind<NamespaceRecord> NAMESPACES =
      new RecordKind<>("/api/v1", "namespaces", "Namespace", CoreRecords::namespace);
  public static final RecordKind<NodeRecord> NODES =
      new RecordKind<>("/api/v1", "nodes", "Node", CoreRecords::node);
  public static final RecordKind<ServiceRecord> SERVICES =
      new RecordKind<>("/api/v1", "services", "Service", ServiceRecords::service);
  public static final RecordKind<EndpointSliceRecord> ENDPOINT_SLICES =
      new RecordKind<>(
          "/apis/discovery.k8s.io/v1",
          "endpointslices",
          "EndpointSlice",
          EndpointSliceRecords::slice);
  public static final RecordKind<PolicyRecord> NETWORK_POLICIES =
      policies("/apis/networking.k8s.io/v1", "networkpolicies", "NetworkPolicy");
  public static final RecordKind<PolicyRecord> CILIUM_NETWORK_POLICIES =
      policies(CILIUM, "ciliumnetworkpolicies", "CiliumNetworkPolicy");
  public static final RecordKind<PolicyRecord> CILIUM_CLUSTERWIDE_NETWORK_POLICIES =
      policies(CILIUM, "ciliumclusterwidenetworkpolicies", "CiliumClusterwideNetworkPolicy");
  public static final RecordKind<CiliumNodeRecord> CILIUM_NODES =
      new RecordKind<>(CILIUM, "ciliumnodes", "CiliumNode", CiliumRecords::node);
  public static final RecordKind<IdentityRecord> CILIUM_IDENTITIES =
      new RecordKind<>(CILIUM, "ciliumidentities", "CiliumIdentity", CiliumRecords::identity);
  public static final RecordKind<CiliumEndpointRecord> CILIUM_ENDPOINTS =
      new RecordKind<>(CILIUM, "ciliumendpoints", "CiliumEndpoint", CiliumRecords::endpoint);

  public static final RecordKind<CiliumEndpointSliceRecord> CILIUM_ENDPOINT_SLICES =
      new RecordKind<>(
          "/apis/cilium.io/v2alpha1",
          "ciliumendpointslices",
          "CiliumEndpointSlice",
          CiliumEndpointSliceRecord::read);

  public static final RecordKind<CidrGroupRecord> CILIUM_CIDR_GROUPS =
      new RecordKind<>(CILIUM, "ciliumcidrgroups", "CiliumCIDRGroup", CiliumRecords::cidrGroup);

  public static final RecordKind<LoadBalancerPoolRecord> LOAD_BALANCER_POOLS =
      new RecordKind<>(
          CILIUM, "ciliumloadbalancerippools", "CiliumLoadBalancerIPPool", ServiceRecords::pool);

  public static final RecordKind<L2AnnouncementPolicyRecord> L2_ANNOUNCEMENT_POLICIES =
      new RecordKind<>(
          "/apis/cilium.io/v2alpha1",
          "ciliuml2announcementpolicies",
          "CiliumL2AnnouncementPolicy",
          L2AnnouncementPolicyRecord::read);

  public static final RecordKind<LocalRedirectPolicyRecord> LOCAL_REDIRECT_POLICIES =
      new RecordKind<>(
          CILIUM,
          "ciliumlocalredirectpolicies",
          "CiliumLocalRedirectPolicy",
          LocalRedirectPolicyRecord::read);

  private static RecordKind<PolicyRecord> policies(String apiPath, String plural, String kind) {
    return new RecordKind<>(apiPath, plural, kind, object -> CiliumRecords.policy(kind, object));
  }

  /** Path of all objects of the kind, in all namespaces. */
  public String collectionPath() {
    return apiPath + "/" + plural;
  }

  /** Path of one object; {@code namespace} is empty for kinds of the whole cluster. */
  public String path(String namespace, String name) {
    return namespace.isEmpty()
        ? collectionPath() + "/" + name
        : apiPath + "/namespaces/" + namespace + "/" + plural + "/" + name;
  }

  @Override
  public String toString() {
    return plural;
  }
}
