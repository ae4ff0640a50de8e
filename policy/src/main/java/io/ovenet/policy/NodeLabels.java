package io.ovenet.policy;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * The labels by which policies know nodes and API servers (cilium pkg/node/manager, pkg/ipcache):
 * of another node {@code reserved:remote-node}, its Node object's labels with the source {@code
 * node}, and its cluster; of an API server {@code reserved:kube-apiserver} besides what its address
 * is.
 */
public final class NodeLabels {
  private static final Label API_SERVER =
      Label.reserved(ReservedIdentity.KUBE_APISERVER.labelName());

  private NodeLabels() {}

  /**
   * Of another node.
   *
   * @param written the Node object's own
   * @param apiServer whether an API server answers at the address
   */
  public static Labels ofRemote(Map<String, String> written, String cluster, boolean apiServer) {
    List<Label> labels = new ArrayList<>();
    written.forEach((key, value) -> labels.add(new Label(Label.NODE, key, value)));
    labels.add(Label.k8s(LabelKeys.CLUSTER, cluster));
    labels.addAll(identityOf(apiServer).labels().asList());
    return Labels.of(labels);
  }

  /** The identity of another node's address. */
  public static ReservedIdentity identityOf(boolean apiServer) {
    return apiServer ? ReservedIdentity.KUBE_APISERVER : ReservedIdentity.REMOTE_NODE;
  }

  /** Of the local host when an API server answers at one of its addresses. */
  public static Labels ofHostWithApiServer() {
    return Labels.of(Label.reserved(ReservedIdentity.HOST.labelName()), API_SERVER);
  }

  /** Of an API server's address outside the cluster, which is part of the world as well. */
  public static Labels ofOutsideApiServer(Cidr address) {
    return Labels.of(
        new Label(Label.CIDR, address.toString(), ""),
        Label.reserved(
            (address.ipv6() ? ReservedIdentity.WORLD_IPV6 : ReservedIdentity.WORLD).labelName()),
        API_SERVER);
  }
}
