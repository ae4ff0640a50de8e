package io.ovenet.flow;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What the numbers in the kernel's records mean at one moment. Asked for each event by the thread
 * that drains the ring, so an implementation neither blocks nor computes: it is an immutable
 * snapshot, or reads concurrent maps.
 *
 * <p>Addresses are 16 bytes as two big-endian numbers, IPv4 as ::ffff:a.b.c.d. Times are
 * nanoseconds of CLOCK_MONOTONIC, as the kernel's records have them.
 */
public interface FlowNames {
  String clusterName();

  String nodeName();

  /** The endpoint of this node that had the id at that time, or null. */
  @Nullable FlowEndpoint endpoint(int id, long time);

  /** The pod or node, here or elsewhere, that had the address at that time, or null. */
  @Nullable FlowEndpoint address(int network, long high, long low, long time);

  /** Whoever has the identity, by labels alone, or null where it is not known. */
  @Nullable FlowEndpoint identity(int identity);

  /** Names that were resolved to the address; empty where none were. */
  List<String> dnsNames(int network, long high, long low);

  /** The rule's origin, or null where the id means nothing any more. */
  @Nullable RuleOrigin rule(int id);

  /** The service, {@code namespace/name}, of a frontend's number; null where it is not known. */
  @Nullable String service(int number);

  /** Empty where it is not known. */
  String interfaceName(int ifindex);

  /**
   * One end of a packet or of a connection, as of a moment.
   *
   * @param id of the endpoint of this node, or 0
   * @param identity by which it was decided; another one than the endpoint has now stands
   * @param addressed whether the address is the end's own, and may name it
   */
  default FlowEndpoint end(
      long time, int id, int identity, boolean addressed, int network, long high, long low) {
    FlowEndpoint named = id == 0 ? null : endpoint(id, time);
    if (named == null && addressed) {
      named = address(network, high, low, time);
    }
    if (named != null && (named.identity() == identity || identity == 0)) {
      return named;
    }
    FlowEndpoint bare = identity(identity);
    if (named != null) {
      // Relabelled since, or not known to be so far: what decided is the event's identity.
      return named.withIdentity(identity, bare == null ? FlowLabels.NONE : bare.labels());
    }
    if (bare == null) {
      return identity == 0
          ? FlowEndpoint.UNKNOWN
          : FlowEndpoint.identity(identity, FlowLabels.NONE);
    }
    return bare;
  }
}
