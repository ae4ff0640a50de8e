package io.ovenet.kubernetes;

import java.net.InetAddress;
import java.util.List;

/**
 * What answers for a service at one address.
 *
 * @param ready whether it takes new connections
 * @param serving whether it answers, also while it ends
 * @param terminating whether it has been told to end
 * @param node it runs on; empty if not said
 * @param zone of that node; empty if not said
 * @param hintZones whose clients should have it; empty: no hint
 * @param hintNodes whose clients should have it; empty: no hint
 * @param targetKind usually Pod; empty: nothing of the cluster
 * @param target name of that object
 * @param targetUid tells apart whoever has the address one after the other; empty if not said
 */
public record SliceEndpoint(
    InetAddress address,
    boolean ready,
    boolean serving,
    boolean terminating,
    String node,
    String zone,
    List<String> hintZones,
    List<String> hintNodes,
    String targetKind,
    String target,
    String targetUid) {
  public SliceEndpoint {
    hintZones = List.copyOf(hintZones);
    hintNodes = List.copyOf(hintNodes);
  }
}
