package io.ovenet.lab.api;

import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.Endpoints;
import io.fabric8.kubernetes.api.model.Event;
import io.fabric8.kubernetes.api.model.Namespace;
import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.Secret;
import io.fabric8.kubernetes.api.model.Service;
import io.fabric8.kubernetes.api.model.ServiceAccount;
import io.fabric8.kubernetes.api.model.apiextensions.v1.CustomResourceDefinition;
import io.fabric8.kubernetes.api.model.apps.DaemonSet;
import io.fabric8.kubernetes.api.model.apps.Deployment;
import io.fabric8.kubernetes.api.model.apps.ReplicaSet;
import io.fabric8.kubernetes.api.model.apps.StatefulSet;
import io.fabric8.kubernetes.api.model.coordination.v1.Lease;
import io.fabric8.kubernetes.api.model.discovery.v1.EndpointSlice;
import io.fabric8.kubernetes.api.model.networking.v1.NetworkPolicy;
import io.fabric8.kubernetes.api.model.rbac.ClusterRole;
import io.fabric8.kubernetes.api.model.rbac.ClusterRoleBinding;
import io.fabric8.kubernetes.api.model.rbac.Role;
import io.fabric8.kubernetes.api.model.rbac.RoleBinding;
import java.util.ArrayList;
import java.util.List;

/** The kinds that are there without a CustomResourceDefinition. */
final class BuiltIns {
  static final String EXTENSIONS = "apiextensions.k8s.io";

  private final BuiltInSchemas schemas;
  private final List<Resource> resources = new ArrayList<>();

  private BuiltIns(BuiltInSchemas schemas) {
    this.schemas = schemas;
  }

  static List<Resource> resources(BuiltInSchemas schemas) {
    BuiltIns all = new BuiltIns(schemas);
    all.core();
    all.groups();
    return List.copyOf(all.resources);
  }

  private void core() {
    add("", "v1", "Namespace", "namespaces", Namespace.class, false, true, "ns");
    add("", "v1", "Node", "nodes", Node.class, false, true, "no");
    add("", "v1", "Pod", "pods", Pod.class, true, true, "po");
    add("", "v1", "Service", "services", Service.class, true, true, "svc");
    add("", "v1", "Endpoints", "endpoints", Endpoints.class, true, false, "ep");
    add("", "v1", "ConfigMap", "configmaps", ConfigMap.class, true, false, "cm");
    add("", "v1", "Secret", "secrets", Secret.class, true, false);
    add("", "v1", "ServiceAccount", "serviceaccounts", ServiceAccount.class, true, false, "sa");
    add("", "v1", "Event", "events", Event.class, true, false, "ev");
  }

  private void groups() {
    add("apps", "v1", "Deployment", "deployments", Deployment.class, true, true, "deploy");
    add("apps", "v1", "DaemonSet", "daemonsets", DaemonSet.class, true, true, "ds");
    add("apps", "v1", "ReplicaSet", "replicasets", ReplicaSet.class, true, true, "rs");
    add("apps", "v1", "StatefulSet", "statefulsets", StatefulSet.class, true, true, "sts");
    add("coordination.k8s.io", "v1", "Lease", "leases", Lease.class, true, false);
    String discovery = "discovery.k8s.io";
    add(discovery, "v1", "EndpointSlice", "endpointslices", EndpointSlice.class, true, false);
    add(
        "networking.k8s.io",
        "v1",
        "NetworkPolicy",
        "networkpolicies",
        NetworkPolicy.class,
        true,
        false,
        "netpol");
    String rbac = "rbac.authorization.k8s.io";
    add(rbac, "v1", "ClusterRole", "clusterroles", ClusterRole.class, false, false);
    add(
        rbac,
        "v1",
        "ClusterRoleBinding",
        "clusterrolebindings",
        ClusterRoleBinding.class,
        false,
        false);
    add(rbac, "v1", "Role", "roles", Role.class, true, false);
    add(rbac, "v1", "RoleBinding", "rolebindings", RoleBinding.class, true, false);
    add(
        EXTENSIONS,
        "v1",
        "CustomResourceDefinition",
        "customresourcedefinitions",
        CustomResourceDefinition.class,
        false,
        true,
        "crd",
        "crds");
  }

  private void add(
      String group,
      String version,
      String kind,
      String plural,
      Class<?> type,
      boolean namespaced,
      boolean status,
      String... shortNames) {
    boolean inAll =
        List.of("pods", "services", "deployments", "daemonsets", "replicasets", "statefulsets")
            .contains(plural);
    boolean api = kind.equals("CustomResourceDefinition");
    resources.add(
        new Resource(
            group,
            version,
            kind,
            kind + "List",
            plural,
            kind.toLowerCase(java.util.Locale.ROOT),
            List.of(shortNames),
            inAll ? List.of("all") : api ? List.of("api-extensions") : List.of(),
            namespaced,
            status,
            false,
            version,
            List.of(),
            schemas.of(type, group, version, kind)));
  }
}
