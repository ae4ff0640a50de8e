package io.ovenet.kubernetes;

/** An immutable picture of one API object at one resource version. */
public sealed interface KubernetesRecord
    permits CidrGroupRecord,
        CiliumEndpointRecord,
        CiliumEndpointSliceRecord,
        CiliumNodeRecord,
        EndpointSliceRecord,
        IdentityRecord,
        L2AnnouncementPolicyRecord,
        LoadBalancerPoolRecord,
        LocalRedirectPolicyRecord,
        NamespaceRecord,
        NodeRecord,
        PodRecord,
        PolicyRecord,
        ServiceRecord {
  ObjectKey key();
}
