package io.ovenet.datapath;

import org.jspecify.annotations.Nullable;

/** {@code enum drop_detail}: what a drop reason leaves open. */
public enum DropDetail {
  NONE(0),
  /** Not served yet. */
  IPV6(1),
  /** Asked for another address than the gateway's. */
  ARP(2),
  ETHER_TYPE(3),
  TRUNCATED(4),
  IP_VERSION(5),
  IP_HEADER_LENGTH(6),
  IP_TOTAL_LENGTH(7),
  IP_CHECKSUM(8),
  TCP_HEADER_LENGTH(9),
  UDP_LENGTH(10),
  /** An ICMP error whose inner packet is not what it should be. */
  ICMP_INNER(11),
  /** An ICMP error or reply without its connection. */
  ICMP_UNRELATED(12),
  /** The peer's identity is not in class_map. */
  NO_CLASS(13),
  /** The endpoint has no policy yet. */
  NO_POLICY(14),
  /** The node's own address as the source, from elsewhere. */
  CLAIMS_HOST(15),
  /** An endpoint's address as the source, from elsewhere. */
  CLAIMS_ENDPOINT(16),
  /** Redirection to a proxy that there is not. */
  PROXY(17),
  /** Not sent to the gateway's MAC address. */
  NOT_TO_GATEWAY(18),
  /** Through the overlay from who is no node of the cluster. */
  NOT_A_NODE(19),
  /** The address of a pod that is behind another node as the source. */
  CLAIMS_POD(20),
  /** A node's address as the source, from elsewhere. */
  CLAIMS_NODE(21),
  /** Through the overlay with an identity that no node sends for a pod. */
  HEADER(22),
  /** To each backend of the service that was tried the client has a connection, by another way. */
  SERVICE_TAKEN(23),
  /** To a backend, within a connection that came by a service. */
  SERVICE_PAST(24);

  private final int number;

  DropDetail(int number) {
    this.number = number;
  }

  public int number() {
    return number;
  }

  /** Null for a number that none has. */
  public static @Nullable DropDetail of(int number) {
    for (var value : values()) {
      if (value.number == number) {
        return value;
      }
    }
    return null;
  }
}
