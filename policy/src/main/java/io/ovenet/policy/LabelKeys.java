package io.ovenet.policy;

/** Keys of labels that Kubernetes or the agent give, without source. */
public final class LabelKeys {
  /** The namespace of a pod. */
  public static final String NAMESPACE = "io.kubernetes.pod.namespace";

  /** Before each label of the pod's namespace. */
  public static final String NAMESPACE_LABELS = "io.cilium.k8s.namespace.labels.";

  public static final String CLUSTER = "io.cilium.k8s.policy.cluster";
  public static final String SERVICE_ACCOUNT = "io.cilium.k8s.policy.serviceaccount";

  /** Name of a virtual machine's instance, on its virt-launcher pod. */
  public static final String VM_NAME = "vm.kubevirt.io/name";

  /** Name of a node's machine, which kubelets put on their Node. */
  public static final String HOSTNAME = "kubernetes.io/hostname";

  private LabelKeys() {}
}
